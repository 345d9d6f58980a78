#include "peal/auth/scram_exchange.hpp"

#include <gtest/gtest.h>
#include <set>

#include "support/scram_client.hpp"

namespace peal::auth {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

// RFC 7677 §3: user "user", password "pencil".
constexpr std::string_view rfc_verifier =
    "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY="
    ":wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";
constexpr std::string_view rfc_server_nonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
constexpr std::string_view rfc_client_first = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
constexpr std::string_view rfc_server_first =
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
constexpr std::string_view rfc_client_final =
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
    "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
constexpr std::string_view rfc_server_final = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

const ScramDecoys& decoys() {
  static const ScramDecoys made("a secret of thirty-two bytes or more", 4096);
  return made;
}

std::optional<ScramVerifier> find_rfc_user(std::string_view user) {
  return user == "user" ? std::optional(*ScramVerifier::parse(rfc_verifier)) : std::nullopt;
}

/// Anybody is known, with the keys of the client of the tests.
std::optional<ScramVerifier> find_anybody(std::string_view /*user*/) {
  return test::ScramClient().verifier();
}

std::optional<ScramVerifier> find_nobody(std::string_view /*user*/) { return std::nullopt; }

/// What the first message is answered with; "! " and the error.
std::string answer_to(std::string_view client_first,
                      const ScramExchange::Lookup& lookup = find_anybody) {
  ScramExchange exchange("server");
  const auto answer = exchange.first(client_first, lookup, decoys());
  return answer ? *answer : "! " + std::string(text_of(answer.error()));
}

std::optional<ScramError> error_of(std::string_view client_first) {
  ScramExchange exchange("server");
  const auto answer = exchange.first(client_first, find_anybody, decoys());
  return answer ? std::nullopt : std::optional(answer.error());
}

/// What RFC 7677's exchange ends with when its last message is that one.
std::optional<ScramError> final_error(std::string_view client_final) {
  ScramExchange exchange{std::string(rfc_server_nonce)};
  EXPECT_TRUE(exchange.first(rfc_client_first, find_rfc_user, decoys()).has_value());
  const auto end = exchange.final(client_final);
  return end ? std::nullopt : std::optional(end.error());
}

std::string replaced(std::string_view text, std::string_view what, std::string_view with) {
  std::string result(text);
  result.replace(result.find(what), what.size(), with);
  return result;
}

TEST(ScramExchange, IsTheOneOfRfc7677) {
  ScramExchange exchange{std::string(rfc_server_nonce)};
  EXPECT_EQ(exchange.first(rfc_client_first, find_rfc_user, decoys()).value_or("!"),
            rfc_server_first);
  const auto end = exchange.final(rfc_client_final);
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(end->user, "user");
  EXPECT_EQ(end->server_final, rfc_server_final);
}

TEST(ScramExchange, GoesThroughWithHeadersNamesAndExtensions) {
  struct Case {
    std::string_view header;
    std::string_view bare;
    std::string_view user;
    std::string_view more;  // extensions of the last message
  };
  for (const Case& wanted :
       std::initializer_list<Case>{{"n,,", "n=anna,r=x", "anna", ""},
                                   {"y,,", "n=anna,r=x", "anna", ""},
                                   {"n,a=anna,", "n=anna,r=x", "anna", ""},
                                   {"n,a=a=2Cb=3Dc,", "n=a=2Cb=3Dc,r=x", "a,b=c", ""},
                                   {"n,,", "n==3D2C,r=!~", "=2C", ""},
                                   {"n,,", "n=änna / +#,r=x", "änna / +#", ""},
                                   {"n,,", "n=anna,r=x,x=1,Y=tw=o", "anna", ",z=3"}}) {
    SCOPED_TRACE(wanted.bare);
    const test::ScramClient client;
    ScramExchange exchange("server");
    const std::string header(wanted.header);
    std::string asked;
    const auto first = exchange.first(
        header + std::string(wanted.bare),
        [&asked](std::string_view user) {
          asked = user;
          return find_anybody(user);
        },
        decoys());
    ASSERT_TRUE(first.has_value());
    EXPECT_EQ(asked, wanted.user);
    const std::string last =
        test::ScramClient::without_proof(*first, header) + std::string(wanted.more);
    const auto end = exchange.final(client.sign(wanted.bare, *first, last));
    ASSERT_TRUE(end.has_value());
    EXPECT_EQ(end->user, wanted.user);
    EXPECT_EQ(end->server_final, client.expected(wanted.bare, *first, last));
  }
}

TEST(ScramExchange, AnotherPasswordIsWrong) {
  const test::ScramClient other('x');
  ScramExchange exchange("server");
  const auto first = exchange.first("n,,n=anna,r=x", find_anybody, decoys());
  ASSERT_TRUE(first.has_value());
  const auto end =
      exchange.final(other.sign("n=anna,r=x", *first, test::ScramClient::without_proof(*first)));
  ASSERT_FALSE(end.has_value());
  EXPECT_EQ(end.error(), ScramError::wrong);
}

TEST(ScramExchange, FirstMessagesAreStrict) {
  EXPECT_EQ(error_of("n,,n=anna,r=x"), std::nullopt);
  for (const std::string& message :
       {""s, "n"s, "n,"s, "n,,"s, ",,n=anna,r=x"s, "x,,n=anna,r=x"s, "N,,n=anna,r=x"s,
        " n,,n=anna,r=x"s, "n,n=anna,r=x"s, "n,,,n=anna,r=x"s, "n=anna,r=x"s, "n,,n=anna"s,
        "n,,n=anna,"s, "n,,n=anna,r="s, "n,,n=,r=x"s, "n,,r=x,n=anna"s, "n,,n=anna,R=x"s,
        "n,,N=anna,r=x"s, "n,,anna,r=x"s, "n,,n=anna,x"s,
        // Names.
        "n,,n=an,na,r=x"s, "n,,n=an=na,r=x"s, "n,,n=an=2cna,r=x"s, "n,,n=an=3d,r=x"s,
        "n,,n=anna=,r=x"s, "n,,n=anna=2,r=x"s, "n,,n=an\0na,r=x"s, "n,,n=an\xFFna,r=x"s,
        "n,,n=an\xC0\x80na,r=x"s,
        // Nonces.
        "n,,n=anna,r=a b"s, "n,,n=anna,r=a\0b"s, "n,,n=anna,r=a\nb"s, "n,,n=anna,r=\x7F"s,
        "n,,n=anna,r=\xC3\xA9"s, "n,,n=anna,r=x "s,
        // Who it acts for.
        "n,anna,n=anna,r=x"s, "n,a=,n=anna,r=x"s, "n,a=an=na,n=anna,r=x"s, "n,b=anna,n=anna,r=x"s,
        // Extensions.
        "n,,n=anna,r=x,"s, "n,,n=anna,r=x,x"s, "n,,n=anna,r=x,x="s, "n,,n=anna,r=x,1=2"s,
        "n,,n=anna,r=x,xx=2"s, "n,,n=anna,r=x,r=y"s, "n,,n=anna,r=x,n=root"s, "n,,n=anna,r=x,p=1"s,
        "n,,n=anna,r=x,x=a\0b"s, "n,,n=anna,r=x,x=\xFF"s, "n,,n=anna,r=x,,x=1"s}) {
    EXPECT_EQ(error_of(message), ScramError::malformed) << message;
  }
}

TEST(ScramExchange, WhatIsNotDoneHereIsSaid) {
  EXPECT_EQ(error_of("p=tls-unique,,n=anna,r=x"), ScramError::channel_binding);
  EXPECT_EQ(error_of("p=,,n=anna,r=x"), ScramError::channel_binding);
  EXPECT_EQ(error_of("n,a=root,n=anna,r=x"), ScramError::other_user);
  EXPECT_EQ(error_of("n,a=anna2,n=anna,r=x"), ScramError::other_user);
  EXPECT_EQ(error_of("n,,m=x,n=anna,r=x"), ScramError::extension);
  EXPECT_EQ(error_of("n,,n=anna,r=x,m=x"), ScramError::extension);
  EXPECT_EQ(error_of("n,,n=anna,r=x,x=1,m="), ScramError::extension);
}

TEST(ScramExchange, LengthsHaveALimit) {
  const auto with = [](std::size_t user, std::size_t nonce, std::size_t more) {
    return error_of("n,,n=" + std::string(user, 'u') + ",r=" + std::string(nonce, 'r') +
                    ",x=" + std::string(more, 'x'));
  };
  EXPECT_EQ(with(256, 256, 1), std::nullopt);
  EXPECT_EQ(with(257, 1, 1), ScramError::malformed);
  EXPECT_EQ(with(1, 257, 1), ScramError::malformed);
  const std::size_t rest = scram_message_limit - 13;  // besides a user and a nonce of one byte
  EXPECT_EQ(with(1, 1, rest), std::nullopt);
  EXPECT_EQ(with(1, 1, rest + 1), ScramError::malformed);
  // As many bytes as 256 letters that are escaped.
  std::string commas;
  for (int count = 0; count < 256; ++count) {
    commas += "=2C";
  }
  EXPECT_EQ(error_of("n,,n=" + commas + ",r=x"), std::nullopt);
  EXPECT_EQ(error_of("n,,n=" + commas + "=2C,r=x"), ScramError::malformed);
  const std::string last(rfc_client_final);
  EXPECT_EQ(final_error(replaced(last, ",p=", ",x=" + std::string(4096, 'x') + ",p=")),
            ScramError::malformed);
}

TEST(ScramExchange, EveryFieldOfTheLastMessageCounts) {
  EXPECT_EQ(final_error(rfc_client_final), std::nullopt);
  const auto changed = [](std::string_view what, std::string_view with) {
    return final_error(replaced(rfc_client_final, what, with));
  };
  // The header that it repeats: "y,,", "n,a=user,", "", "p=x,,".
  for (const std::string_view binding :
       {"eSws", "bixhPXVzZXIs", "", "cD14LCw=", "biw", "biwsAA==", "biws="}) {
    EXPECT_EQ(changed("biws", binding), ScramError::mismatch) << binding;
  }
  for (const std::string_view nonce :
       {"rOprNGfwEbeRWgbNEkqO", "", "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k",
        "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0x",
        "ROprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"}) {
    EXPECT_EQ(changed("rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0", nonce),
              ScramError::mismatch)
        << nonce;
  }
  const std::string_view proof = "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
  EXPECT_EQ(changed(proof, "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVR="), ScramError::malformed);
  EXPECT_EQ(changed(proof, "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVA="), ScramError::wrong);
  EXPECT_EQ(changed(proof, "eHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="), ScramError::wrong);
  EXPECT_EQ(changed(proof, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="), ScramError::wrong);
  for (const std::string_view other : {"", "AAAA", "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ",
                                       "dHzbZapWIk4jUhN-Ute9ytag9zjfMHgsqmmiz7AndVQ="}) {
    EXPECT_EQ(changed(proof, other), ScramError::malformed) << other;
  }
}

TEST(ScramExchange, LastMessagesAreStrict) {
  const std::string last(rfc_client_final);
  const std::string proof = last.substr(last.rfind(",p="));
  for (const std::string& message :
       {""s, "c=biws"s, proof, proof.substr(1), "c=biws" + proof, "x" + last, last + ",x=1",
        last + "\0"s, last + "\n", last.substr(0, last.rfind(",p=")), replaced(last, "c=biws,", ""),
        replaced(last, "c=biws,r=", "r=c=biws,"), replaced(last, "c=", "C="),
        replaced(last, ",p=", ",P="), replaced(last, ",p=", ",x,p="), replaced(last, ",p=", ",,p="),
        replaced(last, ",p=", ",r=x,p="), replaced(last, ",p=", ",x=a\0b,p="s), last + proof}) {
    EXPECT_EQ(final_error(message), ScramError::malformed) << message;
  }
  EXPECT_EQ(final_error(replaced(last, ",p=", ",m=x,p=")), ScramError::extension);
  // What is well-formed is signed, too.
  EXPECT_EQ(final_error(replaced(last, ",p=", ",x=1,p=")), ScramError::wrong);
}

TEST(ScramExchange, NoLetterOfEitherMessageMayChange) {
  for (std::size_t at = 0; at < rfc_client_final.size(); ++at) {
    for (const char other : "A=,x\0"sv) {
      std::string changed(rfc_client_final);
      changed[at] = other;
      EXPECT_TRUE(changed == rfc_client_final || final_error(changed).has_value()) << changed;
    }
    EXPECT_TRUE(final_error(rfc_client_final.substr(0, at)).has_value());
  }
  // The proof is for the first message as it was.
  for (const std::string_view first :
       {"n,,n=user,r=rOprNGfwEbeRWgbNEkqO,x=1", "y,,n=user,r=rOprNGfwEbeRWgbNEkqO",
        "n,a=user,n=user,r=rOprNGfwEbeRWgbNEkqO", "n,,n=use,r=rOprNGfwEbeRWgbNEkqO"}) {
    ScramExchange exchange{std::string(rfc_server_nonce)};
    EXPECT_TRUE(exchange.first(first, find_rfc_user, decoys()).has_value());
    EXPECT_FALSE(exchange.final(rfc_client_final).has_value()) << first;
  }
}

TEST(ScramExchange, TheEndOfAnotherExchangeIsRefused) {
  ScramExchange exchange;  // with a nonce of its own
  ASSERT_TRUE(exchange.first(rfc_client_first, find_rfc_user, decoys()).has_value());
  const auto end = exchange.final(rfc_client_final);
  ASSERT_FALSE(end.has_value());
  EXPECT_EQ(end.error(), ScramError::mismatch);
}

TEST(ScramExchange, MessagesComeInTheirOrderAndOnce) {
  ScramExchange fresh{std::string(rfc_server_nonce)};
  EXPECT_EQ(fresh.final(rfc_client_final).error(), ScramError::out_of_order);
  EXPECT_EQ(fresh.first(rfc_client_first, find_rfc_user, decoys()).error(),
            ScramError::out_of_order);

  ScramExchange twice{std::string(rfc_server_nonce)};
  EXPECT_TRUE(twice.first(rfc_client_first, find_rfc_user, decoys()).has_value());
  EXPECT_EQ(twice.first(rfc_client_first, find_rfc_user, decoys()).error(),
            ScramError::out_of_order);
  EXPECT_EQ(twice.final(rfc_client_final).error(), ScramError::out_of_order);

  ScramExchange over{std::string(rfc_server_nonce)};
  EXPECT_TRUE(over.first(rfc_client_first, find_rfc_user, decoys()).has_value());
  EXPECT_TRUE(over.final(rfc_client_final).has_value());
  EXPECT_EQ(over.final(rfc_client_final).error(), ScramError::out_of_order);

  // One wrong proof ends it: nobody guesses twice against one nonce.
  ScramExchange failed{std::string(rfc_server_nonce)};
  EXPECT_TRUE(failed.first(rfc_client_first, find_rfc_user, decoys()).has_value());
  EXPECT_FALSE(failed.final(replaced(rfc_client_final, "p=d", "p=e")).has_value());
  EXPECT_EQ(failed.final(rfc_client_final).error(), ScramError::out_of_order);

  ScramExchange refused{std::string(rfc_server_nonce)};
  EXPECT_FALSE(refused.first("x", find_rfc_user, decoys()).has_value());
  EXPECT_EQ(refused.first(rfc_client_first, find_rfc_user, decoys()).error(),
            ScramError::out_of_order);
}

TEST(ScramExchange, AStrangerIsAnsweredAsAUserWithAWrongPassword) {
  const std::string known = answer_to("n,,n=user,r=x", find_rfc_user);
  const std::string stranger = answer_to("n,,n=nobody,r=x", find_rfc_user);
  EXPECT_EQ(known.size(), stranger.size());
  EXPECT_EQ(known.substr(known.find(",i=")), stranger.substr(stranger.find(",i=")));
  // The same for the same name, another for another one.
  EXPECT_EQ(stranger, answer_to("n,,n=nobody,r=x", find_nobody));
  EXPECT_NE(stranger, answer_to("n,,n=nobody2,r=x", find_nobody));
  ScramExchange exchange("server");
  const auto first = exchange.first("n,,n=nobody,r=x", find_nobody, decoys());
  ASSERT_TRUE(first.has_value());
  const auto end = exchange.final(
      test::ScramClient().sign("n=nobody,r=x", *first, test::ScramClient::without_proof(*first)));
  ASSERT_FALSE(end.has_value());
  EXPECT_EQ(end.error(), ScramError::wrong);
}

TEST(ScramDecoys, AreTheSecretsAndTheNames) {
  const ScramDecoys others("another secret of thirty-two bytes!", 4096);
  EXPECT_NE(others.verifier_for("anna").salt(), decoys().verifier_for("anna").salt());
  EXPECT_NE(others.verifier_for("anna").stored_key(), decoys().verifier_for("anna").stored_key());
  EXPECT_NE(decoys().verifier_for("anna").stored_key(), decoys().verifier_for("anna").server_key());
  EXPECT_EQ(decoys().verifier_for("anna").text(), decoys().verifier_for("anna").text());
  EXPECT_EQ(decoys().verifier_for("anna").salt().size(), 16u);
  EXPECT_EQ(decoys().verifier_for("anna").iterations(), 4096u);
}

TEST(ScramExchange, NoncesAreFresh) {
  std::set<std::string> nonces;
  for (int count = 0; count < 100; ++count) {
    const std::string nonce = ScramExchange::fresh_nonce();
    EXPECT_EQ(nonce.size(), 32u);
    EXPECT_EQ(nonce.find_first_of(",= "), std::string::npos);
    nonces.insert(nonce);
  }
  EXPECT_EQ(nonces.size(), 100u);
  EXPECT_EQ(answer_to("n,,n=anna,r=client").substr(0, 15), "r=clientserver,");
}

TEST(ScramExchange, EveryErrorHasAText) {
  for (const ScramError error :
       {ScramError::malformed, ScramError::channel_binding, ScramError::other_user,
        ScramError::extension, ScramError::mismatch, ScramError::wrong, ScramError::out_of_order}) {
    EXPECT_FALSE(text_of(error).empty());
  }
}

}  // namespace
}  // namespace peal::auth
