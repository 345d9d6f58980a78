#include "peal/auth/json_web_keys.hpp"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

#include "support/temporary_folder.hpp"
#include "support/token_cases.hpp"

namespace peal::auth {
namespace {

using test::key_set;

std::string problem_of(std::string_view text) {
  const auto keys = JsonWebKeys::parse(text);
  return keys ? "" : keys.error();
}

/// What speaks against a set of that one key.
std::string key_problem(std::string_view key) { return problem_of(key_set({key})); }

/// `key` with `members` besides its own.
std::string with(std::string_view key, std::string_view members) {
  return "{" + std::string(members) + "," + std::string(key.substr(1));
}

SignatureCheck check(const JsonWebKeys& keys, const test::KnownToken& known,
                     SignatureAlgorithm algorithm, std::optional<std::string_view> id = {}) {
  const auto signature = decode_base64(known.signature, Base64::url);
  return keys.check(algorithm, id, as_bytes(known.content()), as_bytes(signature.value_or("")));
}

TEST(JsonWebKeys, ReadsEveryKindOfKey) {
  const auto keys = JsonWebKeys::parse(key_set({test::hs256_token.key, test::rs256_token.key,
                                                test::es256_token.key, test::eddsa_token.key}));
  ASSERT_TRUE(keys.has_value()) << keys.error();
  EXPECT_EQ(keys->size(), 4u);
  for (std::size_t at = 0; at < 4; ++at) {
    for (const SignatureAlgorithm algorithm :
         {SignatureAlgorithm::hs256, SignatureAlgorithm::rs256, SignatureAlgorithm::es256,
          SignatureAlgorithm::eddsa}) {
      const bool is_its = static_cast<std::size_t>(algorithm) == at;
      EXPECT_EQ(check(*keys, test::known_tokens[at], algorithm),
                is_its ? SignatureCheck::right : SignatureCheck::wrong);
    }
  }
}

TEST(JsonWebKeys, ReadsPem) {
  const auto keys =
      JsonWebKeys::parse("\n" + std::string(test::rsa2048_pem) + std::string(test::p256_pem));
  ASSERT_TRUE(keys.has_value()) << keys.error();
  EXPECT_EQ(keys->size(), 2u);
  EXPECT_EQ(check(*keys, test::rs256_token, SignatureAlgorithm::rs256), SignatureCheck::wrong);
  EXPECT_EQ(check(*keys, test::rs256_token, SignatureAlgorithm::rs256, "any"),
            SignatureCheck::wrong);
  EXPECT_EQ(check(*keys, test::hs256_token, SignatureAlgorithm::hs256), SignatureCheck::no_key);
  EXPECT_EQ(problem_of(test::rsa1024_pem),
            "public key 1: it has 1024 bits; at least 2048 keep forgers out");
}

TEST(JsonWebKeys, AnIdChoosesAmongKeys) {
  const auto keys =
      JsonWebKeys::parse(key_set({with(test::es256_token.key, R"("kid":"a")"),
                                  with(test::hs256_token.key, R"("kid":"b")"), test::shared_key}));
  ASSERT_TRUE(keys.has_value()) << keys.error();
  const auto es256 = [&keys](std::optional<std::string_view> id) {
    return check(*keys, test::es256_token, SignatureAlgorithm::es256, id);
  };
  EXPECT_EQ(es256("a"), SignatureCheck::right);
  EXPECT_EQ(es256(std::nullopt), SignatureCheck::right);
  EXPECT_EQ(es256("b"), SignatureCheck::no_key);  // it is another algorithm's
  EXPECT_EQ(es256("A"), SignatureCheck::no_key);
  EXPECT_EQ(es256(""), SignatureCheck::no_key);
  EXPECT_EQ(check(*keys, test::hs256_token, SignatureAlgorithm::hs256, "b"), SignatureCheck::right);
  EXPECT_EQ(check(*keys, test::hs256_token, SignatureAlgorithm::hs256, "shared"),
            SignatureCheck::wrong);
}

TEST(JsonWebKeys, AKeyWithoutAnIdIsAnybodys) {
  const auto keys = JsonWebKeys::parse(key_set({test::es256_token.key}));
  ASSERT_TRUE(keys.has_value()) << keys.error();
  EXPECT_EQ(check(*keys, test::es256_token, SignatureAlgorithm::es256, "x"), SignatureCheck::right);
}

TEST(JsonWebKeys, TheWorkForATokenWithoutAnIdHasALimit) {
  const auto set = [](std::size_t count) {
    std::string keys;
    for (std::size_t at = 0; at < count; ++at) {
      keys += (at == 0 ? "" : ",") +
              with(test::es256_token.key, "\"kid\":\"" + std::to_string(at) + "\"");
    }
    return "{\"keys\":[" + keys + "]}";
  };
  const auto eight = JsonWebKeys::parse(set(tried_keys_limit));
  const auto nine = JsonWebKeys::parse(set(tried_keys_limit + 1));
  ASSERT_TRUE(eight.has_value() && nine.has_value());
  EXPECT_EQ(check(*eight, test::es256_token, SignatureAlgorithm::es256), SignatureCheck::right);
  EXPECT_EQ(check(*nine, test::es256_token, SignatureAlgorithm::es256),
            SignatureCheck::too_many_keys);
  EXPECT_EQ(check(*nine, test::es256_token, SignatureAlgorithm::es256, "8"), SignatureCheck::right);
  EXPECT_EQ(problem_of(set(json_web_keys_limit)), "");
  EXPECT_EQ(problem_of(set(json_web_keys_limit + 1)), "there are more than 100 keys");
}

TEST(JsonWebKeys, KeysForOtherThingsArePassedOver) {
  const std::string encryption = with(test::rs256_token.key, R"("use":"enc","alg":"RSA-OAEP")");
  const std::string signing = with(test::es256_token.key, R"("key_ops":["sign"])");
  const std::string both = with(test::es256_token.key,
                                R"("use":"sig","key_ops":["sign","verify"],"alg":"ES256","x5t":1)");
  const auto keys = JsonWebKeys::parse(key_set({encryption, signing, both}));
  ASSERT_TRUE(keys.has_value()) << keys.error();
  EXPECT_EQ(keys->size(), 1u);
  EXPECT_EQ(key_problem(encryption), "there is no key for signatures in it");
}

TEST(JsonWebKeys, ErrorsNameTheKey) {
  EXPECT_EQ(key_problem(R"({"kty":"oct","kid":"gates","k":"AAAA"})"),
            "key 1 (\"gates\"): its secret has 3 bytes; at least 32 keep guessers out");
  EXPECT_EQ(problem_of(key_set({test::es256_token.key, R"({"kty":"oct","k":"AAAA"})"})),
            "key 2: its secret has 3 bytes; at least 32 keep guessers out");
}

TEST(JsonWebKeys, OtherAlgorithmsAreRefused) {
  for (const std::string_view alg : {R"("none")", R"("HS256")", R"("RS384")", R"("PS256")",
                                     R"("rs256")", R"("")", "1", "null"}) {
    EXPECT_EQ(key_problem(with(test::rs256_token.key, "\"alg\":" + std::string(alg))),
              "key 1: its alg has to be RS256")
        << alg;
  }
  EXPECT_EQ(key_problem(with(test::hs256_token.key, R"("alg":"HS512")")),
            "key 1: its alg has to be HS256");
  EXPECT_EQ(key_problem(with(test::rs256_token.key, R"("alg":"RS256")")), "");
}

TEST(JsonWebKeys, MembersThatAreWrongAreRefused) {
  const auto refuses = [](std::string_view key, std::string_view word) {
    const std::string problem = key_problem(key);
    return problem.starts_with("key 1") && problem.contains(word);
  };
  for (const std::string_view key :
       {R"({})", R"({"kty":1})", R"({"kty":"rsa"})", R"({"kty":"AKP"})"}) {
    EXPECT_TRUE(refuses(key, "kty")) << key;
  }
  for (const std::string_view key : {"1", "[]", "null", "\"x\""}) {
    EXPECT_TRUE(refuses(key, "object")) << key;
  }
  const std::string longest(256, 'x');
  EXPECT_EQ(key_problem(with(test::es256_token.key, "\"kid\":\"" + longest + "\"")), "");
  EXPECT_TRUE(refuses(with(test::es256_token.key, "\"kid\":\"" + longest + "x\""), "kid"));
  for (const std::string_view member : {R"("kid":1)", R"("kid":"")", R"("kid":null)",
                                        R"("use":"tls")", R"("use":1)", R"("key_ops":"verify")"}) {
    EXPECT_TRUE(refuses(with(test::es256_token.key, member), member.substr(1, 3))) << member;
  }
  for (const std::string_view key :
       {R"({"kty":"oct"})", R"({"kty":"oct","k":1})", R"({"kty":"RSA","n":"AQAB"})",
        R"({"kty":"RSA","e":"AQAB"})", R"({"kty":"EC","crv":"P-256","x":"AAAA"})",
        R"({"kty":"OKP","crv":"Ed25519"})", R"({"kty":"oct","k":"not base64url"})",
        R"({"kty":"oct","k":"dGhpcnR5LXR3byBieXRlcyBhcmUgdGhlIGxlYXN0ISE="})"}) {
    EXPECT_TRUE(refuses(key, "base64url")) << key;
  }
  for (const std::string_view crv : {"P-384", "secp256k1", "p-256", "Ed25519", ""}) {
    EXPECT_TRUE(refuses(R"({"kty":"EC","crv":")" + std::string(crv) + R"(","x":"AA","y":"AA"})",
                        "its crv has to be P-256"));
  }
  for (const std::string_view crv : {"X25519", "Ed448", "P-256", ""}) {
    EXPECT_TRUE(refuses(R"({"kty":"OKP","crv":")" + std::string(crv) + R"(","x":"AA"})",
                        "its crv has to be Ed25519"));
  }
}

TEST(JsonWebKeys, PrivatePartsAreRefused) {
  for (const test::KnownToken& known : {test::rs256_token, test::es256_token, test::eddsa_token}) {
    EXPECT_TRUE(key_problem(with(known.key, R"("d":"AAAA")")).contains("private part"));
  }
}

TEST(JsonWebKeys, TwoKeysOfOneNameAreRefused) {
  const std::string one = with(test::es256_token.key, R"("kid":"a")");
  EXPECT_EQ(problem_of(key_set({one, one})), "key 2 (\"a\"): there is another one of that name");
  EXPECT_EQ(problem_of(key_set({one, with(test::rs256_token.key, R"("kid":"a")")})), "");
}

TEST(JsonWebKeys, WhatIsNoSetIsRefused) {
  for (const std::string_view text : {"", " ", "x", "[]", "null", "\"keys\""}) {
    EXPECT_EQ(problem_of(text), R"(it is neither a set of keys, {"keys": [...]}, nor PEM)") << text;
  }
  for (const std::string_view text :
       {std::string_view("{}"), std::string_view(R"({"keys":{}})"), test::es256_token.key}) {
    EXPECT_EQ(problem_of(text), R"(it has to be {"keys": [...]})") << text;
  }
  EXPECT_EQ(problem_of(R"({"keys":[]})"), "there is no key for signatures in it");
  EXPECT_EQ(problem_of(R"({"keys":[]}x)"), "it is no JSON");
  EXPECT_EQ(problem_of(R"({"keys":[],"keys":[]})"), "an object in it has a member twice");
  EXPECT_EQ(key_problem(R"({"kty":"oct","k":"AAAA","k":"BBBB"})"),
            "an object in it has a member twice");
  EXPECT_EQ(problem_of(std::string(json_web_keys_bytes_limit + 1, ' ')), "it is longer than 1 MiB");
}

TEST(JsonWebKeys, ReadsFiles) {
  const test::TemporaryFolder folder;
  const std::string path = folder / "keys.json";
  const auto problem = [&path] {
    const auto keys = JsonWebKeys::read(path);
    return keys ? "" : keys.error();
  };
  EXPECT_EQ(problem(), path + ": it cannot be read: No such file or directory");
  std::ofstream(path) << key_set({test::es256_token.key}) << '\n';
  EXPECT_EQ(problem(), "");
  std::ofstream(path) << "nothing";
  EXPECT_TRUE(problem().starts_with(path + ": it is neither"));
  std::ofstream(path) << std::string(json_web_keys_bytes_limit + 1, '{');
  EXPECT_EQ(problem(), path + ": it is longer than 1 MiB");
  std::filesystem::remove(path);
  std::filesystem::create_directory(path);
  EXPECT_TRUE(problem().starts_with(path + ": it "));
}

}  // namespace
}  // namespace peal::auth
