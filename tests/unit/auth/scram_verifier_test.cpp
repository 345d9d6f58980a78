#include "peal/auth/scram_verifier.hpp"

#include <array>
#include <gtest/gtest.h>

#include "peal/auth/password_hash.hpp"

namespace peal::auth {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

struct Known {
  std::string_view password;
  std::uint32_t iterations;
  std::string_view text;
};

// The first is that of RFC 7677 §3; all were made with Python's hashlib.
constexpr std::array known_verifiers{
    Known{"pencil", 4096,
          "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY="
          ":wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="},
    Known{"pa:ss wörd$", 5000,
          "SCRAM-SHA-256$5000:MDEyMzQ1Njc4OWFiY2RlZg==$Z3n4SfKV2C+E5XyKlmqYcbV9pbeMOc3lHmwE+U6iaUU="
          ":qKblqGTtpXN9fhXtgZJVh7oIB11cY2qUbFZNJzBYjzI="},
    Known{"", 4096,
          "SCRAM-SHA-256$4096:MDEyMzQ1Njc4OWFiY2RlZg==$mmkwNZ9eys8fShBg9Gi0cHaAWDhEYEQs4PGPNGcYlXQ="
          ":qj1hXa9eECTbbMf9gtR7DG8VdCLM+e8doWyKh7MSojY="}};
constexpr std::string_view text = known_verifiers[0].text;

std::string problem_of(std::string_view verifier) {
  const auto read = ScramVerifier::parse(verifier);
  return read ? "" : read.error();
}

std::string replaced(std::string_view what, std::string_view with) {
  std::string result(text);
  result.replace(result.find(what), what.size(), with);
  return result;
}

TEST(ScramVerifier, VerifiesWhatOtherProgramsMade) {
  for (const Known& known : known_verifiers) {
    const auto verifier = ScramVerifier::parse(known.text);
    ASSERT_TRUE(verifier.has_value()) << verifier.error();
    EXPECT_EQ(verifier->iterations(), known.iterations);
    EXPECT_EQ(verifier->salt().size(), 16u);
    EXPECT_EQ(verifier->text(), known.text);
    EXPECT_TRUE(verifier->verify_password(as_bytes(known.password)));
    for (const std::string& wrong :
         {"wrong"s, "Pencil"s, std::string(known.password) + "x",
          std::string(known.password) + '\0', "\0"s, std::string(known.password) + "\0x"s}) {
      EXPECT_FALSE(verifier->verify_password(as_bytes(wrong))) << wrong;
    }
    EXPECT_EQ(verifier->verify_password({}), known.password.empty());
  }
}

TEST(ScramVerifier, VerifiesWhatItMade) {
  const std::string longest(max_password_bytes, 'x');
  for (const std::string_view password :
       {"right"sv, ""sv, "\xFF\xC0"sv, std::string_view(longest)}) {
    const auto made = ScramVerifier::make(as_bytes(password), least_scram_iterations);
    EXPECT_TRUE(made.verify_password(as_bytes(password)));
    EXPECT_FALSE(made.verify_password(as_bytes("wrong")));
    const auto read = ScramVerifier::parse(made.text());
    ASSERT_TRUE(read.has_value()) << read.error();
    EXPECT_EQ(read->text(), made.text());
    EXPECT_TRUE(read->verify_password(as_bytes(password)));
  }
  const auto made = ScramVerifier::make(as_bytes(longest), least_scram_iterations);
  EXPECT_FALSE(made.verify_password(as_bytes(longest + "x")));
}

TEST(ScramVerifier, EverySaltIsFresh) {
  const auto one = ScramVerifier::make(as_bytes("same"), least_scram_iterations);
  const auto other = ScramVerifier::make(as_bytes("same"), least_scram_iterations);
  EXPECT_NE(one.salt(), other.salt());
  EXPECT_NE(one.stored_key(), other.stored_key());
  EXPECT_NE(one.server_key(), other.server_key());
  EXPECT_NE(one.stored_key(), one.server_key());
}

TEST(ScramVerifier, MakesTheNumberOfIterationsThatIsAskedFor) {
  EXPECT_EQ(ScramVerifier::make(as_bytes("x")).iterations(), 600'000u);
  EXPECT_EQ(ScramVerifier::make(as_bytes("x"), 5000).iterations(), 5000u);
}

TEST(ScramVerifier, IterationsHaveLimits) {
  for (const std::string_view iterations :
       {"", "0", "1", "4095", "10000001", "4294967296", "04096", "-4096", "+4096", " 4096", "4096 ",
        "4e3", "99999999999999999999"}) {
    EXPECT_TRUE(problem_of(replaced("4096", iterations)).contains("iterations")) << iterations;
  }
  EXPECT_EQ(problem_of(replaced("4096", "10000000")), "");
}

TEST(ScramVerifier, PartsHaveTheirLength) {
  const std::string_view salt = "W22ZaJ0SNY7soEsUEjb6gQ==";
  for (const std::string_view other : {"", "AAAA", "MDEyMzQ1Ng==", "W22ZaJ0SNY7soEsUEjb6gQ",
                                       "W22ZaJ0SNY7soEsUEjb6gR==", "W22ZaJ0SNY7soEsUEjb6g-=="}) {
    EXPECT_TRUE(problem_of(replaced(salt, other)).contains("salt")) << other;
  }
  EXPECT_EQ(problem_of(replaced(salt, "MDEyMzQ1Njc=")), "");
  EXPECT_TRUE(problem_of(replaced(salt, std::string(88, 'A'))).contains("salt"));  // 66 bytes
  for (const std::string_view key : {"WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=",
                                     "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="}) {
    for (const std::string& other :
         {""s, "AAAA"s, std::string(key).substr(4), "AAAA" + std::string(key),
          std::string(key).substr(0, 43), std::string(key) + "="}) {
      EXPECT_TRUE(problem_of(replaced(key, other)).contains("keys")) << other;
    }
  }
}

TEST(ScramVerifier, NoOtherFormIsRead) {
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_NE(problem_of(text.substr(0, size)), "") << text.substr(0, size);
  }
  for (const std::string_view more : {" "sv, "\n"sv, ":"sv, "$"sv, "="sv, "A"sv, "\0"sv}) {
    EXPECT_NE(problem_of(std::string(text).append(more)), "");
  }
  for (const std::string_view begin :
       {"SCRAM-SHA-1$", "scram-sha-256$", "SCRAM-SHA-256-PLUS$", "$"}) {
    EXPECT_NE(problem_of(replaced("SCRAM-SHA-256$", begin)), "");
  }
}

TEST(ScramVerifier, ErrorsDoNotQuoteIt) {
  EXPECT_EQ(problem_of(replaced("WG5d8oPm", "secret")).find("secret"), std::string::npos);
  EXPECT_NE(problem_of(replaced("WG5d8oPm", "secret")).find("set the password again"),
            std::string::npos);
}

}  // namespace
}  // namespace peal::auth
