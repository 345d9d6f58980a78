// Files of lines: where lines end, what is no such file, and what is too long.
#include "peal/auth/text_lines.hpp"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "support/temporary_folder.hpp"

namespace peal::auth {
namespace {

namespace fs = std::filesystem;

constexpr TextFileKind small{.line_bytes = 8,
                             .file_bytes = std::size_t{1} << 20U,
                             .form = "write WORDS",
                             .if_missing = "write one"};

class TextLinesTest : public testing::Test {
 protected:
  void write(std::string_view text) const { std::ofstream(path_, std::ios::binary) << text; }
  /// Every line, and then the problem, if there is one.
  [[nodiscard]] std::vector<std::string> read(std::string_view text) const {
    write(text);
    auto lines = TextLines::open(path_, small);
    if (!lines) {
      return {lines.error()};
    }
    std::vector<std::string> all;
    while (lines->next()) {
      all.emplace_back(lines->line());
      EXPECT_EQ(lines->place(), path_ + ":" + std::to_string(all.size()) + ": ");
    }
    EXPECT_FALSE(lines->next()) << "it stays at its end";
    if (!lines->problem().empty()) {
      all.push_back(lines->problem().substr(path_.size()));
    }
    return all;
  }
  [[nodiscard]] std::string refusal() const {
    const auto lines = TextLines::open(path_, small);
    return lines ? "" : lines.error().substr(path_.size());
  }

  using Lines = std::vector<std::string>;
  test::TemporaryFolder folder_;
  std::string path_ = folder_ / "file";
};

TEST_F(TextLinesTest, EndWithLfOrCrLfOrTheFile) {
  EXPECT_EQ(read(""), Lines{});
  EXPECT_EQ(read("\n"), Lines{""});
  EXPECT_EQ(read("a"), Lines{"a"});
  EXPECT_EQ(read("a\r\n\nb\n"), (Lines{"a", "", "b"}));
  EXPECT_EQ(read("a\rb\r"), Lines{"a\rb"}) << "a CR alone is text";
  EXPECT_EQ(read(std::string("a\0b\n", 4)), Lines{std::string("a\0b", 3)});
}

TEST_F(TextLinesTest, AByteOrderMarkIsLeftOut) {
  EXPECT_EQ(read("\xEF\xBB\xBF"
                 "a\n\xEF\xBB\xBF"
                 "b"),
            (Lines{"a",
                   "\xEF\xBB\xBF"
                   "b"}));
  EXPECT_EQ(read("\xEF\xBB\xBF"), Lines{""});
}

TEST_F(TextLinesTest, LongLinesEndTheReading) {
  EXPECT_EQ(read("12345678\n12345678\r\n12345678"), (Lines{"12345678", "12345678", "12345678"}));
  const std::string problem = "the line is longer than 8 bytes; write WORDS";
  for (const std::string end : {"", "\n", "\r\n", "0123456789\nc\n"}) {
    EXPECT_EQ(read("b\n123456789" + end), (Lines{"b", ":2: " + problem})) << end;
  }
}

TEST_F(TextLinesTest, LargeFilesAreRefusedBeforeTheyAreRead) {
  write("a\n");
  fs::resize_file(path_, small.file_bytes);
  EXPECT_EQ(refusal(), "");
  fs::resize_file(path_, small.file_bytes + 1);
  EXPECT_EQ(refusal(), ": is larger than 1 MiB; make it shorter");
}

TEST_F(TextLinesTest, AFileThatGrowsIsReadToTheLimit) {
  write("a\n");
  auto lines = TextLines::open(path_, small);
  ASSERT_TRUE(lines);
  const std::string much(small.file_bytes + 10, '\n');
  write(much);
  std::size_t count = 0;
  while (lines->next()) {
    ++count;
  }
  EXPECT_EQ(count, small.file_bytes);
  EXPECT_TRUE(lines->problem().contains("goes on for more than 1 MiB"));
}

TEST_F(TextLinesTest, WhatIsNoRegularFileIsRefusedAtOnce) {
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  EXPECT_EQ(refusal(), ": is not a regular file; name one with lines: write WORDS");
  const auto device = TextLines::open("/dev/zero", small);
  ASSERT_FALSE(device);
  EXPECT_TRUE(device.error().starts_with("/dev/zero: is not a regular file"));
  const auto directory = TextLines::open(folder_.path(), small);
  ASSERT_FALSE(directory);
  EXPECT_TRUE(directory.error().contains("is not a regular file"));
}

TEST_F(TextLinesTest, WhatIsMissingIsSaid) {
  EXPECT_EQ(refusal(), ": cannot be read: No such file or directory; write one");
}

TEST_F(TextLinesTest, WhatEverybodyMayWriteIsRefused) {
  write("a\n");
  ASSERT_EQ(::chmod(path_.c_str(), 0602), 0);
  EXPECT_TRUE(refusal().contains("`chmod o-w`"));
  ASSERT_EQ(::chmod(path_.c_str(), 0664), 0);
  EXPECT_EQ(refusal(), "");
}

TEST_F(TextLinesTest, WhoMayReadItIsKnown) {
  EXPECT_FALSE(is_readable_by_all(path_)) << "there is none";
  write("a\n");
  ASSERT_EQ(::chmod(path_.c_str(), 0640), 0);
  EXPECT_FALSE(is_readable_by_all(path_));
  ASSERT_EQ(::chmod(path_.c_str(), 0604), 0);
  EXPECT_TRUE(is_readable_by_all(path_));
}

}  // namespace
}  // namespace peal::auth
