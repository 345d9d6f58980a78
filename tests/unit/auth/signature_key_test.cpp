#include "peal/auth/signature_key.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <openssl/err.h>

#include "support/token_cases.hpp"

#include "peal/auth/json_web_keys.hpp"

namespace peal::auth {
namespace {

using namespace std::string_literals;

std::string bytes_of(std::string_view text) {
  return decode_base64(text, Base64::url).value_or("damaged");
}

/// The text between `"NAME":"` and the next quote of a key.
std::string bytes_in(std::string_view key, std::string_view name) {
  const std::string begin = '"' + std::string(name) + "\":\"";
  const std::size_t at = key.find(begin) + begin.size();
  return bytes_of(key.substr(at, key.find('"', at) - at));
}

SignatureKey::Made key_of(const test::KnownToken& known) {
  if (known.key.contains("oct")) {
    return SignatureKey::from_secret(as_bytes(bytes_in(known.key, "k")));
  }
  if (known.key.contains("RSA")) {
    return SignatureKey::from_rsa(as_bytes(bytes_in(known.key, "n")),
                                  as_bytes(bytes_in(known.key, "e")));
  }
  const std::string x = bytes_in(known.key, "x");
  return known.key.contains("P-256")
             ? SignatureKey::from_p256(as_bytes(x), as_bytes(bytes_in(known.key, "y")))
             : SignatureKey::from_ed25519(as_bytes(x));
}

bool verifies(const SignatureKey& key, std::string_view content, std::string_view signature) {
  return key.verify(as_bytes(content), as_bytes(signature));
}

std::string problem_of(const SignatureKey::Made& made) { return made ? "" : made.error(); }

std::string pem_problem(std::string_view text) {
  const auto keys = SignatureKey::read_pem(text);
  return keys ? "" : keys.error();
}

TEST(SignatureKey, VerifiesWhatTheStandardsShow) {
  for (const test::KnownToken& known : test::known_tokens) {
    SCOPED_TRACE(known.what);
    const auto key = key_of(known);
    ASSERT_TRUE(key.has_value()) << key.error();
    const std::string signature = bytes_of(known.signature);
    EXPECT_TRUE(verifies(*key, known.content(), signature));
    EXPECT_FALSE(verifies(*key, known.content() + "x", signature));
    EXPECT_FALSE(verifies(*key, "", signature));
    EXPECT_FALSE(verifies(*key, known.content(), ""));
  }
}

TEST(SignatureKey, NoOtherSignatureIsRight) {
  for (const test::KnownToken& known : test::known_tokens) {
    SCOPED_TRACE(known.what);
    const auto key = key_of(known);
    ASSERT_TRUE(key.has_value());
    const std::string signature = bytes_of(known.signature);
    for (std::size_t at = 0; at < signature.size(); ++at) {
      for (const int bit : {1, 0x80}) {
        std::string other = signature;
        other[at] = static_cast<char>(other[at] ^ bit);
        EXPECT_FALSE(verifies(*key, known.content(), other)) << at;
      }
      EXPECT_FALSE(verifies(*key, known.content(), signature.substr(0, at)));
    }
    for (const std::string& other :
         {signature + '\0', '\0' + signature, signature + signature,
          std::string(signature.size(), '\0'), std::string(signature.size(), '\xFF')}) {
      EXPECT_FALSE(verifies(*key, known.content(), other));
    }
  }
}

TEST(SignatureKey, NoKeyTakesTheSignatureOfAnother) {
  for (const test::KnownToken& known : test::known_tokens) {
    const auto key = key_of(known);
    ASSERT_TRUE(key.has_value());
    for (const test::KnownToken& other : test::known_tokens) {
      EXPECT_EQ(verifies(*key, other.content(), bytes_of(other.signature)),
                known.what == other.what);
    }
  }
}

TEST(SignatureKey, Es256IsTwoNumbersAndNoDer) {
  const auto key = key_of(test::es256_token);
  ASSERT_TRUE(key.has_value());
  const std::string content = test::es256_token.content();
  const std::string raw = bytes_of(test::es256_token.signature);
  const std::string r = raw.substr(0, 32);
  const std::string s = raw.substr(32);
  // The same two numbers as OpenSSL writes them: s begins with a set bit.
  const std::string der = "\x30\x45\x02\x20" + r + "\x02\x21\0"s + s;
  EXPECT_FALSE(verifies(*key, content, der));
  const std::string zero(32, '\0');
  EXPECT_FALSE(verifies(*key, content, zero + s));
  EXPECT_FALSE(verifies(*key, content, r + zero));
  EXPECT_FALSE(verifies(*key, content, zero + zero));
  EXPECT_FALSE(verifies(*key, content, s + r));
  EXPECT_FALSE(verifies(*key, content, '\0' + r + '\0' + s));
  // The order of the curve in place of r.
  const std::string order = bytes_of("_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE");
  EXPECT_FALSE(verifies(*key, content, order + s));
  EXPECT_FALSE(verifies(*key, content, r + order));
}

TEST(SignatureKey, LeavesNoErrorsBehind) {  // a TLS connection of this thread would find them
  ERR_clear_error();
  for (const test::KnownToken& known : test::known_tokens) {
    const auto key = key_of(known);
    ASSERT_TRUE(key.has_value());
    EXPECT_FALSE(verifies(*key, known.content(), "x"));
    EXPECT_EQ(ERR_peek_error(), 0u);
  }
  EXPECT_FALSE(SignatureKey::read_pem("-----BEGIN PUBLIC KEY-----\nAAAA\n").has_value());
  EXPECT_EQ(ERR_peek_error(), 0u);
  EXPECT_FALSE(
      SignatureKey::from_p256(as_bytes(std::string(32, 'x')), as_bytes(std::string(32, 'x')))
          .has_value());
  EXPECT_EQ(ERR_peek_error(), 0u);
}

TEST(SignatureKey, SecretsHaveALeastLength) {
  EXPECT_EQ(problem_of(SignatureKey::from_secret(as_bytes(std::string(31, 'x')))),
            "its secret has 31 bytes; at least 32 keep guessers out");
  EXPECT_EQ(problem_of(SignatureKey::from_secret({})),
            "its secret has 0 bytes; at least 32 keep guessers out");
  EXPECT_EQ(problem_of(SignatureKey::from_secret(as_bytes(std::string(32, 'x')))), "");
}

TEST(SignatureKey, WeakRsaKeysAreRefused) {
  EXPECT_EQ(pem_problem(test::rsa1024_pem),
            "public key 1: it has 1024 bits; at least 2048 keep forgers out");
  EXPECT_TRUE(pem_problem(test::rsa_e3_pem).contains("exponent"));
  const std::string n = bytes_in(test::rs256_token.key, "n");
  const auto problem = [&n](std::string_view exponent) {
    return problem_of(SignatureKey::from_rsa(as_bytes(n), as_bytes(exponent)));
  };
  EXPECT_EQ(problem("\x01\x00\x01"s), "");
  for (const std::string& exponent : {""s, "\0"s, "\1"s, "\3"s, "\xFF\xFF"s, "\x01\x00\x00"s,
                                      "\x01\x00\x00\x00\x00\x00\x00\x00\x01"s}) {
    EXPECT_TRUE(problem(exponent).contains("exponent") || problem(exponent).contains("no key"))
        << problem(exponent);
  }
}

TEST(SignatureKey, ModuliThatAreNoneAreRefused) {
  const std::string e = "\x01\x00\x01";
  const std::string n = bytes_in(test::rs256_token.key, "n");
  const auto problem = [](std::string_view modulus) {
    return problem_of(SignatureKey::from_rsa(as_bytes(modulus), as_bytes("\x01\x00\x01"s)));
  };
  EXPECT_EQ(problem(n), "");
  EXPECT_EQ(problem("\0\0"s + n), "");  // Java's numbers begin with a zero
  std::string even = n;
  even.back() = static_cast<char>(even.back() & 0xFE);
  EXPECT_TRUE(problem(even).contains("modulus"));
  std::string threefold(256, '\x55');  // 0x5555... is 3 * 0x1c71...
  threefold.front() = '\xD5';
  threefold.back() = '\x55';
  EXPECT_NE(problem(threefold), "");
  EXPECT_TRUE(problem("").contains("bits") || problem("").contains("no key"));
  EXPECT_TRUE(problem(std::string(256, '\0')).contains("bits") ||
              problem(std::string(256, '\0')).contains("no key"));
  EXPECT_TRUE(problem(std::string(1025, '\xFF')).contains("8200 bits"));
  EXPECT_EQ(problem(std::string(4097, '\xFF')), "its numbers are too long");
}

TEST(SignatureKey, OtherCurvesAndPointsAreRefused) {
  EXPECT_EQ(pem_problem(test::p384_pem), "public key 1: its curve has to be P-256");
  EXPECT_EQ(pem_problem(test::secp256k1_pem), "public key 1: its curve has to be P-256");
  const std::string x = bytes_in(test::es256_token.key, "x");
  const std::string y = bytes_in(test::es256_token.key, "y");
  const auto problem = [](std::string_view at, std::string_view to) {
    return problem_of(SignatureKey::from_p256(as_bytes(at), as_bytes(to)));
  };
  EXPECT_EQ(problem(x, y), "");
  std::string off = y;
  off.back() = static_cast<char>(off.back() ^ 1);
  EXPECT_NE(problem(x, off), "");
  EXPECT_NE(problem(y, x), "");
  EXPECT_NE(problem(std::string(32, '\0'), std::string(32, '\0')), "");
  EXPECT_NE(problem(std::string(32, '\xFF'), y), "");
  for (const std::string& other : {x.substr(1), '\0' + x, ""s}) {
    EXPECT_EQ(problem(other, y), "x and y have to be 32 bytes each");
    EXPECT_EQ(problem(x, other), "x and y have to be 32 bytes each");
  }
}

TEST(SignatureKey, PointsOfSmallOrderAreRefused) {  // anybody signs for them
  const auto problem = [](std::string_view point) {
    return problem_of(SignatureKey::from_ed25519(as_bytes(point)));
  };
  EXPECT_EQ(problem(bytes_in(test::eddsa_token.key, "x")), "");
  EXPECT_NE(problem("\1"s + std::string(31, '\0')), "");  // the neutral element
  EXPECT_NE(problem(std::string(32, '\0')), "");          // of order 4
  EXPECT_NE(problem(std::string(32, '\xFF')), "");
  EXPECT_EQ(problem(std::string(31, '\1')), "x has to be 32 bytes");
  EXPECT_EQ(problem(std::string(57, '\1')), "x has to be 32 bytes");
}

TEST(SignatureKey, ReadsPublicKeysInPem) {
  const std::string all = "# ours\n" + std::string(test::rsa2048_pem) +
                          std::string(test::p256_pem) + "\n" + std::string(test::ed25519_pem);
  const auto keys = SignatureKey::read_pem(all);
  ASSERT_TRUE(keys.has_value()) << keys.error();
  ASSERT_EQ(keys->size(), 3u);
  EXPECT_EQ((*keys)[0].algorithm(), SignatureAlgorithm::rs256);
  EXPECT_EQ((*keys)[1].algorithm(), SignatureAlgorithm::es256);
  EXPECT_EQ((*keys)[2].algorithm(), SignatureAlgorithm::eddsa);
}

TEST(SignatureKey, OtherThingsInPemAreRefused) {
  for (const std::string_view other : {test::x25519_pem, test::ed448_pem}) {
    EXPECT_TRUE(pem_problem(other).contains("another kind")) << pem_problem(other);
    EXPECT_TRUE(pem_problem(std::string(test::p256_pem) + std::string(other))
                    .starts_with("public key 2: "));
  }
  for (const std::string_view name : {"CERTIFICATE", "EC PARAMETERS", "RSA PUBLIC KEY", "X"}) {
    std::string block = std::string(test::p256_pem);
    for (std::size_t at = block.find("PUBLIC KEY"); at != std::string::npos;
         at = block.find("PUBLIC KEY", at + name.size())) {
      block.replace(at, 10, name);
    }
    EXPECT_TRUE(pem_problem(block).contains("public keys alone")) << block;
    EXPECT_TRUE(pem_problem(std::string(test::p256_pem) + block).contains("public keys alone"));
    EXPECT_TRUE(pem_problem(block + std::string(test::p256_pem)).contains("public keys alone"));
  }
  EXPECT_TRUE(pem_problem("-----BEGIN PRIVATE KEY-----\n").contains("openssl pkey"));
  EXPECT_TRUE(pem_problem("-----BEGIN EC PRIVATE KEY-----\n").contains("openssl pkey"));
}

TEST(SignatureKey, NoCutOfAPemIsRead) {
  const std::string_view whole = test::p256_pem;
  for (std::size_t size = 0; size + 1 < whole.size(); ++size) {
    EXPECT_NE(pem_problem(whole.substr(0, size)), "") << whole.substr(0, size);
  }
}

TEST(SignatureKey, NamesOfAlgorithmsAreExact) {
  for (const SignatureAlgorithm algorithm :
       {SignatureAlgorithm::hs256, SignatureAlgorithm::rs256, SignatureAlgorithm::es256,
        SignatureAlgorithm::eddsa}) {
    EXPECT_EQ(algorithm_named(name_of(algorithm)), algorithm);
  }
  for (const std::string& name : {"none"s, "None"s, ""s, "hs256"s, "HS384"s, "HS512"s, "PS256"s,
                                  "RS256 "s, "ES256\0"s, "EDDSA"s, "ES256K"s}) {
    EXPECT_EQ(algorithm_named(name), std::nullopt) << name;
  }
}

}  // namespace
}  // namespace peal::auth
