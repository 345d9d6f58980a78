#include "peal/auth/json_web_token.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cmath>
#include <optional>
#include <utility>

#include "peal/auth/base64.hpp"
#include "peal/auth/grants_json.hpp"
#include "peal/auth/strict_json.hpp"
#include "peal/mqtt/utf8.hpp"

namespace peal::auth {

namespace {

namespace json = boost::json;
using std::chrono::seconds;
using Time = std::chrono::system_clock::time_point;

constexpr std::string_view claim_begin = "claim:";
constexpr std::size_t user_limit = 256;
constexpr std::size_t id_limit = 256;
// Of a header: more than any has, and little to decode of a password that only looks like a token.
constexpr std::size_t header_limit = 4096;
constexpr std::size_t depth_limit = 16;
// The year 10000: who counts milliseconds is beyond it.
constexpr double times_limit = 253'402'300'800.0;
// The clock counts nanoseconds until 2262. What ends later ends, for a connection, never.
constexpr double clock_limit = 9'000'000'000.0;

struct Parts {
  std::string_view header;
  std::string_view claims;
  std::string_view signature;
  std::string_view content;  // what is signed: header and claims
};

bool is_base64url(std::string_view text) {
  return std::ranges::all_of(text, [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= '0' && letter <= '9') || letter == '-' || letter == '_';
  });
}

std::optional<Parts> split(std::string_view token) {
  const std::size_t first = token.find('.');
  const std::size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos) {
    return std::nullopt;
  }
  const Parts parts{.header = token.substr(0, first),
                    .claims = token.substr(first + 1, second - first - 1),
                    .signature = token.substr(second + 1),
                    .content = token.substr(0, second)};
  const bool has_shape =
      is_base64url(parts.header) && is_base64url(parts.claims) && is_base64url(parts.signature);
  return has_shape ? std::optional(parts) : std::nullopt;
}

/// The header of what looks like a token; nothing for any other text. An empty one stands for one
/// that has a member twice.
std::optional<json::object> header_of(const Parts& parts) {
  if (parts.header.size() > header_limit) {
    return std::nullopt;
  }
  const auto text = decode_base64(parts.header, Base64::url);
  if (!text) {
    return std::nullopt;
  }
  auto value = read_json(*text, {.bytes = header_limit, .depth = depth_limit});
  if (!value && value.error() == JsonError::member_twice) {
    return json::object{};
  }
  json::object* const header = value ? value->if_object() : nullptr;
  if (header == nullptr || !header->contains("alg")) {
    return std::nullopt;
  }
  return std::move(*header);
}

std::optional<std::string_view> string_in(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains({name.data(), name.size()});
  const json::string* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::nullopt
                         : std::optional(std::string_view(text->data(), text->size()));
}

bool has(const json::object& object, std::string_view name) {
  return object.contains({name.data(), name.size()});
}

std::unexpected<TokenRefusal> refuse(std::string why, TokenFault fault = TokenFault::refused) {
  return std::unexpected(TokenRefusal{.fault = fault, .why = std::move(why)});
}

/// What is wrong with the header or the signature; nothing when it is the token of who has a key.
std::optional<TokenRefusal> check_signature(const json::object& header, const Parts& parts,
                                            const JsonWebKeys& keys) {
  const auto refused = [](std::string_view why) {
    return TokenRefusal{.fault = TokenFault::refused, .why = std::string(why)};
  };
  if (header.empty()) {
    return refused("its header has a member twice");
  }
  if (has(header, "crit")) {  // RFC 7515 §4.1.11: we understand none of what it may name
    return refused("its header has crit, and asks for what is not known here");
  }
  const auto algorithm = algorithm_named(string_in(header, "alg").value_or(""));
  if (!algorithm) {
    return refused("its alg is none of HS256, RS256, ES256 and EdDSA");
  }
  const auto id = string_in(header, "kid");
  if (has(header, "kid") && (!id || id->size() > id_limit)) {
    return refused("its kid is no text of at most 256 bytes");
  }
  const auto signature = decode_base64(parts.signature, Base64::url);
  if (!signature) {
    return refused("its signature is no base64url");
  }
  switch (keys.check(*algorithm, id, as_bytes(parts.content), as_bytes(*signature))) {
    case SignatureCheck::right:
      return std::nullopt;
    case SignatureCheck::no_key:
      return TokenRefusal{.fault = TokenFault::no_key,
                          .why = "there is no key for its alg and kid"};
    case SignatureCheck::too_many_keys:
      return refused("it names no key (kid), and there are too many that it may be of");
    case SignatureCheck::wrong:
      break;
  }
  return refused("its signature is wrong");
}

/// The claims of a token whose signature was right, asked one after another.
class Claims {
 public:
  Claims(const json::object& claims, Time now, const TokenOptions& options)
      : claims_(claims), now_(now), options_(options) {}

  /// returns   what is wrong; empty when nothing is.
  std::string check() {
    for (const auto step : {&Claims::check_expiry, &Claims::check_not_before, &Claims::check_issued,
                            &Claims::check_issuer, &Claims::check_audience, &Claims::check_user}) {
      std::string problem = (this->*step)();
      if (!problem.empty()) {
        return problem;
      }
    }
    return {};
  }

  Identity take() { return std::move(identity_); }

