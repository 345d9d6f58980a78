#include "peal/net/http.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <charconv>

#include "peal/base/trim.hpp"

namespace peal::net {
namespace {

namespace beast_http = boost::beast::http;

using Status = HttpParse::Status;

constexpr std::array<std::string_view, 9> methods{
    "GET ", "POST ", "HEAD ", "PUT ", "DELETE ", "OPTIONS ", "PATCH ", "TRACE ", "CONNECT "};

struct Reason {
  int status;
  std::string_view text;
};
constexpr std::array reasons{
    Reason{101, "Switching Protocols"},
    Reason{200, "OK"},
    Reason{201, "Created"},
    Reason{204, "No Content"},
    Reason{301, "Moved Permanently"},
    Reason{302, "Found"},
    Reason{304, "Not Modified"},
    Reason{400, "Bad Request"},
    Reason{401, "Unauthorized"},
    Reason{403, "Forbidden"},
    Reason{404, "Not Found"},
    Reason{405, "Method Not Allowed"},
    Reason{409, "Conflict"},
    Reason{411, "Length Required"},
    Reason{413, "Content Too Large"},
    Reason{415, "Unsupported Media Type"},
    Reason{426, "Upgrade Required"},
    Reason{429, "Too Many Requests"},
    Reason{431, "Request Header Fields Too Large"},
    Reason{500, "Internal Server Error"},
    Reason{501, "Not Implemented"},
    Reason{503, "Service Unavailable"},
    Reason{505, "HTTP Version Not Supported"},
};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

HttpParse bad(int status) {
  HttpParse parse;
  parse.status = Status::bad;
  parse.answer_status = status;
  return parse;
}

/// Stricter than the parser that follows: line ends are CR LF, no folded line, no control
/// character.
bool has_only_clean_lines(std::string_view header) {
  for (std::size_t i = 0; i < header.size(); ++i) {
    const auto c = static_cast<unsigned char>(header[i]);
    const char next = i + 1 < header.size() ? header[i + 1] : '\0';
    const bool is_line_end = c == '\r' && next == '\n';
    if (is_line_end) {
      ++i;
      const char first = i + 1 < header.size() ? header[i + 1] : '\0';
      if (first == ' ' || first == '\t') {
        return false;
      }
    } else if ((c < 0x20 && c != '\t') || c == 0x7f) {
      return false;
    }
  }
  return true;
}

/// The status that refuses `message`, or 0.
int check(const beast_http::request<beast_http::empty_body>& message) {
  if (message.version() != 11 && message.version() != 10) {
    return 505;
  }
  if (message.count(beast_http::field::transfer_encoding) != 0) {
    return message.count(beast_http::field::content_length) != 0 ? 400 : 411;
  }
  return message.count(beast_http::field::content_length) > 1 ? 400 : 0;
}

/// The value of Content-Length; a number that is too great to be true counts as over the limit.
std::size_t body_size(const beast_http::request<beast_http::empty_body>& message) {
  const auto field = message.find(beast_http::field::content_length);
  if (field == message.end()) {
    return 0;
  }
  const std::string_view text(field->value().data(), field->value().size());
  std::size_t size = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  return error == std::errc{} && end == text.data() + text.size() ? size : SIZE_MAX;
}

HttpRequest to_request(const beast_http::request<beast_http::empty_body>& message) {
  HttpRequest request;
  request.method = std::string(message.method_string());
  request.target = std::string(message.target());
  for (const auto& field : message) {
    request.headers.emplace_back(field.name_string(), field.value());
  }
  return request;
}

HttpParse parse_whole_header(std::string_view header, Bytes body) {
  const auto lines = std::count(header.begin(), header.end(), '\n');
  if (static_cast<std::size_t>(lines) > http_header_lines_limit) {
    return bad(431);
  }
  if (!has_only_clean_lines(header)) {
    return bad(400);
  }
  beast_http::request_parser<beast_http::empty_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(http_header_bytes_limit));
  parser.body_limit(http_body_bytes_limit);
  boost::system::error_code error;
  parser.put(boost::asio::buffer(header.data(), header.size()), error);
  if (error == beast_http::error::body_limit) {
    return bad(413);
  }
  if (error == beast_http::error::bad_version) {
    return bad(505);
  }
  if ((error && error != beast_http::error::need_more) || !parser.is_header_done()) {
    return bad(400);
  }
  if (const int refusal = check(parser.get()); refusal != 0) {
    return bad(refusal);
  }
  const std::size_t size = body_size(parser.get());
  if (size > http_body_bytes_limit) {
    return bad(413);
  }
  HttpParse parse;
  if (body.size() < size) {
    return parse;
  }
  parse.status = Status::complete;
  parse.bytes = header.size() + size;
  parse.request = to_request(parser.get());
  parse.request.body = as_text(body.first(size));
  return parse;
}

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view HttpRequest::header(std::string_view name) const {
  const auto found = std::find_if(headers.begin(), headers.end(), [name](const auto& field) {
    return equal_ignoring_case(field.first, name);
  });
  return found == headers.end() ? std::string_view{} : found->second;
}

bool HttpRequest::has_header(std::string_view name) const {
  return std::any_of(headers.begin(), headers.end(),
                     [name](const auto& field) { return equal_ignoring_case(field.first, name); });
}

bool HttpRequest::header_has_token(std::string_view name, std::string_view token) const {
  for (const auto& [field, value] : headers) {
    std::string_view rest = equal_ignoring_case(field, name) ? std::string_view(value) : "";
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(','), rest.size());
      if (equal_ignoring_case(trimmed(rest.substr(0, end)), token)) {
        return true;
      }
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return false;
}

std::string_view HttpRequest::path() const {
  return std::string_view(target).substr(0, target.find('?'));
}

HttpParse parse_http_request(Bytes bytes) {
  const std::string_view text = as_text(bytes);
  const std::size_t end = text.substr(0, http_header_bytes_limit).find("\r\n\r\n");
  if (end == std::string_view::npos) {
    return text.size() >= http_header_bytes_limit ? bad(431) : HttpParse{};
  }
  return parse_whole_header(text.substr(0, end + 4), bytes.subspan(end + 4));
}

bool looks_like_http(Bytes bytes, bool& undecided) {
  const std::string_view text = as_text(bytes);
  for (const std::string_view method : methods) {
    const std::size_t size = std::min(text.size(), method.size());
    if (text.substr(0, size) == method.substr(0, size)) {
      undecided = size < method.size();
      return !undecided;
    }
  }
  return false;
}

std::string serialize(const HttpAnswer& answer, bool with_body) {
  const auto* reason = std::find_if(reasons.begin(), reasons.end(), [&answer](const Reason& entry) {
    return entry.status == answer.status;
  });
  std::string text = "HTTP/1.1 " + std::to_string(answer.status) + " ";
  text += reason == reasons.end() ? std::string_view("Answer") : reason->text;
  text += "\r\nContent-Type: " + answer.content_type;
  text += "\r\nContent-Length: " + std::to_string(answer.body.size());
  text += "\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n";
  for (const auto& [name, value] : answer.headers) {
    text += name + ": " + value + "\r\n";
  }
  text += "\r\n";
  if (with_body) {
    text += answer.body;
  }
  return text;
}

}  // namespace peal::net
