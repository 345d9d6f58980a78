// One HTTP/1.1 request and its answer, as values. Enough for a WebSocket upgrade and a small page;
// every connection serves one request and is closed.
//
// The parser is Boost.Beast's behind limits of our own: 16 KiB and 64 lines of header (8 KiB for
// an upgrade), 64 KiB of body, no folded lines, no control characters, no transfer encodings.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "peal/base/bytes.hpp"

namespace peal::net {

struct HttpRequest {
  std::string method;  // "GET"
  std::string target;  // "/mqtt?x=1", as it was sent
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  /// The value of the first header called `name`, in any case; empty when there is none.
  [[nodiscard]] std::string_view header(std::string_view name) const;
  [[nodiscard]] bool has_header(std::string_view name) const;
  /// Whether the comma-separated values of all headers called `name` contain `token`, in any case.
  [[nodiscard]] bool header_has_token(std::string_view name, std::string_view token) const;
  /// The target without its query.
  [[nodiscard]] std::string_view path() const;
};

struct HttpAnswer {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  // besides those that always are there
};

inline constexpr std::size_t http_header_bytes_limit = 16'384;
inline constexpr std::size_t http_upgrade_bytes_limit = 8192;  // of a WebSocket upgrade
inline constexpr std::size_t http_header_lines_limit = 64;
inline constexpr std::size_t http_body_bytes_limit = std::size_t{64} * 1024;

/// What `parse_http_request` found.
struct HttpParse {
  enum class Status : unsigned char { need_more, complete, bad };
  Status status = Status::need_more;
  std::size_t bytes = 0;  // complete: how many the request took
  int answer_status = 0;  // bad: the status to answer with
  HttpRequest request;    // complete
};

/// Reads one whole request from the beginning of `bytes`; the caller keeps them until it is whole.
///
/// errors      bad, with 400, 411 (a transfer encoding), 413, 431 or 505.
/// cost        O(bytes).      threads   pure.
[[nodiscard]] HttpParse parse_http_request(Bytes bytes);

/// Whether `bytes` begin with the name of a method and a space.
/// `undecided`   set when there are too few bytes to tell.
[[nodiscard]] bool looks_like_http(Bytes bytes, bool& undecided);

/// The bytes of `answer`, with Content-Length and `Connection: close`; no Server header.
/// `with_body`   false for the answer to a HEAD request.
[[nodiscard]] std::string serialize(const HttpAnswer& answer, bool with_body = true);

/// Whether two texts are the same but for the case of ASCII letters.
[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b);

}  // namespace peal::net