 private:
  enum class Found : std::uint8_t { none, time, nonsense };

  /// A NumericDate: seconds since 1970, with or without a fraction. (RFC 7519 §2)
  Found find_time(std::string_view name, double& time) const {
    const json::value* value = claims_.if_contains({name.data(), name.size()});
    if (value == nullptr) {
      return Found::none;
    }
    if (!value->is_number()) {
      return Found::nonsense;
    }
    time = value->to_number<double>();
    // A comparison with what is no number is false.
    return time >= 0 && time < times_limit ? Found::time : Found::nonsense;
  }

  [[nodiscard]] double now() const {
    return std::chrono::duration<double>(now_.time_since_epoch()).count();
  }
  [[nodiscard]] double leeway() const { return static_cast<double>(options_.leeway.count()); }

  std::string check_expiry() {
    double time = 0;
    const Found found = find_time("exp", time);
    if (found == Found::nonsense) {
      return "its exp is no time in seconds";
    }
    if (found == Found::none) {
      return options_.is_expiry_required ? "it has no exp" : "";
    }
    if (now() >= time + leeway()) {
      return "it has expired";
    }
    if (time < clock_limit) {
      const auto end = seconds(static_cast<std::int64_t>(std::ceil(time))) + options_.leeway;
      identity_.expires = Time(end);
    }
    return {};
  }

  std::string check_not_before() {
    double time = 0;
    const Found found = find_time("nbf", time);
    if (found == Found::nonsense) {
      return "its nbf is no time in seconds";
    }
    return found == Found::time && now() + leeway() < time ? "it is not valid yet (nbf)" : "";
  }

  std::string check_issued() {
    double time = 0;
    const Found found = find_time("iat", time);
    if (found == Found::nonsense) {
      return "its iat is no time in seconds";
    }
    return found == Found::time && now() + leeway() < time ? "it was issued in the future (iat)"
                                                           : "";
  }

  std::string check_issuer() {
    if (has(claims_, "iss") && !string_in(claims_, "iss")) {
      return "its iss is no text";
    }
    if (options_.issuer.empty()) {
      return {};
    }
    return string_in(claims_, "iss") == options_.issuer ? "" : "it is of another issuer (iss)";
  }

  std::string check_audience() {
    if (!has(claims_, "aud")) {
      return options_.audience.empty() ? "" : "it is for no audience (aud)";
    }
    if (options_.audience.empty()) {
      return "it is for an audience (aud), and `audience` names none for this server";
    }
    return names_audience() ? "" : "it is for another audience (aud)";
  }

  /// `aud` is a text or a list of texts.
  [[nodiscard]] bool names_audience() const {
    if (string_in(claims_, "aud") == options_.audience) {
      return true;
    }
    const json::array* list = claims_.at("aud").if_array();
    return list != nullptr && std::ranges::any_of(*list, [this](const json::value& entry) {
             const json::string* text = entry.if_string();
             return text != nullptr &&
                    std::string_view(text->data(), text->size()) == options_.audience;
           });
  }

  std::string check_user() {
    const auto user = string_in(claims_, options_.user_claim);
    if (!user) {
      return "it has no text in its claim " + options_.user_claim + ", which names the user";
    }
    if (user->empty() || user->size() > user_limit || !mqtt::is_utf8(*user)) {
      return "its claim " + options_.user_claim + " is no name of a user: 1 to 256 bytes, no NUL";
    }
    identity_.user = *user;
    return {};
  }

  const json::object& claims_;
  Time now_;
  const TokenOptions& options_;
  Identity identity_;
};

}  // namespace

std::expected<std::string, std::string> user_claim_of(std::string_view text) {
  if (!text.starts_with(claim_begin) || text.size() == claim_begin.size()) {
    return std::unexpected("it has to be claim:NAME, as in claim:sub");
  }
  return std::string(text.substr(claim_begin.size()));
}

std::expected<Identity, TokenRefusal> verify_token(std::string_view token, const JsonWebKeys& keys,
                                                   Time now, const TokenOptions& options) {
  const auto parts = split(token);
  const auto header = parts ? header_of(*parts) : std::nullopt;
  if (!header) {
    return refuse("it is no token", TokenFault::no_token);
  }
  if (token.size() > options.max_bytes) {
    return refuse("it is longer than " + std::to_string(options.max_bytes) + " bytes");
  }
  if (auto problem = check_signature(*header, *parts, keys)) {
    return std::unexpected(std::move(*problem));
  }
  const auto text = decode_base64(parts->claims, Base64::url);
  const auto value = read_json(text.value_or(""), {.bytes = token.size(), .depth = depth_limit});
  const json::object* const object = value ? value->if_object() : nullptr;
  if (object == nullptr) {
    return refuse(value ? "its claims are no JSON object"
                        : "its claims cannot be read: " + std::string(text_of(value.error())));
  }
  Claims claims(*object, now, options);
  std::string problem = claims.check();
  if (!problem.empty()) {
    return refuse(std::move(problem));
  }
  auto grants = grants_from_json(*text);
  if (!grants) {
    return refuse("its rights are not understood: " + grants.error());
  }
  Identity identity = claims.take();
  identity.grants = std::move(*grants);
  return identity;
}

}  // namespace peal::auth
