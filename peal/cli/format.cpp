#include "peal/cli/format.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

#include "peal/cli/message_json.hpp"

namespace peal::cli {
namespace {

using mqtt::PropertyId;

constexpr std::string_view percent_codes = "%ACDEFIlmPpqRSrtjJUxX";

struct Escape {
  char letter;
  char value;
};

constexpr std::array escapes{
    Escape{'\\', '\\'}, Escape{'0', '\0'}, Escape{'a', '\a'}, Escape{'e', '\033'},
    Escape{'n', '\n'},  Escape{'r', '\r'}, Escape{'t', '\t'}, Escape{'v', '\v'},
};

const Escape* find_escape(char letter) {
  const auto* found = std::ranges::find(escapes, letter, &Escape::letter);
  return found == escapes.end() ? nullptr : found;
}

/// What may stand between '%' and the code: "-" or "0", a width, "." and the most to print.
struct Field {
  bool left = false;
  char pad = ' ';
  std::size_t width = 0;
  std::optional<std::size_t> limit;
};

/// Reads digits at `at`; stops before the last character, which is a code.
std::size_t read_number(std::string_view format, std::size_t& at) {
  constexpr std::size_t most = 100'000;  // nobody has a wider screen
  std::size_t value = 0;
  while (at + 1 < format.size() && format[at] >= '0' && format[at] <= '9') {
    value = std::min(most, value * 10 + static_cast<std::size_t>(format[at] - '0'));
    ++at;
  }
  return value;
}

/// Reads the field description at `at`, which afterwards stands on the code.
Field read_field(std::string_view format, std::size_t& at) {
  Field field;
  const auto take = [&](char c) {
    const bool is_there = at + 1 < format.size() && format[at] == c;
    at += is_there ? 1 : 0;
    return is_there;
  };
  field.left = take('-');
  field.pad = take('0') ? '0' : ' ';
  field.width = read_number(format, at);
  if (take('.')) {
    field.limit = read_number(format, at);
  }
  return field;
}

std::string padded(std::string text, const Field& field, char pad) {
  if (text.size() >= field.width) {
    return text;
  }
  const std::size_t missing = field.width - text.size();
  return field.left ? text + std::string(missing, ' ') : std::string(missing, pad) + text;
}

std::string as_text_field(std::string_view text, const Field& field) {
  return padded(std::string(text.substr(0, field.limit.value_or(text.size()))), field, ' ');
}

std::string as_number_field(std::uint32_t value, const Field& field) {
  return padded(std::to_string(value), field, field.pad);
}

/// The payload is cut at the width, not at the limit.
std::string as_payload_field(Bytes payload, const Field& field) {
  const std::size_t size =
      field.width == 0 ? payload.size() : std::min(payload.size(), field.width);
  return padded(std::string(as_text(payload.first(size))), field, field.pad);
}

/// With a width only half of the bytes are printed, cut at the width or not: what mosquitto_sub
/// does, and what scripts that use it expect.
std::string as_hex_field(Bytes payload, const Field& field, bool is_upper) {
  const std::string_view digits = is_upper ? "0123456789ABCDEF" : "0123456789abcdef";
  const std::size_t size =
      field.width == 0 ? payload.size() : std::min(payload.size(), field.width) / 2;
  std::string text;
  text.reserve(size * 2);
  for (const std::uint8_t byte : payload.first(size)) {
    text += digits[byte >> 4];
    text += digits[byte & 0xF];
  }
  return padded(std::move(text), field, field.pad);
}

std::string number_property(const mqtt::Publish& message, PropertyId id, const Field& field) {
  const auto value = message.properties.number(id);
  return value.has_value() ? as_number_field(*value, field) : std::string(field.width, field.pad);
}

std::string user_properties(const mqtt::Publish& message) {
  std::string text;
  for (const mqtt::Property& property : message.properties) {
    if (property.id == PropertyId::user_property) {
      text.append(text.empty() ? "" : " ").append(property.text).append(":").append(property.value);
    }
  }
  return text;
}

std::string strftime_text(const char* format, PrintTime time) {
  std::tm local{};
  localtime_r(&time.seconds, &local);
  std::array<char, 100> buffer{};
  return {buffer.data(), std::strftime(buffer.data(), buffer.size(), format, &local)};
}

std::string nanoseconds_text(PrintTime time) {
  std::array<char, 16> buffer{};
  const int size = std::snprintf(buffer.data(), buffer.size(), "%09ld", time.nanoseconds);
  return {buffer.data(), static_cast<std::size_t>(size)};
}

std::string time_code(char code, PrintTime time) {
  if (code == '@') {
    return "@";
  }
  if (code == 'N') {
    return nanoseconds_text(time);
  }
  const std::array<char, 3> format{'%', code, '\0'};
  return strftime_text(format.data(), time);
}

struct Printer {
  const mqtt::Publish& message;
  PrintTime time;
  bool pretty;
  std::string& problem;

