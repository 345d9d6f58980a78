#include "peal/auth/scram_exchange.hpp"

#include <algorithm>
#include <array>
#include <sodium.h>
#include <utility>
#include <vector>

#include "peal/auth/base64.hpp"
#include "peal/auth/password_hash.hpp"
#include "peal/base/assert.hpp"
#include "peal/mqtt/utf8.hpp"

namespace peal::auth {

namespace {

constexpr std::array texts{
    std::pair{ScramError::malformed, std::string_view{"the message is none of SCRAM"}},
    std::pair{ScramError::channel_binding, std::string_view{"there is no channel binding"}},
    std::pair{ScramError::other_user, std::string_view{"it may act for itself alone"}},
    std::pair{ScramError::extension, std::string_view{"an extension is not known"}},
    std::pair{ScramError::mismatch,
              std::string_view{"the second message does not go with the first"}},
    std::pair{ScramError::wrong, std::string_view{"the proof is wrong"}},
    std::pair{ScramError::out_of_order, std::string_view{"the message is not to come now"}}};

constexpr std::size_t user_limit = 256;
constexpr std::size_t nonce_limit = 256;
constexpr std::size_t nonce_bytes = 24;
constexpr std::size_t decoy_salt_bytes = 16;
constexpr std::size_t least_secret_bytes = 32;
/// Attributes that have their place (RFC 5802 §5.1): no extension goes by these letters.
constexpr std::string_view taken_letters = "anmrcsipve";

bool is_letter(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z');
}

/// "a,b," is "a", "b" and "".
std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> fields;
  while (true) {
    const std::size_t end = text.find(',');
    fields.push_back(text.substr(0, end));
    if (end == std::string_view::npos) {
      return fields;
    }
    text.remove_prefix(end + 1);
  }
}

/// What stands behind "n=" when the field begins so.
std::optional<std::string_view> value_of(std::string_view field, std::string_view begin) {
  return field.starts_with(begin) ? std::optional(field.substr(begin.size())) : std::nullopt;
}

/// The name behind a saslname, in which '=' is "=3D" and ',' is "=2C".
std::optional<std::string> unescaped(std::string_view text) {
  std::string name;
  while (!text.empty()) {
    if (text.front() != '=') {
      name += text.front();
      text.remove_prefix(1);
    } else if (text.starts_with("=2C") || text.starts_with("=3D")) {
      name += text[1] == '2' ? ',' : '=';
      text.remove_prefix(3);
    } else {
      return std::nullopt;
    }
  }
  const bool is_name = !name.empty() && name.size() <= user_limit && mqtt::is_utf8(name);
  return is_name ? std::optional(std::move(name)) : std::nullopt;
}

bool is_nonce(std::string_view text) {
  return !text.empty() && text.size() <= nonce_limit && std::ranges::all_of(text, [](char letter) {
    return letter > ' ' && letter <= '~' && letter != ',';
  });
}

/// What is wrong with what follows the attributes that have their place; what is well-formed is
/// passed over. (RFC 5802 §7, extensions)
std::optional<ScramError> extensions_problem(const std::vector<std::string_view>& fields,
                                             std::size_t from) {
  for (std::size_t at = from; at < fields.size(); ++at) {
    const std::string_view field = fields[at];
    if (field.starts_with("m=")) {
      return ScramError::extension;
    }
    if (field.size() < 3 || !is_letter(field[0]) || field[1] != '=' ||
        taken_letters.contains(field[0]) || !mqtt::is_utf8(field)) {
      return ScramError::malformed;
    }
  }
  return std::nullopt;
}

struct ClientFirst {
  std::string_view gs2_header;  // "n,,"
  std::string_view bare;        // what follows it
  std::string user;
  std::string_view nonce;
};

/// Where the first message's own part begins, after flag and authzid.
std::expected<std::size_t, ScramError> end_of_gs2_header(
    const std::vector<std::string_view>& fields) {
  if (fields[0].starts_with("p=")) {
    return std::unexpected(ScramError::channel_binding);
  }
  if ((fields[0] != "n" && fields[0] != "y") || fields.size() < 4) {
    return std::unexpected(ScramError::malformed);
  }
  return fields[0].size() + 1 + fields[1].size() + 1;
}

std::expected<ClientFirst, ScramError> parse_first(std::string_view text) {
  if (text.size() > scram_message_limit) {
    return std::unexpected(ScramError::malformed);
  }
  const auto fields = split(text);
  const auto header_end = end_of_gs2_header(fields);
  if (!header_end) {
    return std::unexpected(header_end.error());
  }
  if (fields[2].starts_with("m=")) {
    return std::unexpected(ScramError::extension);
  }
  auto user = unescaped(value_of(fields[2], "n=").value_or(""));
  const auto nonce = value_of(fields[3], "r=");
  if (!user || !nonce || !is_nonce(*nonce)) {
    return std::unexpected(ScramError::malformed);
  }
  if (const auto problem = extensions_problem(fields, 4)) {
    return std::unexpected(*problem);
  }
  if (!fields[1].empty()) {
    const auto other = unescaped(value_of(fields[1], "a=").value_or(""));
    if (other != user) {
      return std::unexpected(other ? ScramError::other_user : ScramError::malformed);
    }
  }
  return ClientFirst{.gs2_header = text.substr(0, *header_end),
                     .bare = text.substr(*header_end),
                     .user = std::move(*user),
                     .nonce = *nonce};
}

struct ClientFinal {
  std::string_view binding;  // in base64
  std::string_view nonce;
  std::string_view without_proof;
  ScramKey proof;
};

std::expected<ClientFinal, ScramError> parse_final(std::string_view text) {
  const std::size_t proof_at = text.rfind(",p=");
  if (text.size() > scram_message_limit || proof_at == std::string_view::npos) {
    return std::unexpected(ScramError::malformed);
  }
  const auto proof = decode_base64(text.substr(proof_at + 3), Base64::padded);
  const auto fields = split(text.substr(0, proof_at));
  const auto binding = value_of(fields[0], "c=");
  const auto nonce = fields.size() > 1 ? value_of(fields[1], "r=") : std::nullopt;
  if (!proof || proof->size() != sizeof(ScramKey) || !binding || !nonce) {
    return std::unexpected(ScramError::malformed);
  }
  if (const auto problem = extensions_problem(fields, 2)) {
    return std::unexpected(*problem);
  }
  ClientFinal read{
      .binding = *binding, .nonce = *nonce, .without_proof = text.substr(0, proof_at), .proof = {}};
  std::ranges::copy(as_bytes(*proof), read.proof.begin());
  return read;
}

}  // namespace

