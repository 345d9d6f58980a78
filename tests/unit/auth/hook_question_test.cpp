// What a service is asked: every byte of a client's texts, and nothing that it did not show.
#include "peal/auth/hook_question.hpp"

#include <gtest/gtest.h>

namespace peal::auth {
namespace {

Credentials bell() {
  Credentials who;
  who.client_id = "bell-1";
  who.address = "192.0.2.1:40312";
  return who;
}

TEST(HookQuestion, HasWhatTheClientShows) {
  Credentials who = bell();
  EXPECT_EQ(hook_question(who),
            R"({"client_id":"bell-1","address":"192.0.2.1","encrypted":false})");
  who.user_name = "anna";
  who.password = "secret";
  who.is_encrypted = true;
  who.certificate_common_name = "bell";
  who.certificate_subject = "CN=bell,O=Peal";
  EXPECT_EQ(hook_question(who),
            R"({"client_id":"bell-1","username":"anna","password":"secret","address":"192.0.2.1",)"
            R"("certificate_common_name":"bell","certificate_subject":"CN=bell,O=Peal",)"
            R"("encrypted":true})");
}

TEST(HookQuestion, TellsNoPasswordFromAnEmptyOne) {
  Credentials who = bell();
  who.user_name = "";
  who.password = "";
  EXPECT_EQ(hook_question(who), R"({"client_id":"bell-1","username":"","password":"",)"
                                R"("address":"192.0.2.1","encrypted":false})");
}

TEST(HookQuestion, EscapesWhatWouldEndAText) {
  Credentials who = bell();
  who.user_name = "a\"b\\c\n\x01\x7Fé";
  EXPECT_EQ(hook_question(who), R"({"client_id":"bell-1","username":"a\"b\\c\u000a\u0001\u007fé",)"
                                R"("address":"192.0.2.1","encrypted":false})");
  who.user_name = R"(","password":"x)";
  EXPECT_EQ(hook_question(who), R"({"client_id":"bell-1","username":"\",\"password\":\"x",)"
                                R"("address":"192.0.2.1","encrypted":false})");
}

TEST(HookQuestion, SendsOddPasswordsByTheirBytes) {
  for (const auto& [password, base64] :
       {std::pair{std::string("\0", 1), "AA=="}, std::pair{std::string("ab\0c", 4), "YWIAYw=="},
        std::pair{std::string("\xFF\xFE"), "//4="}, std::pair{std::string("\xED\xA0\x80"), "7aCA"},
        std::pair{std::string("\xC0\x80"), "wIA="}}) {
    Credentials who = bell();
    who.password = password;
    EXPECT_EQ(hook_question(who), R"({"client_id":"bell-1","password_base64":")" +
                                      std::string(base64) +
                                      R"(","address":"192.0.2.1","encrypted":false})");
  }
}

TEST(HookQuestion, NeverGrowsBehindAPassword) {
  for (const char letter : {'a', '"', '\x01', '\0'}) {
    Credentials who = bell();
    who.user_name = std::string(1'000, '\x7F');
    who.password = std::string(10'000, letter);
    const auto question = hook_question(who);
    ASSERT_TRUE(question);
    // A string that grows doubles.
    EXPECT_LE(question->capacity(), question->size() + 300);
  }
}

TEST(HookQuestion, HasTheAddressWithoutWhatIsAroundIt) {
  for (const auto& [address, host] :
       {std::pair{"[2001:db8::1]:40312", "2001:db8::1"}, std::pair{"unix", "unix"}}) {
    Credentials who = bell();
    who.address = address;
    EXPECT_EQ(hook_question(who), R"({"client_id":"bell-1","address":")" + std::string(host) +
                                      R"(","encrypted":false})");
  }
  Credentials again = bell();
  again.address = "192.0.2.1:40313";
  EXPECT_EQ(hook_question(bell()), hook_question(again));
}

TEST(HookQuestion, AsksNothingAboutBrokenText) {
  const std::string broken = "a\xFF";
  Credentials who = bell();
  who.user_name = broken;
  EXPECT_EQ(hook_question(who), std::nullopt);
  for (auto member : {&Credentials::client_id, &Credentials::certificate_common_name,
                      &Credentials::certificate_subject, &Credentials::address}) {
    who = bell();
    who.*member = broken;
    EXPECT_EQ(hook_question(who), std::nullopt);
  }
}

}  // namespace
}  // namespace peal::auth
