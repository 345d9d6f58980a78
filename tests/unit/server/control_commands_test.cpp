// What an operator changes while the server runs: what is answered, kept, and told to who is
// connected.
#include "peal/server/control_commands.hpp"

#include <gtest/gtest.h>

#include "support/temporary_folder.hpp"

#include "peal/auth/password_hash.hpp"
#include "peal/server/control.hpp"
#include "peal/server/rights.hpp"
#include "peal/store/database.hpp"
#include "peal/store/named_records.hpp"

namespace peal::server {
namespace {

class FakeLive final : public LiveServer {
 public:
  [[nodiscard]] std::shared_ptr<const AuthConfig> auth() override {
    return std::make_shared<const AuthConfig>(config);
  }
  [[nodiscard]] std::expected<std::shared_ptr<auth::AccessRules>, std::string> rules() override {
    if (decides_itself) {
      return std::unexpected("others decide");
    }
    return config.has_rules() ? read_rules(config, accounts) : nullptr;
  }
  void rights_changed(const std::optional<std::string>& user) override {
    told.push_back("rights of " + user.value_or("all"));
  }
  void disconnect(auth::BanKind kind, const std::string& name) override {
    told.push_back("disconnect " + std::string(auth::word_of(kind)) + " " + name);
  }
  [[nodiscard]] Explanation explain(const std::string& client_id) override {
    Explanation explanation;
    explanation.events.push_back(
        {.seconds = 1, .what = "refused " + client_id, .reason = {}, .detail = {}, .address = {}});
    return explanation;
  }
  AuthConfig config;
  const Accounts* accounts = nullptr;
  bool decides_itself = false;
  std::vector<std::string> told;
};

class ControlCommandsTest : public testing::Test {
 protected:
  std::string ask(const std::string& request) {
    return answer_command({accounts_, &live_}, request);
  }
  bool is_refused(const std::string& request) { return ask(request).starts_with(R"({"error":)"); }
  std::string hash_ = auth::hash_password(as_bytes("x"), auth::HashKind::sha512);
  Accounts accounts_{nullptr};
  FakeLive live_;
};

TEST_F(ControlCommandsTest, MakesAndChangesUsers) {
  live_.config.sources.push_back({.place = {}, .type = "users", .headers = {}});
  const std::string add =
      R"({"command":"user.add","name":"bell","roles":["device"],"password":")" + hash_ + "\"}";
  EXPECT_EQ(ask(add),
            R"({"notes":["there is no role \"device\" yet: it allows nothing"],"ok":true})");
  EXPECT_TRUE(is_refused(add)) << "there is one";
  EXPECT_EQ(accounts_.users()->user("bell")->roles, std::vector<std::string>{"device"});
  EXPECT_EQ(ask(R"({"command":"user.roles","name":"bell","roles":[]})"),
            R"({"notes":[],"ok":true})");
  EXPECT_EQ(ask(R"({"command":"user.disable","name":"bell"})"), R"({"ok":true})");
  EXPECT_EQ(accounts_.users()->find("bell")->password, nullptr);
  EXPECT_EQ(ask(R"({"command":"user.disable","name":"bell","enable":true})"), R"({"ok":true})");
  EXPECT_NE(accounts_.users()->find("bell")->password, nullptr);
  EXPECT_EQ(ask(R"({"command":"user.rm","name":"bell"})"), R"({"ok":true})");
  EXPECT_TRUE(is_refused(R"({"command":"user.rm","name":"bell"})"));
  EXPECT_EQ(live_.told,
            (std::vector<std::string>{"rights of bell", "rights of bell", "disconnect user bell",
                                      "rights of bell", "disconnect user bell"}));
}

TEST_F(ControlCommandsTest, SaysWhenTheServerDoesNotAskForItsUsers) {
  EXPECT_TRUE(ask(R"({"command":"user.add","name":"bell"})").contains("does not ask"));
}

