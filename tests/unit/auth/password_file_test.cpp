#include "peal/auth/password_file.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/temporary_folder.hpp"

namespace peal::auth {
namespace {

namespace fs = std::filesystem;
using namespace std::string_view_literals;

// The password is "right".
const std::string hash =
    "$7$101$yG8NkXCaBpJoO4ba$uyyjgzt6H7wjie9zgbpbExLViCJrRExSEdMMr+A2LxiQOZvmm+WxQKTCoL9P2T/oAbJL+"
    "37uFljK9DCkPNVvgg==";
const std::string other_hash =
    "$6$XAtCT81Bf9/FPKfl$1oh9yyhgbgx/K5EvRVbxsShcNdexlWdXIaJxMqaeddcwXspUP6BJvk+3acQ7v02hLE32hA38af"
    "TmWUPaOT7vhw==";

class PasswordFileTest : public testing::Test {
 protected:
  [[nodiscard]] std::expected<PasswordFile, std::string> read(std::string_view text) const {
    std::ofstream(path_, std::ios::binary) << text;
    return PasswordFile::read(path_);
  }
  /// The error without the path; empty when there is none.
  [[nodiscard]] std::string refusal(std::string_view text) const {
    const auto users = read(text);
    if (users) {
      return {};
    }
    EXPECT_EQ(users.error().find(path_ + ":"), 0u) << users.error();
    return users.error().substr(path_.size() + 1);
  }

