#include "peal/auth/json_web_token.hpp"

#include <gtest/gtest.h>
#include <vector>

#include "support/token_cases.hpp"

namespace peal::auth {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using namespace std::string_view_literals;
using std::chrono::system_clock;

constexpr std::int64_t now_seconds = 1'800'000'000;
constexpr system_clock::time_point now{std::chrono::seconds(now_seconds)};

const JsonWebKeys& shared_keys() {
  static const JsonWebKeys keys = *JsonWebKeys::parse(test::key_set({test::shared_key}));
  return keys;
}

using Verified = std::expected<Identity, TokenRefusal>;

Verified verify(std::string_view token, const TokenOptions& options = {}) {
  return verify_token(token, shared_keys(), now, options);
}

/// What is wrong with a token; "no token: " or "no key: " in front where it is that.
std::string why(const Verified& verified) {
  if (verified) {
    return {};
  }
  const TokenRefusal& refusal = verified.error();
  return (refusal.fault == TokenFault::no_token ? "no token: "
          : refusal.fault == TokenFault::no_key ? "no key: "
                                                : "") +
         refusal.why;
}

/// What is wrong with a token of user "me" with those claims besides.
std::string why_claims(std::string_view claims, const TokenOptions& options = {}) {
  return why(verify(test::token_with(R"({"sub":"me",)" + std::string(claims) + "}"), options));
}

std::string why_header(std::string_view header) {
  return why(verify(test::token_with_header(header, R"({"sub":"me"})")));
}

TEST(JsonWebToken, VerifiesWhatTheStandardsShow) {
  TokenOptions options;
  options.user_claim = "iss";
  const system_clock::time_point end{1'300'819'380s};
  for (const test::KnownToken& known : {test::hs256_token, test::rs256_token, test::es256_token}) {
    SCOPED_TRACE(known.what);
    const auto keys = JsonWebKeys::parse(test::key_set({known.key}));
    ASSERT_TRUE(keys.has_value());
    const auto identity = verify_token(known.token(), *keys, end - 1s, options);
    ASSERT_TRUE(identity.has_value()) << identity.error().why;
    EXPECT_EQ(identity->user, "joe");
    EXPECT_EQ(identity->grants, "");
    EXPECT_EQ(identity->expires, end + 30s);
    EXPECT_EQ(why(verify_token(known.token(), *keys, now, options)), "it has expired");
    EXPECT_TRUE(why(verify_token(known.token(), shared_keys(), end, options)) != "");
  }
  const auto keys = JsonWebKeys::parse(test::key_set({test::eddsa_token.key}));
  ASSERT_TRUE(keys.has_value());
  EXPECT_EQ(why(verify_token(test::eddsa_token.token(), *keys, now, {})),
            "its claims cannot be read: it is no JSON");
}

TEST(JsonWebToken, SaysWhoItIsAndWhatItMay) {
  const auto identity = verify(test::token_with(
      R"({"sub":"bell-1","exp":1800000100,"nbf":1700000000,"iat":1700000000.5,"jti":"x",)"
      R"("acl":{"pub":["bells/%u/#"]},"roles":["device"],"other":{"deep":[1]}})"));
  ASSERT_TRUE(identity.has_value()) << identity.error().why;
  EXPECT_EQ(identity->user, "bell-1");
  EXPECT_EQ(identity->grants, "allow publish bells/%u/#\nrole device\n");
  EXPECT_EQ(identity->expires, now + 100s + 30s);
  const auto lasting = verify(test::token_with(R"({"sub":"bell-1"})"));
  ASSERT_TRUE(lasting.has_value());
  EXPECT_EQ(lasting->expires, std::nullopt);
}

TEST(JsonWebToken, AnOrdinaryPasswordIsNoToken) {
  const std::string token = test::token_with(R"({"sub":"me"})");
  for (const std::string& password :
       {""s, "."s, ".."s, "..."s, "secret"s, "a.b.c"s, "eyJ.eyJ.x"s, "{}.{}.x"s, "\0.\0.\0"s,
        token.substr(0, token.rfind('.')), token + ".x", token + ".", "." + token, token + "=",
        token + "\n", " " + token, token + "\0"s, "x" + token,
        // A header without alg, no JSON, no object, and one that is cut.
        test::token_with_header("{}", "{}"), test::token_with_header("x", "{}"),
        test::token_with_header(R"(["alg"])", "{}"), token.substr(1),
        test::token_with_header("", ""), test::token_with_header(R"({"ALG":"HS256"})", "{}"),
        test::token_with_header(R"({"alg":"HS256"}x)", "{}"),
        test::token_with_header(R"({"alg":"HS256","x":)" + std::string(5000, '1') + "}", "{}"),
        test::token_with_header(
            R"({"alg":"HS256","x":)" + std::string(50, '[') + std::string(50, ']') + "}", "{}")}) {
    EXPECT_EQ(why(verify(password)), "no token: it is no token") << password;
  }
}

TEST(JsonWebToken, NoCutOfATokenIsTaken) {
  const std::string token = test::token_with(R"({"sub":"me","exp":1900000000})");
  ASSERT_TRUE(verify(token).has_value());
  for (std::size_t at = 0; at < token.size(); ++at) {
    EXPECT_FALSE(verify(token.substr(0, at)).has_value()) << at;
    EXPECT_FALSE(verify(token.substr(at + 1)).has_value()) << at;
    for (const char other : "A.=_\0"sv) {
      std::string changed = token;
      changed[at] = other;
      EXPECT_TRUE(changed == token || !verify(changed).has_value()) << changed;
      EXPECT_FALSE(verify(token.substr(0, at) + other + token.substr(at)).has_value());
    }
  }
}

TEST(JsonWebToken, TheAlgorithmIsTheKeysAlone) {
  const std::string claims = R"({"sub":"me"})";
  // Signed with what everybody knows of an RSA or EC key, in every form of it.
  for (const std::string_view known :
       {test::rsa2048_pem, test::rs256_token.key, test::p256_pem, test::es256_token.key}) {
    const auto keys =
        JsonWebKeys::parse(known.starts_with('{') ? test::key_set({known}) : std::string(known));
    ASSERT_TRUE(keys.has_value());
    const std::string content =
        test::as_base64url(R"({"alg":"HS256","typ":"JWT"})") + '.' + test::as_base64url(claims);
    for (const std::string_view secret : {known, known.substr(0, known.size() - 1)}) {
      const std::string forged = content + '.' + test::mac_of(content, secret);
      EXPECT_EQ(why(verify_token(forged, *keys, now, {})),
                "no key: there is no key for its alg and kid");
    }
  }
  for (const std::string_view alg : {"none", "None", "NONE", "nOnE", "", "hs256", "HS384", "HS512",
                                     "PS256", "RS512", "HS256 ", "HS256\\u0000"}) {
    const std::string header = R"({"alg":")" + std::string(alg) + R"("})";
    EXPECT_EQ(why_header(header), "its alg is none of HS256, RS256, ES256 and EdDSA") << alg;
    const std::string unsigned_token =
        test::as_base64url(header) + '.' + test::as_base64url(claims) + '.';
    EXPECT_EQ(why(verify(unsigned_token)), "its alg is none of HS256, RS256, ES256 and EdDSA");
  }
  for (const std::string_view alg : {"null", "1", "true", R"(["HS256"])", R"({"HS256":1})"}) {
    EXPECT_EQ(why_header("{\"alg\":" + std::string(alg) + "}"),
              "its alg is none of HS256, RS256, ES256 and EdDSA");
  }
  EXPECT_EQ(why_header(R"({"alg":"RS256"})"), "no key: there is no key for its alg and kid");
}

TEST(JsonWebToken, HeadersAreUnderstoodOrRefused) {
  EXPECT_EQ(why_header(R"({"alg":"HS256","typ":"JWT","kid":"shared"})"), "");
  EXPECT_EQ(why_header(R"({"typ":"at+jwt","alg":"HS256","jku":"http://evil","jwk":{"kty":"oct"}})"),
            "");
  EXPECT_EQ(why_header(R"({"alg":"HS256","kid":"other"})"),
            "no key: there is no key for its alg and kid");
  for (const std::string_view kid : {"1", "null", "[]"}) {
    EXPECT_EQ(why_header(R"({"alg":"HS256","kid":)" + std::string(kid) + "}"),
              "its kid is no text of at most 256 bytes");
  }
  EXPECT_EQ(why_header(R"({"alg":"HS256","kid":")" + std::string(257, 'x') + R"("})"),
            "its kid is no text of at most 256 bytes");
  EXPECT_EQ(why_header(R"({"alg":"HS256","kid":"../../keys' OR 1=1 --\u0000"})"),
            "no key: there is no key for its alg and kid");
  for (const std::string_view crit : {R"(["b64"])", "[]", "null", R"(["exp"])"}) {
    EXPECT_EQ(why_header(R"({"alg":"HS256","b64":false,"crit":)" + std::string(crit) + "}"),
              "its header has crit, and asks for what is not known here");
  }
  EXPECT_EQ(why_header(R"({"alg":"HS256","alg":"HS256"})"), "its header has a member twice");
  EXPECT_EQ(why_header(R"({"alg":"none","\u0061lg":"HS256"})"), "its header has a member twice");
}

TEST(JsonWebToken, Base64urlIsCanonical) {
  const std::string token = test::token_with(R"({"sub":"me"})");
  // 32 bytes leave four bits of the last letter unused: the letters behind it mean the same bytes.
  std::string other = token;
  for (char letter = 'A'; letter <= 'z'; ++letter) {
    other.back() = letter;
    EXPECT_TRUE(letter == token.back() || !verify(other).has_value()) << letter;
  }
  // The same in the claims, under a right signature.
  const std::string header = test::as_base64url(R"({"alg":"HS256"})");
  const std::string claims = test::as_base64url(R"({"sub":"me" })");  // ends with "Q"
  ASSERT_EQ(claims.size() % 4, 2u);
  const auto signed_as = [&header](const std::string& text) {
    const std::string content = header + '.' + text;
    return content + '.' + test::mac_of(content, test::shared_secret);
  };
  EXPECT_EQ(why(verify(signed_as(claims))), "");
  std::string loose = claims;
  loose.back() = static_cast<char>(loose.back() + 1);
  EXPECT_EQ(why(verify(signed_as(loose))), "its claims cannot be read: it is no JSON");
}

TEST(JsonWebToken, ExpiryIsATimeToCome) {
  EXPECT_EQ(why_claims(R"("exp":1800000001)"), "");
  EXPECT_EQ(why_claims(R"("exp":1799999971)"), "");  // 30 seconds for clocks that are apart
  EXPECT_EQ(why_claims(R"("exp":1799999970)"), "it has expired");
  EXPECT_EQ(why_claims(R"("exp":1799999970.5)"), "");
  EXPECT_EQ(why_claims(R"("exp":0)"), "it has expired");
  EXPECT_EQ(why_claims(R"("exp":1.8000001e9)"), "");
  for (const std::string_view time :
       {R"("1900000000")", "-1", "-1.5", "null", "true", "[1900000000]", "{}", "1e300", "1e999",
        "-1e999", "1800000000000", "18446744073709551615", "99999999999999999999",
        "253402300800"}) {
    EXPECT_EQ(why_claims("\"exp\":" + std::string(time)), "its exp is no time in seconds") << time;
    EXPECT_EQ(why_claims("\"nbf\":" + std::string(time)), "its nbf is no time in seconds") << time;
    EXPECT_EQ(why_claims("\"iat\":" + std::string(time)), "its iat is no time in seconds") << time;
  }
}

TEST(JsonWebToken, WhatEndsBeyondTheClockNeverEnds) {
  const auto expires = [](std::string_view time) {
    const auto identity =
        verify(test::token_with(R"({"sub":"me","exp":)" + std::string(time) + "}"));
    return identity ? identity->expires : now;
  };
  EXPECT_EQ(expires("1800000100"), now + 130s);
  EXPECT_EQ(expires("1800000099.25"), now + 130s);
  EXPECT_EQ(expires("8999999999"), system_clock::time_point(9'000'000'029s));
  EXPECT_EQ(expires("9999999999"), std::nullopt);
  EXPECT_EQ(expires("253402300799"), std::nullopt);
}

TEST(JsonWebToken, ExpiryMayBeRequired) {
  TokenOptions options;
  options.is_expiry_required = true;
  EXPECT_EQ(why_claims(R"("x":1)", options), "it has no exp");
  EXPECT_EQ(why_claims(R"("exp":1800000001)", options), "");
}

TEST(JsonWebToken, BeginningsAreInThePast) {
  EXPECT_EQ(why_claims(R"("nbf":1800000030,"iat":1800000030)"), "");
  EXPECT_EQ(why_claims(R"("nbf":1800000031)"), "it is not valid yet (nbf)");
  EXPECT_EQ(why_claims(R"("iat":1800000031)"), "it was issued in the future (iat)");
  TokenOptions strict;
  strict.leeway = 0s;
  EXPECT_EQ(why_claims(R"("nbf":1800000000,"iat":1800000000,"exp":1800000001)", strict), "");
  EXPECT_EQ(why_claims(R"("nbf":1800000001)", strict), "it is not valid yet (nbf)");
  EXPECT_EQ(why_claims(R"("iat":1800000001)", strict), "it was issued in the future (iat)");
  EXPECT_EQ(why_claims(R"("exp":1800000000)", strict), "it has expired");
}

TEST(JsonWebToken, TheIssuerIsTheOneThatIsExpected) {
  TokenOptions options;
  options.issuer = "https://a";
  EXPECT_EQ(why_claims(R"("iss":"https://a")", options), "");
  for (const std::string_view issuer :
       {R"("https://A")", R"("https://a/")", R"("https://a\u0000")", R"("")"}) {
    EXPECT_EQ(why_claims("\"iss\":" + std::string(issuer), options),
              "it is of another issuer (iss)");
  }
  EXPECT_EQ(why_claims(R"("x":1)", options), "it is of another issuer (iss)");
  EXPECT_EQ(why_claims(R"("iss":["https://a"])", options), "its iss is no text");
  EXPECT_EQ(why_claims(R"("iss":1)"), "its iss is no text");
  EXPECT_EQ(why_claims(R"("iss":"anybody")"), "");
}

TEST(JsonWebToken, TheAudienceIsThisServer) {
  TokenOptions options;
  options.audience = "peal";
  EXPECT_EQ(why_claims(R"("aud":"peal")", options), "");
  EXPECT_EQ(why_claims(R"("aud":["other","peal"])", options), "");
  for (const std::string_view audience :
       {R"("other")", R"("peal2")", R"("Peal")", R"([])", R"(["other"])", R"([["peal"]])",
        R"({"peal":1})", "1", "null", R"("")"}) {
    EXPECT_EQ(why_claims("\"aud\":" + std::string(audience), options),
              "it is for another audience (aud)")
        << audience;
  }
  EXPECT_EQ(why_claims(R"("x":1)", options), "it is for no audience (aud)");
  // RFC 7519 §4.1.3: who is not told that it is meant is not.
  EXPECT_TRUE(why_claims(R"("aud":"peal")").starts_with("it is for an audience (aud), and"));
}

TEST(JsonWebToken, TheUserIsANameOfSomebody) {
  const auto user = [](std::string_view value, std::string_view claim) {
    TokenOptions options;
    options.user_claim = claim;
    const auto identity = verify(
        test::token_with("{\"" + std::string(claim) + "\":" + std::string(value) + "}"), options);
    return identity ? identity->user : "! " + identity.error().why;
  };
  EXPECT_EQ(user(R"("me")", "sub"), "me");
  EXPECT_EQ(user(R"("m\u00e9 \n")", "preferred_username"), "mé \n");
  EXPECT_EQ(user(R"("me")", "https://example.com/user"), "me");
  const std::string longest(256, 'x');
  EXPECT_EQ(user('"' + longest + '"', "sub"), longest);
  for (const std::string& value :
       {"\"\""s, '"' + longest + "x\"", R"("\u0000")"s, R"("me\u0000")"s}) {
    EXPECT_EQ(user(value, "sub"), "! its claim sub is no name of a user: 1 to 256 bytes, no NUL");
  }
  for (const std::string_view value : {"1", "null", "true", R"(["me"])", R"({"me":1})"}) {
    EXPECT_EQ(user(value, "sub"), "! it has no text in its claim sub, which names the user");
  }
  EXPECT_EQ(why(verify(test::token_with("{}"))),
            "it has no text in its claim sub, which names the user");
}

TEST(JsonWebToken, ClaimsAreAnObjectReadOneWay) {
  for (const std::string_view claims : {"[]", "1", "null", "\"me\""}) {
    EXPECT_EQ(why(verify(test::token_with(claims))), "its claims are no JSON object");
  }
  for (const std::string_view claims : {"", "x", "{", "{}{}", R"({"sub":"me"}x)", "\xFF",
                                        "{\"sub\":\"\xC3\x28\"}", "{\"sub\":\"\xED\xA0\x80\"}"}) {
    EXPECT_EQ(why(verify(test::token_with(claims))), "its claims cannot be read: it is no JSON");
  }
  EXPECT_EQ(why(verify(test::token_with("{\"sub\":\"me\"}\0"sv))),
            "its claims cannot be read: it is no JSON");
  EXPECT_EQ(why_claims(R"("exp":1,"exp":1900000000)"),
            "its claims cannot be read: an object in it has a member twice");
  EXPECT_EQ(why_claims(R"("\u0073ub":"root")"),
            "its claims cannot be read: an object in it has a member twice");
  EXPECT_EQ(why_claims("\"x\":" + std::string(2000, '[') + std::string(2000, ']')),
            "its claims cannot be read: it is nested too deep");
}

TEST(JsonWebToken, RightsAreUnderstoodOrRefused) {
  EXPECT_EQ(why_claims(R"("acl":{"pub":["a/#/b"]})")
                .find("its rights are not understood: acl.pub[0]: \"a/#/b\" is no Topic Filter"),
            0u);
  EXPECT_EQ(why_claims(R"("acl":null)").find("its rights are not understood: acl: "), 0u);
  EXPECT_EQ(why_claims(R"("roles":"admin")"),
            "its rights are not understood: roles: it has to be a list of names");
}

TEST(JsonWebToken, SizeHasALimit) {
  const std::string token = test::token_with(R"({"sub":"me"})");
  TokenOptions options;
  options.max_bytes = token.size();
  EXPECT_EQ(why(verify(token, options)), "");
  --options.max_bytes;
  EXPECT_EQ(why(verify(token, options)),
            "it is longer than " + std::to_string(options.max_bytes) + " bytes");
  EXPECT_EQ(why_claims(R"("x":")" + std::string(9000, 'x') + '"'), "it is longer than 8192 bytes");
}

TEST(JsonWebToken, NothingIsSaidBeforeTheSignatureIsRight) {
  std::string token = test::token_with(R"({"sub":"me","exp":1})");
  token.replace(token.rfind('.') + 1, 4, "AAAA");
  EXPECT_EQ(why(verify(token)), "its signature is wrong");
}

TEST(JsonWebToken, TheClaimOfTheUserHasAName) {
  EXPECT_EQ(user_claim_of("claim:sub").value_or("!"), "sub");
  EXPECT_EQ(user_claim_of("claim:https://x/y").value_or("!"), "https://x/y");
  for (const std::string_view text : {"", "sub", "claim:", "claim", "Claim:sub", " claim:sub"}) {
    EXPECT_FALSE(user_claim_of(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace peal::auth