std::string_view text_of(ScramError error) {
  const auto* const found = std::ranges::find(texts, error, &decltype(texts)::value_type::first);
  return found == texts.end() ? std::string_view{} : found->second;
}

ScramDecoys::ScramDecoys(std::string secret, std::uint32_t iterations)
    : secret_(std::move(secret)), iterations_(iterations) {
  require_sodium();
  PEAL_ASSERT(secret_.size() >= least_secret_bytes);
  PEAL_ASSERT(iterations_ >= least_scram_iterations && iterations_ <= most_scram_iterations);
}

ScramVerifier ScramDecoys::verifier_for(std::string_view user) const {
  const auto derive = [&](std::string_view what) {
    return scram_hmac(as_bytes(secret_), std::string(what).append(user));
  };
  const ScramKey salt = derive("salt:");
  return {iterations_, std::string(as_text(Bytes(salt).first(decoy_salt_bytes))), derive("stored:"),
          derive("server:")};
}

ScramExchange::ScramExchange(std::string server_nonce) : nonce_(std::move(server_nonce)) {
  PEAL_ASSERT(is_nonce(nonce_));
}

std::string ScramExchange::fresh_nonce() {
  require_sodium();
  std::array<std::uint8_t, nonce_bytes> bytes;
  randombytes_buf(bytes.data(), bytes.size());
  return encode_base64(bytes, Base64::padded);
}

std::expected<std::string, ScramError> ScramExchange::first(std::string_view client_first,
                                                            const Lookup& lookup,
                                                            const ScramDecoys& decoys) {
  if (std::exchange(state_, State::over) != State::fresh) {
    return std::unexpected(ScramError::out_of_order);
  }
  auto message = parse_first(client_first);
  if (!message) {
    return std::unexpected(message.error());
  }
  // Made up for everybody, so that it takes the same time for all.
  ScramVerifier decoy = decoys.verifier_for(message->user);
  verifier_ = lookup(message->user);
  is_known_ = verifier_.has_value();
  if (!is_known_) {
    verifier_ = std::move(decoy);
  }
  user_ = std::move(message->user);
  gs2_header_ = message->gs2_header;
  client_first_bare_ = message->bare;
  nonce_.insert(0, message->nonce);
  server_first_ = "r=" + nonce_ +
                  ",s=" + encode_base64(as_bytes(verifier_->salt()), Base64::padded) +
                  ",i=" + std::to_string(verifier_->iterations());
  state_ = State::waiting;
  return server_first_;
}

std::expected<ScramSuccess, ScramError> ScramExchange::final(std::string_view client_final) {
  if (std::exchange(state_, State::over) != State::waiting) {
    return std::unexpected(ScramError::out_of_order);
  }
  const auto message = parse_final(client_final);
  if (!message) {
    return std::unexpected(message.error());
  }
  if (message->nonce != nonce_ ||
      message->binding != encode_base64(as_bytes(gs2_header_), Base64::padded)) {
    return std::unexpected(ScramError::mismatch);
  }
  const std::string auth_message =
      client_first_bare_ + ',' + server_first_ + ',' + std::string(message->without_proof);
  if (!is_right(message->proof, auth_message)) {
    return std::unexpected(ScramError::wrong);
  }
  const ScramKey signature = scram_hmac(verifier_->server_key(), auth_message);
  return ScramSuccess{.user = user_,
                      .server_final = "v=" + encode_base64(signature, Base64::padded)};
}

/// RFC 5802 §3: ClientKey := ClientProof XOR HMAC(StoredKey, AuthMessage); H(ClientKey) has to be
/// StoredKey.
bool ScramExchange::is_right(const ScramKey& proof, std::string_view auth_message) const {
  const ScramKey& stored_key = verifier_->stored_key();
  ScramKey client_key = scram_hmac(stored_key, auth_message);
  for (std::size_t at = 0; at < client_key.size(); ++at) {
    client_key[at] ^= proof[at];
  }
  const ScramKey hash = scram_hash(client_key);
  return sodium_memcmp(hash.data(), stored_key.data(), hash.size()) == 0 && is_known_;
}

}  // namespace peal::auth
