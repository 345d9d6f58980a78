#include "peal/cli/line_reader.hpp"

#include <array>
#include <gtest/gtest.h>
#include <unistd.h>
#include <vector>

namespace peal::cli {
namespace {

class LineReaderTest : public testing::Test {
 protected:
  LineReaderTest() { EXPECT_EQ(pipe(ends_.data()), 0); }
  ~LineReaderTest() override {
    close(ends_[0]);
    finish();
  }
  void write(std::string_view text) const {
    EXPECT_EQ(::write(ends_[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  void finish() {
    if (ends_[1] >= 0) {
      close(ends_[1]);
      ends_[1] = -1;
    }
  }
  static std::vector<std::string> take_all(LineReader& reader) {
    std::vector<std::string> lines;
    while (auto line = reader.take()) {
      lines.push_back(*line);
    }
    return lines;
  }
  std::array<int, 2> ends_{};
};

TEST_F(LineReaderTest, GivesCompleteLines) {
  LineReader reader(ends_[0]);
  write("one\n\ntw");
  reader.read();
  EXPECT_EQ(take_all(reader), (std::vector<std::string>{"one", ""}));
  write("o\n");
  reader.read();
  EXPECT_EQ(take_all(reader), std::vector<std::string>{"two"});
  EXPECT_FALSE(reader.is_at_end());
}

TEST_F(LineReaderTest, TheLastLineNeedsNoEnd) {
  LineReader reader(ends_[0]);
  write("one\ntwo");
  finish();
  reader.read();
  EXPECT_EQ(take_all(reader), std::vector<std::string>{"one"});
  reader.read();
  EXPECT_TRUE(reader.is_at_end());
  EXPECT_EQ(take_all(reader), std::vector<std::string>{"two"});
}

TEST_F(LineReaderTest, NothingIsNoLine) {
  LineReader reader(ends_[0]);
  finish();
  reader.read();
  EXPECT_TRUE(reader.is_at_end());
  EXPECT_EQ(reader.take(), std::nullopt);
}

TEST_F(LineReaderTest, ALineMayHoldZeros) {
  LineReader reader(ends_[0]);
  write(std::string_view("a\0b\n", 4));
  reader.read();
  EXPECT_EQ(reader.take(), std::string("a\0b", 3));
}

}  // namespace
}  // namespace peal::cli
