// JSON (RFC 8259) as it may be believed where rights hang on it: with limits of size and depth, and
// refused where an object has a member twice, of which one reader takes the first and the next one
// the last.
//
// For the sources of this layer alone: it brings Boost.JSON.
#pragma once

#include <boost/json/value.hpp>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <string_view>

namespace peal::auth {

enum class JsonError : std::uint8_t { too_long, too_deep, no_json, member_twice };

/// A clause for a person: "it is no JSON".
[[nodiscard]] std::string_view text_of(JsonError error);

struct JsonLimits {
  std::size_t bytes = 0;
  std::size_t depth = 16;  // objects and arrays within each other
};

/// Reads one value and nothing behind it but blanks: no comments, no commas at an end, no text that
/// is not UTF-8. A number beyond what a double holds is infinite.
///
/// cost   O(size).      threads   any.
[[nodiscard]] std::expected<boost::json::value, JsonError> read_json(std::string_view text,
                                                                     const JsonLimits& limits);

}  // namespace peal::auth
