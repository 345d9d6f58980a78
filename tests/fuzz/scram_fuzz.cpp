// SCRAM messages: what is not made with the key of the user is never let in, what is always is, and
// no message of the server has more in it than it should. The input is the first message and the
// last one, with a line end between them; in the last one "\1" stands for a right end.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "support/scram_client.hpp"

#include "peal/auth/scram_exchange.hpp"
#include "peal/base/assert.hpp"
#include "peal/mqtt/utf8.hpp"

namespace {

using namespace peal;

const auth::ScramDecoys& decoys() {
  static const auth::ScramDecoys made("a secret of thirty-two bytes or more", 4096);
  return made;
}

const test::ScramClient& client() {
  static const test::ScramClient made;
  return made;
}

/// Half of all names are known.
bool is_known(std::string_view user) { return user.size() % 2 == 0; }

std::optional<auth::ScramVerifier> find(std::string_view user) {
  return is_known(user) ? std::optional(client().verifier()) : std::nullopt;
}

/// What a client that knows the key would end with after `first`.
std::string right_end(std::string_view first, std::string_view server_first) {
  const std::size_t header_end = first.find(',', first.find(',') + 1) + 1;
  return client().sign(first.substr(header_end), server_first,
                       test::ScramClient::without_proof(server_first, first.substr(0, header_end)));
}

void check_exchange(std::string_view first, std::string_view last) {
  auth::ScramExchange exchange("server");
  std::string user;
  const auto answer = exchange.first(
      first,
      [&user](std::string_view name) {
        user = name;
        return find(name);
      },
      decoys());
  if (!answer) {
    PEAL_ASSERT(!exchange.final(last));
    return;
  }
  PEAL_ASSERT(!user.empty() && user.size() <= 256 && mqtt::is_utf8(user));
  PEAL_ASSERT(std::ranges::count(*answer, ',') == 2 && answer->starts_with("r="));
  const bool is_right = last == "\1";
  const auto end = exchange.final(is_right ? right_end(first, *answer) : std::string(last));
  PEAL_ASSERT(end.has_value() == (is_right && is_known(user)));
  PEAL_ASSERT(!end || (end->user == user && end->server_final.size() == 46));
  PEAL_ASSERT(!exchange.final(right_end(first, *answer)));
}

/// A verifier that was read is written as it stood.
void check_verifier(std::string_view text) {
  if (const auto verifier = auth::ScramVerifier::parse(text)) {
    PEAL_ASSERT(verifier->text() == text);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text(Bytes(data, size));
  const std::size_t end = std::min(text.find('\n'), text.size());
  check_exchange(text.substr(0, end), text.substr(std::min(end + 1, text.size())));
  check_verifier(text);
  return 0;
}
