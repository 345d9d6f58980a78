// HTTP requests and what is answered to an upgrade: limits hold, a whole request is whole by
// itself, and no answer carries what the request smuggled into it.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "peal/base/assert.hpp"
#include "peal/net/http.hpp"
#include "peal/net/http_upgrade.hpp"

namespace {

using namespace peal::net;

/// Every line of an answer's header is one of ours: as many as there should be.
void check_answer(const std::string& text) {
  const auto lines = std::count(text.begin(), text.end(), '\n');
  PEAL_ASSERT(lines == 6 && text.ends_with("\r\n\r\n"));
}

void check_request(const HttpRequest& request) {
  PEAL_ASSERT(!request.method.empty() && !request.target.empty());
  PEAL_ASSERT(request.headers.size() <= http_header_lines_limit);
  PEAL_ASSERT(request.body.size() <= http_body_bytes_limit);
  for (const auto& [name, value] : request.headers) {
    PEAL_ASSERT(!name.empty() && request.has_header(name));
    PEAL_ASSERT(value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
  }
  static_cast<void>(
      is_allowed_site(request, {.allowed_origins = {}, .allowed_hosts = {}, .is_loopback = true}));
  if (wants_websocket(request)) {
    const Upgrade upgrade = check_upgrade(request, "/mqtt");
    if (upgrade.status == 101) {
      check_answer(upgrade.text);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const peal::Bytes bytes(data, size);
  bool undecided = false;
  static_cast<void>(looks_like_http(bytes, undecided));
  static_cast<void>(check_upgrade_answer(peal::as_text(bytes), "dGhlIHNhbXBsZSBub25jZQ=="));
  const HttpParse parse = parse_http_request(bytes);
  if (parse.status == HttpParse::Status::need_more) {
    PEAL_ASSERT(size < http_header_bytes_limit + http_body_bytes_limit);
  } else if (parse.status == HttpParse::Status::bad) {
    PEAL_ASSERT(parse.answer_status >= 400);
  } else {
    PEAL_ASSERT(parse.bytes <= size);
    const HttpParse exact = parse_http_request(bytes.first(parse.bytes));
    PEAL_ASSERT(exact.status == HttpParse::Status::complete && exact.bytes == parse.bytes);
    check_request(parse.request);
  }
  return 0;
}
