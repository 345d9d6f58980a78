#include "peal/auth/http_url.hpp"

#include <algorithm>
#include <curl/curl.h>
#include <memory>
#include <string_view>

namespace peal::auth {

namespace {

struct UrlCloser {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
struct TextCloser {
  void operator()(char* text) const { curl_free(text); }
};

std::string part_of(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) {
    return {};
  }
  const std::unique_ptr<char, TextCloser> owner(text);
  return text;
}

bool is_loopback_host(std::string_view host) {
  const bool is_ipv4 = host.find_first_not_of("0123456789.") == std::string_view::npos;
  return host == "localhost" || host == "[::1]" || (is_ipv4 && host.starts_with("127."));
}

}  // namespace

std::expected<HttpOrigin, std::string> http_origin(const std::string& url) {
  const std::unique_ptr<CURLU, UrlCloser> parsed(curl_url());
  if (!parsed || curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) {
    return std::unexpected("no URL as https://host/path");
  }
  const std::string scheme = part_of(parsed.get(), CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") {
    return std::unexpected("neither http:// nor https://");
  }
  if (!part_of(parsed.get(), CURLUPART_USER).empty() ||
      !part_of(parsed.get(), CURLUPART_PASSWORD).empty()) {
    return std::unexpected("a URL with a user in it; say it in a header");
  }
  const std::string host = part_of(parsed.get(), CURLUPART_HOST);
  const std::string port = part_of(parsed.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
  return HttpOrigin{.text = scheme + "://" + host + ":" + port,
                    .is_encrypted = scheme == "https",
                    .is_loopback = is_loopback_host(host)};
}

std::string http_url_problem(const std::string& url, bool is_plain_allowed) {
  const auto origin = http_origin(url);
  if (!origin) {
    return origin.error();
  }
  return origin->is_encrypted || origin->is_loopback || is_plain_allowed
             ? ""
             : "http:// to another machine goes over the network in the clear; https://";
}

std::string http_header_problem(const std::string& header) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (std::ranges::any_of(header, is_control)) {
    return "a header with a control character in it";
  }
  const std::size_t colon = header.find(':');
  return colon == std::string::npos || colon == 0 ? "a header that is no \"Name: value\"" : "";
}

}  // namespace peal::auth
