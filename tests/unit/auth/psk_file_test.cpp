#include "peal/auth/psk_file.hpp"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "support/temporary_folder.hpp"

namespace peal::auth {
namespace {

using namespace std::string_view_literals;

class PskFileTest : public testing::Test {
 protected:
  [[nodiscard]] std::expected<PskFile, std::string> read(std::string_view text) const {
    std::ofstream(path_, std::ios::binary) << text;
    EXPECT_EQ(::chmod(path_.c_str(), 0600), 0);
    return PskFile::read(path_);
  }
  /// The error without the path; empty when there is none.
  [[nodiscard]] std::string refusal(std::string_view text) const {
    const auto keys = read(text);
    return keys ? "" : keys.error().substr(path_.size() + 1);
  }

  test::TemporaryFolder folder_;
  std::string path_ = folder_ / "psk";
};

constexpr std::string_view key_text = "00112233445566778899aAbBcCdDeEfF";
const std::vector<std::uint8_t> key{0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
                                    0x88, 0x99, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF};

TEST_F(PskFileTest, FindsKeys) {
  const auto keys = read("# clients\r\n\nbell:" + std::string(key_text) +
                         "\r\nhorn: ffffffffffffffff \n  \nlast:0123456789abcdef");
  ASSERT_TRUE(keys) << keys.error();
  EXPECT_EQ(keys->size(), 3U);
  const Bytes found = keys->find("bell");
  EXPECT_EQ(std::vector<std::uint8_t>(found.begin(), found.end()), key);
  EXPECT_EQ(keys->find("horn").size(), 8U);
  EXPECT_EQ(keys->find("last").size(), 8U);
  for (const std::string_view stranger : {""sv, "Bell"sv, "bel"sv, "bell "sv, "bell\0"sv}) {
    EXPECT_TRUE(keys->find(stranger).empty()) << stranger;
  }
}

TEST_F(PskFileTest, AnEmptyFileHasNobody) { EXPECT_EQ(read("")->size(), 0U); }

TEST_F(PskFileTest, OtherKeysAreRefused) {
  for (const char* bad : {"xx", "0", "001", "0x0011223344556677", "00 11223344556677",
                          "g0112233445566778", "00112233445566778"}) {
    EXPECT_TRUE(refusal("\nbell:" + std::string(bad)).starts_with("2: the key is not hexadecimal"))
        << bad;
  }
  EXPECT_TRUE(refusal("bell:").starts_with("1: the key has fewer than 8"));
  EXPECT_TRUE(refusal("bell:00112233445566").starts_with("1: the key has fewer than 8"));
  EXPECT_EQ(refusal("bell:0011223344556677"), "");
  EXPECT_EQ(refusal("bell:" + std::string(512, 'a')), "");
  EXPECT_TRUE(refusal("bell:" + std::string(514, 'a')).starts_with("1: the key has fewer than 8"));
}

TEST_F(PskFileTest, OtherIdentitiesAreRefused) {
  const auto problem = [&](std::string_view name) {
    return refusal(std::string(name) + ":" + std::string(key_text));
  };
  EXPECT_TRUE(problem("").starts_with("1: the user name is empty"));
  EXPECT_TRUE(problem("a\tb").contains("control character"));
  EXPECT_TRUE(problem("\xFF").contains("UTF-8"));
  EXPECT_TRUE(problem("a\0b"sv).contains("UTF-8"));
  EXPECT_TRUE(problem(" a").contains("blank"));
  EXPECT_EQ(problem(std::string(255, 'x')), "");
  EXPECT_TRUE(problem(std::string(256, 'x')).contains("longer than 255"));
  EXPECT_TRUE(refusal("no colon").contains("the line has no colon"));
  EXPECT_TRUE(refusal(std::string(5000, 'x')).contains("longer than 4096"));
  const std::string line = "bell:" + std::string(key_text) + "\n";
  EXPECT_TRUE(refusal(line + "\n" + line).starts_with("3: the identity 'bell' stands on line 1"));
}

TEST_F(PskFileTest, KeepsKeysFromOtherUsers) {
  ASSERT_TRUE(read("bell:0011223344556677"));
  ASSERT_EQ(::chmod(path_.c_str(), 0644), 0);
  EXPECT_TRUE(PskFile::read(path_).error().contains("chmod 600"));
  ASSERT_EQ(::chmod(path_.c_str(), 0640), 0);
  EXPECT_TRUE(PskFile::read(path_));
}

TEST_F(PskFileTest, SaysWhatCannotBeRead) {
  EXPECT_TRUE(PskFile::read(path_).error().contains("IDENTITY:HEXKEY"));
  std::filesystem::create_directory(path_);
  EXPECT_TRUE(PskFile::read(path_).error().contains("not a regular file"));
  const std::string pipe = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_TRUE(PskFile::read(pipe).error().contains("not a regular file"));
}

}  // namespace
}  // namespace peal::auth
