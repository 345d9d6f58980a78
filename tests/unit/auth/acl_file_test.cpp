// Mosquitto's acl_file: what each line means, and what is said about a wrong one.
#include "peal/auth/acl_file.hpp"

#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "support/temporary_folder.hpp"

namespace peal::auth {
namespace {

std::expected<std::vector<Role>, std::string> read(std::string_view text) {
  const test::TemporaryFolder folder;
  const std::string path = folder / "acl";
  std::ofstream(path) << text;
  return read_acl_file(path, "anonymous");
}

/// Without the path in front.
std::string error_of(std::string_view text) {
  const auto roles = read(text);
  return roles ? "no error" : roles.error().substr(roles.error().find(':'));
}

class AclFile : public testing::Test {
 protected:
  void load(std::string_view text) {
    auto roles = read(text);
    ASSERT_TRUE(roles) << roles.error();
    rules_ = std::make_unique<AccessRules>(std::move(*roles), "anonymous");
  }
  /// "pub", "sub", "both" or "-".
  std::string rights(std::string_view user, std::string_view topic) {
    const broker::ClientIdentity who{"id", user};
    const auto rights = rules_->rights_of(who);
    const auto name = *mqtt::TopicName::parse(topic);
    const bool may_publish = rights->may_publish(who, name, false);
    const bool may_receive = rights->may_receive(who, name);
    return may_publish ? (may_receive ? "both" : "pub") : may_receive ? "sub" : "-";
  }

 private:
  std::unique_ptr<AccessRules> rules_;
};

TEST_F(AclFile, ReadsMosquittosGrammar) {
  load(
      "# a comment\n\n"
      "topic read public/#\n"
      "topic open\r\n"
      "user anna\n"
      "topic home/#\n"
      "topic  deny   home/safe\n"
      "topic write log\n"
      "  topic read with blanks/in it \n"
      "user b*\n"
      "topic readwrite star\n"
      "user anna\n"
      "topic again\n"
      "pattern write from/%u/%c\n"
      "pattern read all\n");
  EXPECT_EQ(rights("", "public/x"), "sub");
  EXPECT_EQ(rights("", "open"), "both");
  EXPECT_EQ(rights("", "home/x"), "-");
  EXPECT_EQ(rights("", "all"), "sub");
  EXPECT_EQ(rights("", "from//id"), "-");
  EXPECT_EQ(rights("anna", "public/x"), "-");
  EXPECT_EQ(rights("anna", "home/x"), "both");
  EXPECT_EQ(rights("anna", "home/safe"), "-");
  EXPECT_EQ(rights("anna", "log"), "pub");
  EXPECT_EQ(rights("anna", "with blanks/in it"), "sub");
  EXPECT_EQ(rights("anna", "again"), "both");
  EXPECT_EQ(rights("anna", "from/anna/id"), "pub");
  EXPECT_EQ(rights("anna", "from/bert/id"), "-");
  EXPECT_EQ(rights("bert", "star"), "-") << "a user's name is no pattern";
  EXPECT_EQ(rights("b*", "star"), "both");
}

TEST_F(AclFile, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(error_of("user anna\ntopci a\n"),
            ":2: no such word: \"topci\"; there are user, topic and pattern");
  EXPECT_TRUE(error_of("topic raed a\n").contains(":1: no such access: \"raed\""));
  EXPECT_TRUE(error_of("topic a/#/b\n").contains("is no Topic Filter"));
  EXPECT_TRUE(error_of("\ntopic\n").contains(":2: "));
  EXPECT_TRUE(error_of("user\n").contains("user needs a name"));
  EXPECT_TRUE(error_of("topic read from/%u\n").contains("write `pattern read from/%u`"));
  EXPECT_TRUE(error_of("pattern $share/g/a\n").contains("$share"));
  EXPECT_TRUE(error_of("topic " + std::string(70'000, 'a')).contains("longer than 65536 bytes"));
  EXPECT_TRUE(read_acl_file("/nowhere/acl", "").error().contains("/nowhere/acl"));
}

TEST_F(AclFile, SaysNothingThatATerminalWouldObey) {
  EXPECT_EQ(error_of("\x1b[2Jtopic a\n"),
            ":1: no such word: \"\\u001b[2Jtopic\"; there are user, topic and pattern");
  EXPECT_TRUE(error_of("topic \x1b[2J a\n").contains("no such access: \"\\u001b[2J\""));
  EXPECT_TRUE(error_of("topic \x1b[2J%u\n").contains("`pattern \\u001b[2J%u`"));
  EXPECT_TRUE(error_of("topic \x1b[2J/#/b\n").starts_with(":1: \"\\u001b[2J/#/b\" is no Topic"));
  EXPECT_LT(error_of(std::string(60'000, 'x') + "\n").size(), 200U);
  EXPECT_LT(error_of("topic #" + std::string(60'000, 'x') + "\n").size(), 500U);
}

TEST_F(AclFile, TakesOnlyNamesThatAClientCanHave) {
  EXPECT_TRUE(error_of("topic a\nuser \xff\n").contains(":2: the user name is not UTF-8"));
}

TEST_F(AclFile, MayBeginWithAByteOrderMark) {
  load("\xEF\xBB\xBFuser anna\ntopic a\n");
  EXPECT_EQ(rights("anna", "a"), "both");
}

TEST_F(AclFile, IsARegularFileThatNotEverybodyMayWrite) {
  EXPECT_TRUE(read_acl_file(testing::TempDir(), "").error().contains("is not a regular file"));
  const test::TemporaryFolder folder;
  const std::string pipe = folder / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_TRUE(read_acl_file(pipe, "").error().contains("is not a regular file"));
  const std::string open = folder / "open";
  std::ofstream(open) << "topic #\n";
  ASSERT_EQ(::chmod(open.c_str(), 0666), 0);
  EXPECT_TRUE(read_acl_file(open, "").error().contains("may be written by every user"));
}

}  // namespace
}  // namespace peal::auth
