// URLs and headers that a person wrote, looked at before anything is sent with them.
#pragma once

#include <expected>
#include <string>

namespace peal::auth {

/// Where a URL leads to.
struct HttpOrigin {
  std::string text;  // "https://auth.example:443"
  bool is_encrypted = false;
  bool is_loopback = false;  // 127.0.0.0/8, ::1 or localhost
};

/// errors   a clause: no http or https URL, or one with a password in it, which would be logged.
[[nodiscard]] std::expected<HttpOrigin, std::string> http_origin(const std::string& url);

/// What speaks against asking `url`, a clause; empty when nothing does.
///
/// `is_plain_allowed`   it may go over the network without encryption. Over the loopback it may.
[[nodiscard]] std::string http_url_problem(const std::string& url, bool is_plain_allowed);

/// What speaks against sending `header`, a clause; empty when nothing does.
[[nodiscard]] std::string http_header_problem(const std::string& header);

}  // namespace peal::auth