  std::string json(bool is_payload_json) const {
    auto text = is_payload_json ? message_with_json_payload(message, time, pretty)
                                : std::optional(message_as_json(message, time, pretty));
    if (!text.has_value()) {
      problem = "Error: Message payload is not valid JSON on topic " +
                std::string(message.topic.text()) + ".";
    }
    return text.value_or("");
  }

  std::string percent(char code, const Field& field) const {
    switch (code) {
      case '%':
        return "%";
      case 'I':
        return as_text_field(strftime_text("%FT%T%z", time), field);
      case 'j':
        return json(false);
      case 'J':
        return json(true);
      case 'l':
        return as_number_field(static_cast<std::uint32_t>(message.payload.size()), field);
      case 'm':
        return as_number_field(static_cast<std::uint16_t>(message.packet_id), field);
      case 'p':
        return as_payload_field(message.payload, field);
      case 'q':
        return std::to_string(static_cast<int>(message.qos));
      case 'r':
        return message.retain ? "1" : "0";
      case 't':
        return as_text_field(message.topic.text(), field);
      case 'U':
        return std::to_string(time.seconds) + "." + nanoseconds_text(time);
      case 'x':
        return as_hex_field(message.payload, field, false);
      case 'X':
        return as_hex_field(message.payload, field, true);
      default:
        return property(code, field);
    }
  }

  std::string property(char code, const Field& field) const {
    const mqtt::PropertiesView& properties = message.properties;
    switch (code) {
      case 'A':
        return number_property(message, PropertyId::topic_alias, field);
      case 'C':
        return as_text_field(properties.text(PropertyId::content_type).value_or(""), field);
      case 'D':
        return std::string(properties.text(PropertyId::correlation_data).value_or(""));
      case 'E':
        return number_property(message, PropertyId::message_expiry_interval, field);
      case 'F':
        return number_property(message, PropertyId::payload_format_indicator, field);
      case 'P':
        return user_properties(message);
      case 'R': {
        const auto topic = properties.text(PropertyId::response_topic);
        return topic.has_value() ? as_text_field(*topic, field) : "";
      }
      case 'S':
        return number_property(message, PropertyId::subscription_identifier, field);
      default:
        return "";
    }
  }
};

/// Checks the sequence that begins with the '%' at `at`, and leaves `at` on its last character.
std::optional<std::string> percent_problem(std::string_view format, std::size_t& at) {
  const std::size_t first = at + 1;
  if (first < format.size() && (format[first] == '0' || format[first] == '-')) {
    ++at;
  }
  const auto skip_digits = [&] {
    while (at + 1 < format.size() && format[at + 1] >= '0' && format[at + 1] <= '9') {
      ++at;
    }
  };
  skip_digits();
  if (at + 1 < format.size() && format[at + 1] == '.') {
    ++at;
    skip_digits();
  }
  if (at + 1 >= format.size()) {
    return "Error: Incomplete format specifier.";
  }
  ++at;
  if (percent_codes.find(format[at]) == std::string_view::npos) {
    return std::string("Error: Invalid format specifier '") + format[at] + "'.";
  }
  return std::nullopt;
}

}  // namespace

PrintTime print_time_now() {
  std::timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return {now.tv_sec, now.tv_nsec};
}

std::optional<std::string> format_problem(std::string_view format) {
  for (std::size_t at = 0; at < format.size(); ++at) {
    const bool is_last = at + 1 == format.size();
    switch (format[at]) {
      case '%':
        if (auto problem = percent_problem(format, at)) {
          return problem;
        }
        break;
      case '@':
        if (is_last) {
          return "Error: Incomplete format specifier.";
        }
        ++at;
        break;
      case '\\':
        if (is_last) {
          return "Error: Incomplete escape specifier.";
        }
        ++at;
        if (find_escape(format[at]) == nullptr) {
          return std::string("Error: Invalid escape specifier '") + format[at] + "'.";
        }
        break;
      default:
        break;
    }
  }
  return std::nullopt;
}

std::string format_message(std::string_view format, const mqtt::Publish& message, PrintTime time,
                           bool pretty, std::string& problem) {
  const Printer printer{message, time, pretty, problem};
  std::string text;
  for (std::size_t at = 0; at < format.size(); ++at) {
    const char c = format[at];
    const bool is_sequence = (c == '%' || c == '@' || c == '\\') && at + 1 < format.size();
    if (!is_sequence) {
      text += c;
      continue;
    }
    ++at;
    if (c == '%') {
      const Field field = read_field(format, at);
      text += printer.percent(format[at], field);
    } else if (c == '@') {
      text += time_code(format[at], time);
    } else if (const Escape* escape = find_escape(format[at])) {
      text += escape->value;
    }
  }
  return text;
}

}  // namespace peal::cli
