// The only file here that knows the JSON library; it is compiled into this file.
#include "peal/cli/json_text.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/src.hpp>
#include <string>

namespace peal::cli {
namespace {

namespace json = boost::json;

/// What the library calls while it parses.
struct Handler {
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

  explicit Handler(JsonWriter& writer) : out(writer) {}

  JsonWriter& out;
  std::string part;  // what came of a key or a string so far

  using Error = json::error_code;
  bool on_document_begin(Error&) { return true; }
  bool on_document_end(Error&) { return true; }
  bool on_object_begin(Error&) {
    out.begin_object();
    return true;
  }
  bool on_object_end(std::size_t, Error&) {
    out.end_object();
    return true;
  }
  bool on_array_begin(Error&) {
    out.begin_array();
    return true;
  }
  bool on_array_end(std::size_t, Error&) {
    out.end_array();
    return true;
  }
  bool on_key_part(json::string_view text, std::size_t, Error&) { return add(text); }
  bool on_key(json::string_view text, std::size_t, Error&) {
    add(text);
    out.key(part);
    part.clear();
    return true;
  }
  bool on_string_part(json::string_view text, std::size_t, Error&) { return add(text); }
  bool on_string(json::string_view text, std::size_t, Error&) {
    add(text);
    out.string(part);
    part.clear();
    return true;
  }
  bool on_number_part(json::string_view, Error&) { return true; }
  bool on_int64(std::int64_t value, json::string_view text, Error&) {
    return number(value == 0 && text.starts_with('-') ? -0.0 : static_cast<double>(value));
  }
  bool on_uint64(std::uint64_t value, json::string_view, Error&) {
    return number(static_cast<double>(value));
  }
  bool on_double(double value, json::string_view, Error&) { return number(value); }
  bool on_bool(bool value, Error&) {
    out.word(value ? "true" : "false");
    return true;
  }
  bool on_null(Error&) {
    out.word("null");
    return true;
  }
  bool on_comment_part(json::string_view, Error&) { return true; }
  bool on_comment(json::string_view, Error&) { return true; }

 private:
  bool add(json::string_view text) {
    part.append(text.data(), text.size());
    return true;
  }
  bool number(double value) {
    out.number(value);
    return true;
  }
};

}  // namespace

bool copy_json(std::string_view text, JsonWriter& out) {
  json::parse_options options;
  options.max_depth = 1000;
  options.allow_invalid_utf8 = true;
  json::basic_parser<Handler> parser(options, out);
  json::error_code error;
  const std::size_t used = parser.write_some(false, text.data(), text.size(), error);
  return !error && parser.done() && used == text.size();
}

}  // namespace peal::cli