TEST_F(ControlCommandsTest, RefusesWhatMakesNoSense) {
  for (const char* wrong :
       {"", "[]", "{}", R"({"command":1})", R"({"command":"user.steal"})",
        R"({"command":"user.add"})", R"({"command":"user.add","name":""})",
        R"({"command":"user.add","name":"a:b"})", R"({"command":"user.add","name":"a","roles":1})",
        R"({"command":"user.add","name":"a","password":"plain"})",
        R"({"command":"user.passwd","name":"nobody","password":"$6$a$b"})",
        R"({"command":"role.put","name":"r","rules":["allow everything"]})",
        R"({"command":"role.put","name":""})", R"({"command":"role.rm","name":"r"})",
        R"({"command":"ban.add","kind":"address","name":"here"})",
        R"({"command":"ban.add","kind":"planet","name":"x"})",
        R"({"command":"ban.add","kind":"user","name":"x","seconds":-1})",
        R"({"command":"ban.rm","kind":"user","name":"x"})"}) {
    EXPECT_TRUE(is_refused(wrong)) << wrong;
  }
  EXPECT_TRUE(live_.told.empty());
  EXPECT_EQ(accounts_.users()->size(), 0U);
}

TEST_F(ControlCommandsTest, MakesRolesThatTheFileDoesNotHave) {
  live_.config.roles.push_back(
      {.place = {}, .name = "fixed", .users = {"*"}, .allow = {}, .deny = {}, .rate = {}});
  const std::string put =
      R"({"command":"role.put","name":"device","rules":["allow all devices/%u/#"],)"
      R"("messages_per_second":20,"messages_burst":40})";
  EXPECT_EQ(ask(put), R"({"ok":true})");
  EXPECT_TRUE(is_refused(put)) << "there is one";
  EXPECT_TRUE(is_refused(R"({"command":"role.put","name":"fixed"})"));
  EXPECT_EQ(accounts_.role("device")->rate.messages_burst, 40U);
  EXPECT_EQ(ask(R"({"command":"role.put","name":"device","replace":true})"), R"({"ok":true})");
  EXPECT_TRUE(accounts_.role("device")->rules.empty());
  EXPECT_TRUE(ask(R"({"command":"role.list"})").contains(R"("in_file":true)"));
}

