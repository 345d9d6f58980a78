#include "peal/auth/password_hash.hpp"

#include <array>
#include <gtest/gtest.h>
#include <set>

namespace peal::auth {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

struct KnownHash {
  std::string_view what;
  HashKind kind;
  std::string_view password;
  std::string_view text;
};

// Made by other programs than ours.
constexpr std::array known_hashes{
    // clang-format off
    KnownHash{"mosquitto_passwd -H sha512", HashKind::sha512, "right",
              "$6$aLspq2n9YdhULwan$9gQiayeQvGReVn+HPYIANGOmN551HCJNA7PyYT9jAyEySXXCS6EG2DNt7RZ5agtc"
              "A+TYVz/wVxdTyewpIMEjJw=="},
    KnownHash{"mosquitto_passwd -H sha512, UTF-8", HashKind::sha512, "pa:ss wörd$",
              "$6$xkJBH4vwmO2WBfMy$1qYAI88BP34wrgTRc1DTxzSKRY2t/3Y/naeS32viF4NWVNLos4cklc5M9rRXcAMf"
              "zjmp+jidUiM4BRVQ5oZEJw=="},
    KnownHash{"mosquitto_passwd -H sha512, empty", HashKind::sha512, "",
              "$6$XAtCT81Bf9/FPKfl$1oh9yyhgbgx/K5EvRVbxsShcNdexlWdXIaJxMqaeddcwXspUP6BJvk+3acQ7v02h"
              "LE32hA38afTmWUPaOT7vhw=="},
    KnownHash{"hashlib's sha512, with a NUL", HashKind::sha512, "right\0x"sv,
              "$6$MDEyMzQ1Njc4OWFi$wH8IV08PPD5MZRHIgApK1zYGR0a2V70S6Qvqn4DksiWSntO5mKlINiA8mx/goIm9"
              "YNubUViY1hKP8/QCDUUU2w=="},
    KnownHash{"mosquitto_passwd -H sha512-pbkdf2", HashKind::pbkdf2_sha512, "right",
              "$7$101$yG8NkXCaBpJoO4ba$uyyjgzt6H7wjie9zgbpbExLViCJrRExSEdMMr+A2LxiQOZvmm+WxQKTCoL9P"
              "2T/oAbJL+37uFljK9DCkPNVvgg=="},
    KnownHash{"mosquitto_passwd -H sha512-pbkdf2, UTF-8", HashKind::pbkdf2_sha512, "pa:ss wörd$",
              "$7$101$jwiqp7oTi2+KfLVz$0Z1h+TMkrQPQ1+Wlyhxhs+nOoMH3EQdJtObN/XfnUSzoe/8RLTlefpv5KCln"
              "Imj2zOVYArI/FFvH8W0w3uKzKQ=="},
    KnownHash{"mosquitto_passwd -H sha512-pbkdf2, empty", HashKind::pbkdf2_sha512, "",
              "$7$101$NGRJjx3h1IMItMXD$reS5cMlrZwzKs3H6NYf1FcxzJCVEFDFw5SdpdoVnTKElADhTl0AWwVbZXTeP"
              "+FXG9iqldEDS9aYpUpKaQsJBCQ=="},
    KnownHash{"hashlib's pbkdf2_hmac, with a NUL", HashKind::pbkdf2_sha512, "right\0x"sv,
              "$7$1000$MDEyMzQ1Njc4OWFi$xeArCHxaufQAAJCiU1De78uRxkZsEBdtflWkm4b4/XhY2fQp5jYq5COV7b3"
              "A2TFnE9Ixc4+sLOOACkj6rptgTA=="},
    KnownHash{"hashlib's pbkdf2_hmac, 64 bytes of salt", HashKind::pbkdf2_sha512, "right",
              "$7$1000$AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4"
              "OTo7PD0+Pw==$Ko+8yoQ8Urb1cYSQpRTiNLvLe1ktHO45nhnfGw/ZWrxRsY0vEXVrJvU5u6vtdNb0e/22IuD"
              "vXofD9q+Gmjx93w=="},
    KnownHash{"the reference argon2, the least there is", HashKind::argon2id, "right",
              "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$kgPwZ9DAehBT966hqnz1RvMedn9cKCTI012WUoxq9i8"},
    KnownHash{"the reference argon2, our costs", HashKind::argon2id, "right",
              "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$Vi1wctHuGa/HxMHWfdxS88j/UauQXL"
              "1s9A2lgxVAqmE"},
    KnownHash{"the reference argon2, four lanes, 24 bytes", HashKind::argon2id, "right",
              "$argon2id$v=19$m=64,t=3,p=4$c29tZXNhbHRzb21lc2FsdA$"
              "ohqrw58TREVhQXN/kQMrLpcmatvizOG4"},
    KnownHash{"hashlib's pbkdf2_hmac, RFC 7677", HashKind::scram_sha256, "pencil",
              "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT"
              "4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="},
    // clang-format on
};

constexpr std::array kinds{HashKind::argon2id, HashKind::pbkdf2_sha512, HashKind::sha512};

// One of each kind, for what is wrong with it.
constexpr std::string_view sha512_text = known_hashes[0].text;
constexpr std::string_view pbkdf2_text = known_hashes[4].text;
constexpr std::string_view argon2id_text = known_hashes[9].text;

bool is_refused(std::string_view text) { return !PasswordHash::parse(text).has_value(); }

std::string refusal(std::string_view text) {
  const auto hash = PasswordHash::parse(text);
  return hash ? "" : hash.error();
}

bool verifies(std::string_view text, std::string_view password) {
  const auto hash = PasswordHash::parse(text);
  return hash && hash->verify(as_bytes(password));
}

std::string replaced(std::string_view text, std::string_view what, std::string_view with) {
  std::string result(text);
  result.replace(result.find(what), what.size(), with);
  return result;
}

TEST(PasswordHash, VerifiesWhatOtherProgramsMade) {
  for (const KnownHash& known : known_hashes) {
    SCOPED_TRACE(known.what);
    const auto hash = PasswordHash::parse(known.text);
    ASSERT_TRUE(hash.has_value()) << hash.error();
    EXPECT_EQ(hash->kind(), known.kind);
    EXPECT_TRUE(hash->verify(as_bytes(known.password)));
    EXPECT_FALSE(hash->verify(as_bytes("wrong")));
    EXPECT_FALSE(hash->verify(as_bytes("Right")));
    EXPECT_FALSE(hash->verify(as_bytes(std::string(known.password) + "x")));
    EXPECT_FALSE(hash->verify(as_bytes(std::string(known.password) + "\0x"s)));
    EXPECT_EQ(hash->verify({}), known.password.empty());
  }
}

TEST(PasswordHash, VerifiesWhatItMade) {
  for (const HashKind kind : kinds) {
    for (const std::string_view password :
         {"right"sv, ""sv, "right\0x"sv, "\0x"sv, "\xFF\x00\xC0"sv}) {
      const auto hash = PasswordHash::parse(hash_password(as_bytes(password), kind));
      ASSERT_TRUE(hash.has_value()) << hash.error();
      EXPECT_EQ(hash->kind(), kind);
      EXPECT_TRUE(hash->verify(as_bytes(password)));
      EXPECT_FALSE(hash->verify(as_bytes("wrong")));
    }
  }
}

TEST(PasswordHash, ANulIsDataNotAnEnd) {
  for (const HashKind kind : kinds) {
    const std::string text = hash_password(as_bytes("right\0x"sv), kind);
    EXPECT_TRUE(verifies(text, "right\0x"sv));
    EXPECT_FALSE(verifies(text, "right"));
    EXPECT_FALSE(verifies(text, "right\0y"sv));
    EXPECT_FALSE(verifies(hash_password(as_bytes("right"), kind), "right\0x"sv));
    EXPECT_FALSE(verifies(hash_password({}, kind), "\0x"sv));
  }
}

TEST(PasswordHash, NulsAtTheEndCount) {  // though HMAC fills short keys up with zeros
  for (const HashKind kind : kinds) {
    EXPECT_FALSE(verifies(hash_password(as_bytes("right"), kind), "right\0"sv));
    EXPECT_FALSE(verifies(hash_password(as_bytes("right"), kind), "right\0\0\0"sv));
    EXPECT_FALSE(verifies(hash_password({}, kind), "\0"sv));
  }
}

TEST(PasswordHash, TheLongestPasswordCounts) {
  const std::string longest(max_password_bytes, 'x');
  std::string other = longest;
  other.back() = 'y';
  for (const HashKind kind : kinds) {
    const std::string text = hash_password(as_bytes(longest), kind);
    EXPECT_TRUE(verifies(text, longest));
    EXPECT_FALSE(verifies(text, other));
    EXPECT_FALSE(verifies(text, longest + "x"));
  }
}

TEST(PasswordHash, WritesTheTextsThatMosquittoReads) {
  EXPECT_EQ(hash_password(as_bytes("x")).find("$argon2id$v=19$m=19456,t=2,p=1$"), 0u);
  // 12 bytes of salt are 16 characters, 64 of hash are 88.
  const std::string pbkdf2 = hash_password(as_bytes("x"), HashKind::pbkdf2_sha512);
  EXPECT_EQ(pbkdf2.find("$7$210000$"), 0u);
  EXPECT_EQ(pbkdf2.size(), 10u + 16 + 1 + 88);
  const std::string sha512 = hash_password(as_bytes("x"), HashKind::sha512);
  EXPECT_EQ(sha512.find("$6$"), 0u);
  EXPECT_EQ(sha512.size(), 3u + 16 + 1 + 88);
}

TEST(PasswordHash, EverySaltIsFresh) {
  for (const HashKind kind : kinds) {
    const std::set<std::string> texts{hash_password(as_bytes("same"), kind),
                                      hash_password(as_bytes("same"), kind),
                                      hash_password(as_bytes("same"), kind)};
    EXPECT_EQ(texts.size(), 3u);
  }
}

TEST(PasswordHash, NoCutOfATextVerifies) {
  for (const std::string_view text : {sha512_text, pbkdf2_text, argon2id_text}) {
    for (std::size_t size = 0; size < text.size(); ++size) {
      EXPECT_FALSE(verifies(text.substr(0, size), "right")) << text.substr(0, size);
    }
  }
}

TEST(PasswordHash, NoTextWithAnotherCharacterVerifies) {
  for (const std::string_view text : {sha512_text, pbkdf2_text, argon2id_text}) {
    for (std::size_t at = 0; at < text.size(); ++at) {
      for (const char other : "$A=0\n\0"sv) {
        std::string changed(text);
        changed[at] = other;
        EXPECT_TRUE(changed == text || !verifies(changed, "right")) << changed;
      }
    }
  }
}

TEST(PasswordHash, NothingMayFollow) {
  for (const std::string_view text : {sha512_text, pbkdf2_text, argon2id_text}) {
    for (const std::string_view more : {" "sv, "$"sv, "="sv, "A"sv, "\0"sv, "\n"sv, "AAAA"sv}) {
      EXPECT_TRUE(!verifies(std::string(text).append(more), "right")) << text << more;
    }
  }
}

TEST(PasswordHash, PlainTextIsRefusedWithARemedyAndNotQuoted) {
  for (const std::string_view text : {"secret", "$ecret", "7$101$x", "$", "$$", "$2b$12$secret"}) {
    EXPECT_NE(refusal(text).find("`peal passwd -U FILE`"), std::string::npos) << text;
    EXPECT_EQ(refusal(text).find("ecret"), std::string::npos);
  }
  EXPECT_NE(refusal("").find("`peal passwd FILE USER`"), std::string::npos);
}

TEST(PasswordHash, KeepsWhatScramAsksFor) {
  const std::string text = hash_password(as_bytes("right"), HashKind::scram_sha256);
  const auto hash = PasswordHash::parse(text);
  ASSERT_TRUE(hash.has_value()) << hash.error();
  EXPECT_EQ(hash->kind(), HashKind::scram_sha256);
  EXPECT_EQ(hash->stored(), text);
  EXPECT_TRUE(hash->verify(as_bytes("right")));
  for (const std::string_view wrong : {"wrong"sv, ""sv, "right\0"sv, "right\0x"sv}) {
    EXPECT_FALSE(hash->verify(as_bytes(wrong)));
  }
  EXPECT_EQ(refusal("SCRAM-SHA-256$secret").find("secret"), std::string::npos);
  EXPECT_NE(refusal("SCRAM-SHA-256$secret").find("damaged"), std::string::npos);
}

TEST(PasswordHash, OtherKindsAreRefused) {
  for (const std::string_view begin :
       {"$5$", "$1$", "$8$", "$argon2i$", "$argon2d$", "$Argon2id$"}) {
    EXPECT_TRUE(is_refused(replaced(sha512_text, "$6$", begin)));
    EXPECT_TRUE(is_refused(replaced(argon2id_text, "$argon2id$", begin)));
  }
  EXPECT_TRUE(is_refused(replaced(argon2id_text, "v=19", "v=16")));
  EXPECT_TRUE(is_refused(replaced(argon2id_text, "$v=19", "")));
}

TEST(PasswordHash, CostsThatWouldStallTheServerAreRefused) {
  const auto stalls = [](std::string_view text) {
    return refusal(text).find("would stall the server") != std::string::npos;
  };
  for (const std::string_view rounds :
       {"10000001", "4294967295", "4294967296", "99999999999999999999"}) {
    EXPECT_TRUE(stalls(replaced(pbkdf2_text, "$101$", "$" + std::string(rounds) + "$"))) << rounds;
  }
  EXPECT_FALSE(is_refused(replaced(pbkdf2_text, "$101$", "$10000000$")));
  EXPECT_TRUE(stalls(replaced(argon2id_text, "m=8", "m=262145")));
  EXPECT_TRUE(stalls(replaced(argon2id_text, "m=8", "m=4294967304")));
  EXPECT_FALSE(is_refused(replaced(argon2id_text, "m=8", "m=262144")));
  EXPECT_TRUE(stalls(replaced(argon2id_text, "t=1", "t=17")));
  EXPECT_FALSE(is_refused(replaced(argon2id_text, "t=1", "t=16")));
  EXPECT_TRUE(stalls(replaced(argon2id_text, "p=1", "p=17")));
}

TEST(PasswordHash, CostsThatAreNoneAreRefused) {
  for (const std::string_view rounds :
       {"", "0", "0101", "-1", "+101", " 101", "101x", "1e2", "0x65"}) {
    EXPECT_TRUE(is_refused(replaced(pbkdf2_text, "$101$", "$" + std::string(rounds) + "$")))
        << rounds;
  }
  for (const std::string_view costs :
       {"", "m=8", "m=8,t=1", "m=8,t=1,p=1,x=1", "t=1,m=8,p=1", "m=7,t=1,p=1", "m=8,t=0,p=1",
        "m=8,t=1,p=0", "m=8,t=1,p=2", "m=08,t=1,p=1", "m=8, t=1,p=1", "m=8,t=1,p=1,",
        "m=,t=1,p=1"}) {
    EXPECT_TRUE(is_refused(replaced(argon2id_text, "m=8,t=1,p=1", costs))) << costs;
  }
}

TEST(PasswordHash, SaltsAndHashesOfAnotherLengthAreRefused) {
  const std::string digest(sha512_text.substr(20));
  for (const std::string_view salt : {"", "AAAA", "MDEyMzQ1Njc4OWE=", "MDEyMzQ1Njc4OWFiYw=="}) {
    EXPECT_TRUE(is_refused("$6$" + std::string(salt) + '$' + digest)) << salt;
    EXPECT_TRUE(is_refused("$7$101$" + std::string(salt) + '$' + digest)) << salt;
  }
  EXPECT_TRUE(is_refused("$6$MDEyMzQ1Njc4OWFi$AAAA"));
  EXPECT_TRUE(is_refused("$6$MDEyMzQ1Njc4OWFi$" + digest.substr(0, 86)));  // without padding
  const std::string hash(argon2id_text.substr(argon2id_text.rfind('$')));
  for (const std::string_view salt : {"", "c29tZXNhbA", "c29tZXNhbHQ="}) {
    EXPECT_TRUE(is_refused("$argon2id$v=19$m=8,t=1,p=1$" + std::string(salt) + hash)) << salt;
  }
  EXPECT_TRUE(is_refused("$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$" + std::string(20, 'A')));
  EXPECT_TRUE(is_refused("$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$" + std::string(88, 'A')));
}

TEST(PasswordHash, TheOtherBase64IsRefused) {
  // '-' and '_' of URLs; and bits that decode to nothing, so that one hash has one text.
  EXPECT_TRUE(is_refused(replaced(sha512_text, "+", "-")));
  EXPECT_TRUE(is_refused(replaced(sha512_text, "/", "_")));
  EXPECT_TRUE(is_refused(replaced(sha512_text, "Jw==", "Jx==")));
}

}  // namespace
}  // namespace peal::auth
