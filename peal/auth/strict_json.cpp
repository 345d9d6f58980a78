#include "peal/auth/strict_json.hpp"

#include <array>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>
#include <utility>
#include <vector>

namespace peal::auth {

namespace {

namespace json = boost::json;
using Failure = json::error_code;

constexpr std::array texts{
    std::pair{JsonError::too_long, std::string_view{"it is too long"}},
    std::pair{JsonError::too_deep, std::string_view{"it is nested too deep"}},
    std::pair{JsonError::no_json, std::string_view{"it is no JSON"}},
    std::pair{JsonError::member_twice, std::string_view{"an object in it has a member twice"}}};

/// Puts the value together out of what the parser sees. The names are its interface.
struct Builder {
  static constexpr std::size_t max_object_size = json::object::max_size();
  static constexpr std::size_t max_array_size = json::array::max_size();
  static constexpr std::size_t max_key_size = json::string::max_size();
  static constexpr std::size_t max_string_size = json::string::max_size();

  json::value_stack stack;
  std::size_t keys = 0;

  bool on_document_begin(Failure& /*failure*/) {
    stack.reset();
    return true;
  }
  static bool on_document_end(Failure& /*failure*/) { return true; }
  static bool on_object_begin(Failure& /*failure*/) { return true; }
  bool on_object_end(std::size_t size, Failure& /*failure*/) {
    stack.push_object(size);
    return true;
  }
  static bool on_array_begin(Failure& /*failure*/) { return true; }
  bool on_array_end(std::size_t size, Failure& /*failure*/) {
    stack.push_array(size);
    return true;
  }
  bool on_key_part(json::string_view part, std::size_t /*size*/, Failure& /*failure*/) {
    stack.push_chars(part);
    return true;
  }
  bool on_key(json::string_view part, std::size_t /*size*/, Failure& /*failure*/) {
    ++keys;
    stack.push_key(part);
    return true;
  }
  bool on_string_part(json::string_view part, std::size_t /*size*/, Failure& /*failure*/) {
    stack.push_chars(part);
    return true;
  }
  bool on_string(json::string_view part, std::size_t /*size*/, Failure& /*failure*/) {
    stack.push_string(part);
    return true;
  }
  static bool on_number_part(json::string_view /*part*/, Failure& /*failure*/) { return true; }
  bool on_int64(std::int64_t number, json::string_view /*text*/, Failure& /*failure*/) {
    stack.push_int64(number);
    return true;
  }
  bool on_uint64(std::uint64_t number, json::string_view /*text*/, Failure& /*failure*/) {
    stack.push_uint64(number);
    return true;
  }
  bool on_double(double number, json::string_view /*text*/, Failure& /*failure*/) {
    stack.push_double(number);
    return true;
  }
  bool on_bool(bool truth, Failure& /*failure*/) {
    stack.push_bool(truth);
    return true;
  }
  bool on_null(Failure& /*failure*/) {
    stack.push_null();
    return true;
  }
  static bool on_comment_part(json::string_view /*part*/, Failure& /*failure*/) { return true; }
  static bool on_comment(json::string_view /*part*/, Failure& /*failure*/) { return true; }
};

/// How many members all objects in it have: fewer than were read where one stood there twice, for
/// the later one takes the place of the earlier.
std::size_t count_members(const json::value& whole) {
  std::size_t members = 0;
  std::vector<const json::value*> open{&whole};
  while (!open.empty()) {
    const json::value* const value = open.back();
    open.pop_back();
    if (const json::object* object = value->if_object()) {
      members += object->size();
      for (const auto& member : *object) {
        open.push_back(&member.value());
      }
    } else if (const json::array* array = value->if_array()) {
      for (const json::value& element : *array) {
        open.push_back(&element);
      }
    }
  }
  return members;
}

}  // namespace

std::string_view text_of(JsonError error) {
  for (const auto& [known, text] : texts) {
    if (known == error) {
      return text;
    }
  }
  return {};
}

std::expected<json::value, JsonError> read_json(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.bytes) {
    return std::unexpected(JsonError::too_long);
  }
  json::parse_options options;
  options.max_depth = limits.depth;
  json::basic_parser<Builder> parser(options);
  Failure failure;
  const std::size_t read = parser.write_some(false, text.data(), text.size(), failure);
  if (failure == json::error::too_deep) {
    return std::unexpected(JsonError::too_deep);
  }
  if (failure || read != text.size()) {
    return std::unexpected(JsonError::no_json);
  }
  Builder& builder = parser.handler();
  json::value value = builder.stack.release();
  if (count_members(value) != builder.keys) {
    return std::unexpected(JsonError::member_twice);
  }
  return value;
}

}  // namespace peal::auth
