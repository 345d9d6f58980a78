// Tokens, key sets and rights in JSON: whoever is let in has a name and rights that are lines of
// the grammar, and nobody is without a signature. The first byte chooses what the rest is: a token,
// a key set, a header or claims under a right signature, or rights.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "support/token_cases.hpp"

#include "peal/auth/grants_json.hpp"
#include "peal/auth/json_web_token.hpp"
#include "peal/base/assert.hpp"
#include "peal/mqtt/topic_filter.hpp"
#include "peal/mqtt/utf8.hpp"

namespace {

using namespace peal;

constexpr std::chrono::system_clock::time_point now{std::chrono::seconds(1'800'000'000)};

const auth::JsonWebKeys& keys() {
  static const auth::JsonWebKeys made = *auth::JsonWebKeys::parse(test::key_set(
      {test::shared_key, test::rs256_token.key, test::es256_token.key, test::eddsa_token.key}));
  return made;
}

/// One line of rights, as Identity::grants describes it.
void check_line(std::string_view line) {
  for (const std::string_view begin : {"allow publish ", "allow subscribe ", "allow all ",
                                       "deny publish ", "deny subscribe ", "deny all ", "role "}) {
    if (line.starts_with(begin)) {
      const std::string_view rest = line.substr(begin.size());
      PEAL_ASSERT(!rest.empty() && mqtt::is_utf8(rest) && !rest.contains('\r'));
      PEAL_ASSERT(!rest.starts_with(' ') && !rest.ends_with(' '));
      return;
    }
  }
  PEAL_ASSERT(false);
}

void check_grants(std::string_view grants) {
  PEAL_ASSERT(grants.size() <= auth::grants_bytes_limit &&
              (grants.empty() || grants.ends_with('\n')));
  PEAL_ASSERT(std::ranges::count(grants, '\n') <= std::ptrdiff_t{auth::grants_limit});
  while (!grants.empty()) {
    const std::size_t end = grants.find('\n');
    check_line(grants.substr(0, end));
    grants.remove_prefix(end + 1);
  }
}

/// `is_signed`   whether it may be believed at all.
void check_token(std::string_view token, bool is_signed) {
  auth::TokenOptions options;
  options.max_bytes = 100'000;
  const auto identity = auth::verify_token(token, keys(), now, options);
  if (!identity) {
    PEAL_ASSERT(!identity.error().why.empty());
    return;
  }
  PEAL_ASSERT(is_signed);
  PEAL_ASSERT(!identity->user.empty() && identity->user.size() <= 256);
  PEAL_ASSERT(mqtt::is_utf8(identity->user));
  PEAL_ASSERT(!identity->expires || *identity->expires > now);
  check_grants(identity->grants);
}

void check_rights(std::string_view text) {
  if (const auto grants = auth::grants_from_json(text)) {
    check_grants(*grants);
  }
}

void check_keys(std::string_view text) {
  const auto read = auth::JsonWebKeys::parse(text);
  PEAL_ASSERT(read ? read->size() > 0 : !read.error().empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const std::string_view text = as_text(Bytes(data, size)).substr(1);
  switch (data[0] % 5) {
    case 0:
      check_token(text, false);
      break;
    case 1:
      check_keys(text);
      break;
    case 2:
      check_token(test::token_with_header(text, R"({"sub":"me"})"), true);
      break;
    case 3:
      check_token(test::token_with(text), true);
      break;
    default:
      check_rights(text);
  }
  return 0;
}
