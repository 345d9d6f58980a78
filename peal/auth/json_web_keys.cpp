#include "peal/auth/json_web_keys.hpp"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "peal/auth/base64.hpp"
#include "peal/auth/strict_json.hpp"
#include "peal/base/trim.hpp"

namespace peal::auth {

namespace {

namespace json = boost::json;

constexpr std::string_view blanks = " \t\r\n";
constexpr std::size_t id_limit = 256;

/// A member that has to be a string, where it is there.
class Text {
 public:
  Text(const json::object& key, std::string_view name) {
    const json::value* value = key.if_contains({name.data(), name.size()});
    const json::string* text = value == nullptr ? nullptr : value->if_string();
    is_of_another_type_ = value != nullptr && text == nullptr;
    if (text != nullptr) {
      text_ = std::string_view(text->data(), text->size());
    }
  }
  [[nodiscard]] bool is_of_another_type() const { return is_of_another_type_; }
  [[nodiscard]] std::optional<std::string_view> get() const { return text_; }
  [[nodiscard]] bool is(std::string_view other) const { return text_ == other; }
  /// What its base64url stands for.
  [[nodiscard]] std::optional<std::string> bytes() const {
    return text_ ? decode_base64(*text_, Base64::url) : std::nullopt;
  }

 private:
  std::optional<std::string_view> text_;
  bool is_of_another_type_ = false;
};

SignatureKey::Made make_oct(const json::object& key) {
  const auto secret = Text(key, "k").bytes();
  if (!secret) {
    return std::unexpected("k has to be there, in base64url without padding");
  }
  return SignatureKey::from_secret(as_bytes(*secret));
}

SignatureKey::Made make_rsa(const json::object& key) {
  const auto modulus = Text(key, "n").bytes();
  const auto exponent = Text(key, "e").bytes();
  if (!modulus || !exponent) {
    return std::unexpected("n and e have to be there, in base64url without padding");
  }
  return SignatureKey::from_rsa(as_bytes(*modulus), as_bytes(*exponent));
}

SignatureKey::Made make_ec(const json::object& key) {
  if (!Text(key, "crv").is("P-256")) {
    return std::unexpected("its crv has to be P-256");
  }
  const auto x = Text(key, "x").bytes();
  const auto y = Text(key, "y").bytes();
  if (!x || !y) {
    return std::unexpected("x and y have to be there, in base64url without padding");
  }
  return SignatureKey::from_p256(as_bytes(*x), as_bytes(*y));
}

SignatureKey::Made make_okp(const json::object& key) {
  if (!Text(key, "crv").is("Ed25519")) {
    return std::unexpected("its crv has to be Ed25519");
  }
  const auto x = Text(key, "x").bytes();
  if (!x) {
    return std::unexpected("x has to be there, in base64url without padding");
  }
  return SignatureKey::from_ed25519(as_bytes(*x));
}

struct Kind {
  std::string_view kty;
  SignatureKey::Made (*make)(const json::object& key);
};

constexpr std::array kinds{Kind{"oct", make_oct}, Kind{"RSA", make_rsa}, Kind{"EC", make_ec},
                           Kind{"OKP", make_okp}};

/// Whether signatures are checked with it at all.      errors   of another type than it should be.
std::expected<bool, std::string> is_for_signatures(const json::object& key) {
  const Text use(key, "use");
  if (use.is_of_another_type() || (use.get() && !use.is("sig") && !use.is("enc"))) {
    return std::unexpected(R"(its use has to be "sig" or "enc")");
  }
  const json::value* operations = key.if_contains("key_ops");
  const json::array* list = operations == nullptr ? nullptr : operations->if_array();
  if (operations != nullptr && list == nullptr) {
    return std::unexpected("its key_ops has to be a list");
  }
  const bool verifies = list == nullptr || std::ranges::find(*list, "verify") != list->end();
  return verifies && !use.is("enc");
}

SignatureKey::Made make_key(const json::object& key) {
  const Text kty(key, "kty");
  const auto* const kind =
      std::ranges::find_if(kinds, [&kty](const Kind& known) { return kty.is(known.kty); });
  if (kind == kinds.end()) {
    return std::unexpected("its kty has to be oct, RSA, EC or OKP");
  }
  if (key.contains("d")) {
    return std::unexpected("it has its private part (d); a server needs the public one alone");
  }
  auto made = kind->make(key);
  const Text alg(key, "alg");
  if (made && (alg.is_of_another_type() || (alg.get() && !alg.is(name_of(made->algorithm()))))) {
    return std::unexpected("its alg has to be " + std::string(name_of(made->algorithm())));
  }
  return made;
}

}  // namespace

class JsonWebKeys::SetReader {
 public:
  /// returns   what is wrong; empty when nothing is.
  std::string read(const json::object& set) {
    const json::value* value = set.if_contains("keys");
    const json::array* keys = value == nullptr ? nullptr : value->if_array();
    if (keys == nullptr) {
      return R"(it has to be {"keys": [...]})";
    }
    if (keys->size() > json_web_keys_limit) {
      return "there are more than " + std::to_string(json_web_keys_limit) + " keys";
    }
    for (const json::value& key : *keys) {
      ++number_;
      std::string problem = add(key);
      if (!problem.empty()) {
        return problem;
      }
    }
    return read_.keys_.empty() ? "there is no key for signatures in it" : std::string{};
  }

