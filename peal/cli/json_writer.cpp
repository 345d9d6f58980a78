#include "peal/cli/json_writer.hpp"

#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace peal::cli {

void JsonWriter::new_line(std::size_t tabs) {
  if (pretty_) {
    text_ += '\n';
    text_.append(tabs, '\t');
  }
}

void JsonWriter::before_value() {
  if (is_after_key_) {
    is_after_key_ = false;
    return;
  }
  if (!is_first_ && !open_.empty()) {
    text_ += pretty_ ? ", " : ",";
  }
  is_first_ = false;
}

void JsonWriter::begin_object() {
  before_value();
  text_ += '{';
  open_ += '{';
  is_first_ = true;
}

void JsonWriter::end_object() {
  open_.pop_back();
  new_line(open_.size());
  text_ += '}';
  is_first_ = false;
}

void JsonWriter::begin_array() {
  before_value();
  text_ += '[';
  open_ += '[';
  is_first_ = true;
}

void JsonWriter::end_array() {
  open_.pop_back();
  text_ += ']';
  is_first_ = false;
}

void JsonWriter::key(std::string_view name) {
  if (!is_first_) {
    text_ += ',';
  }
  is_first_ = false;
  new_line(open_.size());
  quoted(name);
  text_ += pretty_ ? ":\t" : ":";
  is_after_key_ = true;
}

void JsonWriter::string(std::string_view value) {
  before_value();
  quoted(value);
}

void JsonWriter::word(std::string_view value) {
  before_value();
  text_ += value;
}

void JsonWriter::number(double value) {
  before_value();
  if (!std::isfinite(value)) {
    text_ += "null";
    return;
  }
  // Fifteen digits say most numbers as they were typed; the others need all seventeen.
  std::array<char, 40> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%1.15g", value);
  if (std::strtod(buffer.data(), nullptr) != value) {
    std::snprintf(buffer.data(), buffer.size(), "%1.17g", value);
  }
  text_ += buffer.data();
}

void JsonWriter::quoted(std::string_view value) {
  constexpr std::string_view special = "\"\\\b\f\n\r\t";
  constexpr std::string_view letters = "\"\\bfnrt";
  text_ += '"';
  for (const char c : value) {
    if (const std::size_t at = special.find(c); at != std::string_view::npos) {
      text_ += '\\';
      text_ += letters[at];
    } else if (static_cast<unsigned char>(c) < 0x20) {
      std::array<char, 8> buffer{};
      std::snprintf(buffer.data(), buffer.size(), "\\u%04x", static_cast<unsigned>(c));
      text_ += buffer.data();
    } else {
      text_ += c;
    }
  }
  text_ += '"';
}

}  // namespace peal::cli