TEST_F(ControlCommandsTest, SaysWhichRuleDecides) {
  live_.accounts = &accounts_;
  const auto may = [&](const std::string& user, const std::string& what) {
    return ask(R"({"command":"acl.test","client_id":"c","user":")" + user + "\"," + what + "}");
  };
  const std::string publish = R"("topic":"devices/bell/x","action":"publish")";
  EXPECT_TRUE(may("bell", publish).contains(R"("has_rules":false)"));
  live_.config.sources.push_back({.place = {}, .type = "users", .headers = {}});
  EXPECT_TRUE(may("bell", publish).starts_with(R"({"allowed":false,"has_rules":true,"rule":"")"));
  (void)ask(R"({"command":"role.put","name":"device","rules":["allow all devices/%u/#"]})");
  (void)ask(R"({"command":"user.add","name":"bell","roles":["device"]})");
  live_.config.roles.push_back({.place = {},
                                .name = "fixed",
                                .users = {"*"},
                                .allow = {},
                                .deny = {{"peal.toml:3:9", "publish", "devices/+/firmware"}},
                                .rate = {}});
  struct Case {
    std::string user;
    std::string what;
    std::string answer;
  };
  for (const Case& c : std::vector<Case>{
           {"bell", publish, R"x("place":"role device (store)")x"},
           {"anna", publish, R"("rule":"")"},
           {"bell", R"("topic":"devices/bell/#","action":"subscribe")", R"("allowed":true)"},
           {"bell", R"("topic":"devices/#","action":"subscribe")", R"("allowed":false)"},
           {"bell", R"("topic":"devices/bell/firmware","action":"publish")",
            R"("rule":"deny publish devices/+/firmware","place":"peal.toml:3:9")"}}) {
    EXPECT_TRUE(may(c.user, c.what).contains(c.answer)) << may(c.user, c.what);
  }
  for (const char* wrong :
       {R"("topic":"a/#","action":"publish")", R"("topic":"","action":"publish")",
        R"("topic":"a/#/b","action":"subscribe")", R"("topic":"a","action":"read")"}) {
    EXPECT_TRUE(may("bell", wrong).starts_with(R"({"error":)")) << wrong;
  }
  live_.decides_itself = true;
  EXPECT_TRUE(may("bell", publish).contains("others decide"));
}

TEST_F(ControlCommandsTest, BansAndPutsOut) {
  EXPECT_EQ(ask(R"({"command":"ban.add","kind":"address","name":"192.0.2.9/24","seconds":60})"),
            R"({"ok":true})");
  EXPECT_TRUE(accounts_.bans().find_address("192.0.2.1:1", std::chrono::system_clock::now()));
  EXPECT_EQ(live_.told, std::vector<std::string>{"disconnect address 192.0.2.9/24"});
  EXPECT_TRUE(ask(R"({"command":"ban.list"})").contains("192.0.2.0/24"));
  EXPECT_EQ(ask(R"({"command":"ban.rm","kind":"address","name":"192.0.2.0/24"})"),
            R"({"ok":true})");
  EXPECT_TRUE(accounts_.bans().is_empty());
}

TEST_F(ControlCommandsTest, Explains) {
  EXPECT_TRUE(ask(R"({"command":"client.explain","client_id":"a"})").contains("refused a"));
}

TEST(Accounts, AreThereAfterARestart) {
  const test::TemporaryFolder folder;
  const auto in_store = [&](auto work) {
    store::Database database({.directory = folder / "store"});
    store::NamedRecords records(database);
    Accounts accounts(&records);
    work(accounts);
  };
  auth::User user;
  user.name = "bell / 1";
  user.roles = {"device", "other"};
  user.is_device = true;
  user.created = std::chrono::system_clock::time_point{std::chrono::seconds{1'700'000'000}};
  in_store([&](Accounts& accounts) {
    EXPECT_TRUE(accounts.put_user(user));
    EXPECT_TRUE(accounts.put_role(
        {.name = "device", .users = {"a*"}, .rules = {"deny all x"}, .rate = {}}));
    EXPECT_TRUE(accounts.put_ban(
        {.kind = auth::BanKind::client, .name = "a/b c", .until = {}, .reason = "noise"}));
  });
  in_store([&](Accounts& accounts) {
    const auto found = accounts.users()->user("bell / 1");
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->roles, user.roles);
    EXPECT_TRUE(found->is_device);
    EXPECT_EQ(found->created, user.created);
    EXPECT_EQ(accounts.role("device")->rules, std::vector<std::string>{"deny all x"});
    const auto ban =
        accounts.bans().find(auth::BanKind::client, "a/b c", std::chrono::system_clock::now());
    ASSERT_TRUE(ban);
    EXPECT_EQ(ban->reason, "noise");
    EXPECT_TRUE(accounts.remove_user("bell / 1"));
    EXPECT_TRUE(accounts.remove_role("device"));
    EXPECT_TRUE(accounts.remove_ban(auth::BanKind::client, "a/b c"));
  });
  in_store([&](Accounts& accounts) {
    EXPECT_EQ(accounts.users()->size(), 0U);
    EXPECT_TRUE(accounts.roles().empty());
    EXPECT_TRUE(accounts.bans().is_empty());
  });
}

TEST(AccountRecords, AreReadWholeOrNotAtAll) {
  auth::User user;
  user.name = "a";
  user.password = "$x";
  user.roles = {"r"};
  const std::string record = encode(user);
  EXPECT_TRUE(decode_user("a", record));
  for (std::size_t size = 0; size < record.size(); ++size) {
    EXPECT_FALSE(decode_user("a", record.substr(0, size))) << size;
  }
  EXPECT_FALSE(decode_user("a", record + "x"));
  EXPECT_FALSE(decode_ban("nobody", encode(auth::Ban{})));
}

TEST(ControlSocket, AnswersALineAndRefusesNobody) {
  const test::TemporaryFolder folder;
  const std::string directory = folder / "store";
  std::filesystem::create_directory(directory);
  EXPECT_EQ(ask_server(directory, "hello"), std::nullopt) << "nobody serves there";
  {
    ControlSocket socket(control_path(directory), [](std::string_view request) {
      return "you said " + std::string(request);
    });
    EXPECT_EQ(ask_server(directory, "hello"), "you said hello");
    EXPECT_EQ(ask_server(directory, std::string(500'000, 'x'))->size(), 500'009U);
    EXPECT_EQ(std::filesystem::status(control_path(directory)).permissions(),
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  }
  EXPECT_EQ(ask_server(directory, "hello"), std::nullopt) << "it is gone with the server";
}

}  // namespace
}  // namespace peal::server
