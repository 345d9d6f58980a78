#include "peal/server/config_text.hpp"

#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>

#include "support/temporary_folder.hpp"

namespace peal::server {
namespace {

std::string expanded(std::string_view text) {
  const auto done = expand_text(text);
  return done ? done->text : "error: " + done.error();
}

TEST(ConfigText, PutsIn) {
  ::setenv("CONFIG_TEXT_A", "x${env:CONFIG_TEXT_A}", 1);  // what is put in is not looked at again
  EXPECT_EQ(expanded("plain $ and $x and {y}"), "plain $ and $x and {y}");
  EXPECT_EQ(expanded("<${env:CONFIG_TEXT_A}>"), "<x${env:CONFIG_TEXT_A}>");
  EXPECT_EQ(expanded("$${env:CONFIG_TEXT_A} $$"), "${env:CONFIG_TEXT_A} $$");
  EXPECT_EQ(expanded("${env:}").substr(0, 6), "error:");
  EXPECT_EQ(expanded("${}").substr(0, 6), "error:");
  EXPECT_EQ(expanded("${env:A").substr(0, 6), "error:");
}

TEST(ConfigText, PutsInFiles) {
  const test::TemporaryFolder folder;
  const std::string path = folder / "secret";
  const auto with = [&](std::string_view content) {
    std::ofstream(path) << content;
    return expanded("${file:" + path + "}");
  };
  EXPECT_EQ(with("a\nb\n"), "a\nb");
  EXPECT_EQ(with("a\r\n"), "a");
  EXPECT_EQ(with(""), "");
  EXPECT_TRUE(with("\xC3").contains("no UTF-8"));
  EXPECT_TRUE(with(std::string_view("a\0b", 3)).contains("no UTF-8"));
  EXPECT_TRUE(with(std::string((64 << 10) + 1, 'x')).contains("larger than 64 KiB"));
}

TEST(ConfigText, Hides) {
  EXPECT_EQ(without_secrets("say hush to hushing", {"hush"}), "say *** to ***ing");
  EXPECT_EQ(without_secrets("a b", {"", "a"}), "a b");
}

}  // namespace
}  // namespace peal::server