  JsonWebKeys take() { return std::move(read_); }

 private:
  std::string add(const json::value& value) {
    std::string place = "key " + std::to_string(number_);
    const json::object* key = value.if_object();
    if (key == nullptr) {
      return place + ": it has to be an object";
    }
    const Text id(*key, "kid");
    if (id.is_of_another_type() ||
        (id.get() && (id.get()->empty() || id.get()->size() > id_limit))) {
      return place + ": its kid has to be text of 1 to 256 bytes";
    }
    if (id.get()) {
      place += " (\"" + std::string(*id.get()) + "\")";
    }
    const auto is_wanted = is_for_signatures(*key);
    if (!is_wanted) {
      return place + ": " + is_wanted.error();
    }
    if (!*is_wanted) {
      return {};
    }
    auto made = make_key(*key);
    if (!made) {
      return place + ": " + made.error();
    }
    return add_key(place, id.get(), std::move(*made));
  }

  std::string add_key(const std::string& place, std::optional<std::string_view> id,
                      SignatureKey key) {
    const bool is_twice = id && std::ranges::any_of(read_.keys_, [&](const Entry& entry) {
                            return entry.id == *id && entry.key.algorithm() == key.algorithm();
                          });
    if (is_twice) {
      return place + ": there is another one of that name";
    }
    read_.keys_.push_back(
        {.id = id ? std::optional<std::string>(*id) : std::nullopt, .key = std::move(key)});
    return {};
  }

  JsonWebKeys read_;
  std::size_t number_ = 0;
};

std::expected<JsonWebKeys, std::string> JsonWebKeys::parse(std::string_view text) {
  const std::string_view begin = trimmed(text, blanks);
  if (text.size() > json_web_keys_bytes_limit) {
    return std::unexpected("it is longer than 1 MiB");
  }
  if (!begin.starts_with('{')) {
    return parse_pem(text);
  }
  const auto value = read_json(begin, {.bytes = json_web_keys_bytes_limit, .depth = 16});
  if (!value) {
    return std::unexpected(std::string(text_of(value.error())));
  }
  SetReader reader;
  std::string problem = reader.read(value->get_object());
  if (!problem.empty()) {
    return std::unexpected(std::move(problem));
  }
  return reader.take();
}

std::expected<JsonWebKeys, std::string> JsonWebKeys::parse_pem(std::string_view text) {
  if (!text.contains("-----BEGIN ")) {
    return std::unexpected(R"(it is neither a set of keys, {"keys": [...]}, nor PEM)");
  }
  auto keys = SignatureKey::read_pem(text);
  if (!keys) {
    return std::unexpected(std::move(keys.error()));
  }
  if (keys->size() > json_web_keys_limit) {
    return std::unexpected("there are more than " + std::to_string(json_web_keys_limit) + " keys");
  }
  JsonWebKeys read;
  for (SignatureKey& key : *keys) {
    read.keys_.push_back({.id = std::nullopt, .key = std::move(key)});
  }
  return read;
}

std::expected<JsonWebKeys, std::string> JsonWebKeys::read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return std::unexpected(path + ": it cannot be read: " + std::strerror(errno));
  }
  std::string text(json_web_keys_bytes_limit + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) {
    return std::unexpected(path + ": it cannot be read to its end");
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  auto keys = parse(text);
  if (!keys) {
    return std::unexpected(path + ": " + keys.error());
  }
  return keys;
}

SignatureCheck JsonWebKeys::check(SignatureAlgorithm algorithm, std::optional<std::string_view> id,
                                  Bytes content, Bytes signature) const {
  std::vector<const SignatureKey*> fitting;
  for (const Entry& entry : keys_) {
    const bool is_named = !id || !entry.id || *entry.id == *id;
    if (is_named && entry.key.algorithm() == algorithm) {
      fitting.push_back(&entry.key);
    }
  }
  if (fitting.empty()) {
    return SignatureCheck::no_key;
  }
  if (fitting.size() > tried_keys_limit) {
    return SignatureCheck::too_many_keys;
  }
  const bool is_right = std::ranges::any_of(
      fitting, [&](const SignatureKey* key) { return key->verify(content, signature); });
  return is_right ? SignatureCheck::right : SignatureCheck::wrong;
}

}  // namespace peal::auth