  test::TemporaryFolder folder_;
  std::string path_ = folder_ / "users";
};

TEST_F(PasswordFileTest, FindsUsers) {
  const auto users = read("alice:" + hash + "\nbob:" + other_hash + "\n");
  ASSERT_TRUE(users.has_value()) << users.error();
  EXPECT_EQ(users->size(), 2u);
  ASSERT_NE(users->find("alice"), nullptr);
  EXPECT_TRUE(users->find("alice")->verify(as_bytes("right")));
  EXPECT_FALSE(users->find("alice")->verify(as_bytes("wrong")));
  ASSERT_NE(users->find("bob"), nullptr);
  EXPECT_EQ(users->find("bob")->kind(), HashKind::sha512);
  for (const std::string_view stranger : {""sv, "Alice"sv, "alic"sv, "alice "sv, "alice\0"sv}) {
    EXPECT_EQ(users->find(stranger), nullptr) << stranger;
  }
}

TEST_F(PasswordFileTest, SkipsCommentsAndEmptyLines) {
  const auto users = read("# who may\n\n  \t\n#alice:x\nalice:" + hash + "\n\r\n\n");
  ASSERT_TRUE(users.has_value()) << users.error();
  EXPECT_EQ(users->size(), 1u);
}

TEST_F(PasswordFileTest, TakesBothEndsOfLinesAndNone) {
  const auto users = read("alice:" + hash + "\r\nbob: " + hash + "\t\r\ncarol:" + hash);
  ASSERT_TRUE(users.has_value()) << users.error();
  for (const std::string_view user : {"alice", "bob", "carol"}) {
    ASSERT_NE(users->find(user), nullptr) << user;
    EXPECT_TRUE(users->find(user)->verify(as_bytes("right")));
  }
}

TEST_F(PasswordFileTest, NobodyIsInAnEmptyFile) {
  const auto users = read("");
  ASSERT_TRUE(users.has_value()) << users.error();
  EXPECT_EQ(users->size(), 0u);
  EXPECT_EQ(users->find(""), nullptr);
}

TEST_F(PasswordFileTest, OtherUserNamesAreRefused) {
  const auto problem = [&](std::string_view name) {
    return refusal("# first\n" + std::string(name) + ":" + hash + "\n");
  };
  EXPECT_EQ(problem("").find("2: the user name is empty; "), 0u);
  EXPECT_EQ(problem(std::string(257, 'x')).find("2: the user name is longer than 256 bytes; "), 0u);
  EXPECT_EQ(problem(std::string(256, 'x')), "");
  for (const std::string_view name :
       {"\xFF"sv, "\xC0\x80"sv, "\xED\xA0\x80"sv, "a\0b"sv, "a\xC3"sv}) {
    EXPECT_EQ(problem(name).find("2: the user name is not UTF-8; "), 0u) << name;
  }
  for (const std::string_view name :
       {"a\tb", "a\rb", "\x1b[2J", "a\x7f", "\xC2\x80", "a\xC2\x9F"}) {
    EXPECT_EQ(problem(name).find("2: the user name has a control character; "), 0u) << name;
  }
  EXPECT_EQ(problem(" bob").find("2: the user name begins or ends with a blank; "), 0u);
  EXPECT_EQ(problem("bob ").find("2: the user name begins or ends with a blank; "), 0u);
  for (const std::string_view name : {"J\xC3\xB6rg M", "a#b", "\xC2\xA0", "\xE4\xB8\x82", "$x$"}) {
    EXPECT_EQ(problem(name), "") << name;
  }
}

TEST(UserName, ThatNoLineCanHoldIsRefused) {
  EXPECT_NE(user_name_problem("a:b"), "");
  EXPECT_NE(user_name_problem("#a"), "");
  EXPECT_EQ(user_name_problem("alice"), "");
}

TEST_F(PasswordFileTest, AUserTwiceIsRefusedWithBothLines) {
  const std::string error = refusal("alice:" + hash + "\n\nbob:" + hash + "\nalice:" + other_hash);
  EXPECT_EQ(error, "4: the user 'alice' stands on line 1, too; delete one of the two");
}

TEST_F(PasswordFileTest, WhatIsNoHashIsRefused) {
  EXPECT_NE(refusal("alice:secret\n").find("`peal passwd -U FILE`"), std::string::npos);
  EXPECT_EQ(refusal("alice:secret\n").find("secret"), std::string::npos);
  EXPECT_EQ(refusal("alice:\n").find("1: there is no hash; "), 0u);
  EXPECT_NE(refusal("alice:" + hash + "x\n"), "");
  EXPECT_NE(refusal("alice:" + hash + ":" + hash + "\n"), "");
  EXPECT_NE(refusal("alice:" + hash.substr(0, 40) + "\n"), "");
}

TEST_F(PasswordFileTest, LinesWithoutAColonAreRefused) {
  EXPECT_EQ(refusal("alice:" + hash + "\nbob\n").find("2: the line has no colon; "), 0u);
}

TEST_F(PasswordFileTest, LongLinesAreRefused) {
  EXPECT_EQ(refusal("#" + std::string(4095, 'x') + "\nalice:" + hash), "");
  EXPECT_EQ(refusal("\n#" + std::string(4096, 'x') + "\n").find("2: the line is longer than 4096 "),
            0u);
  EXPECT_EQ(refusal(std::string(1 << 20, 'x')).find("1: the line is longer than 4096 "), 0u);
}

TEST_F(PasswordFileTest, FilesThatCannotBeReadAreRefused) {
  const auto error = [](const std::string& path) {
    const auto users = PasswordFile::read(path);
    return users ? std::string() : users.error();
  };
  EXPECT_EQ(error(path_), path_ +
                              ": cannot be read: No such file or directory; `peal passwd -c FILE "
                              "USER` makes one");
  EXPECT_EQ(
      error(folder_.path().string()).find(folder_.path().string() + ": is not a regular file; "),
      0u);
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  EXPECT_EQ(error(path_).find(path_ + ": is not a regular file; "), 0u);
}

TEST_F(PasswordFileTest, FilesOfOthersAreRefused) {
  std::ofstream(path_) << "alice:" << hash;
  fs::permissions(path_, fs::perms::none);
  const bool is_root = ::geteuid() == 0;  // who reads everything
  if (is_root) {
    ASSERT_EQ(::seteuid(65534), 0);
  }
  const auto users = PasswordFile::read(path_);
  if (is_root) {
    ASSERT_EQ(::seteuid(0), 0);
  }
  ASSERT_FALSE(users.has_value());
  EXPECT_NE(users.error().find("give it to the user that the server runs as"), std::string::npos);
}

TEST_F(PasswordFileTest, AHundredThousandUsersAreReadAtOnce) {
  std::ofstream file(path_);
  for (int i = 0; i < 100'000; ++i) {
    file << "device-" << i << ':' << hash << '\n';
  }
  file.close();
  const auto begin = std::chrono::steady_clock::now();
  const auto users = PasswordFile::read(path_);
  const auto time = std::chrono::steady_clock::now() - begin;
  ASSERT_TRUE(users.has_value()) << users.error();
  EXPECT_EQ(users->size(), 100'000u);
  EXPECT_NE(users->find("device-99999"), nullptr);
  // Two tenths of a second without sanitizers; if it verified anything it would be many.
  EXPECT_LT(time, std::chrono::seconds(5));
}

TEST_F(PasswordFileTest, MoreThanAMillionUsersAreRefused) {
  std::ofstream file(path_);
  const std::string short_hash = "$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAA$" + std::string(22, 'A');
  for (int i = 0; i <= 1'000'000; ++i) {
    file << i << ':' << short_hash << '\n';
  }
  file.close();
  const auto users = PasswordFile::read(path_);
  ASSERT_FALSE(users.has_value());
  EXPECT_EQ(users.error(), path_ + ":1000001: there are more than 1000000 users; delete some");
}

}  // namespace
}  // namespace peal::auth
