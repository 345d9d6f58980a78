// Lists of pieces: joining them, and keeping what the socket did not take.
#include "peal/net/output.hpp"

#include <gtest/gtest.h>
#include <string>

namespace peal::net {
namespace {

class Held final : public SharedBuffer {};

const Held* make_held() { return new (::operator new(sizeof(Held))) Held; }

Piece piece(std::string_view text, const SharedBuffer* owner = nullptr) {
  return {as_bytes(text).data(), text.size(), owner};
}

std::string text_of(Pending& pending) {
  std::string text;
  for (const Piece& part : pending.pieces()) {
    text += as_text({part.data, part.size});
  }
  return text;
}

TEST(Output, joins_what_is_adjacent_and_has_the_same_owner) {
  const std::string text = "abcdef";
  const Bytes bytes = as_bytes(text);
  const Held* owner = make_held();
  Output output;
  output.add(bytes.first(2), nullptr, true);
  output.add(bytes.subspan(2, 2), nullptr, true);
  EXPECT_EQ(output.pieces().size(), 1U);
  output.add(bytes.subspan(4), owner, true);
  EXPECT_EQ(output.pieces().size(), 2U);
  output.add(bytes.first(1), owner, true);
  EXPECT_EQ(output.pieces().size(), 3U);
  EXPECT_EQ(output.bytes(), 7U);
  output.clear();
  EXPECT_TRUE(output.pieces().empty());
  EXPECT_EQ(output.bytes(), 0U);
  owner->release();
}

TEST(Pending, copies_what_nobody_owns) {
  Pending pending;
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    std::string text(static_cast<std::size_t>(i * 37 % 500), static_cast<char>('a' + i % 26));
    pending.add(piece(text));
    expected += text;
  }
  EXPECT_EQ(pending.bytes(), expected.size());
  EXPECT_TRUE(text_of(pending) == expected);
  EXPECT_LT(pending.pieces().size(), 40U) << "copies share chunks";
}

TEST(Pending, keeps_the_order_of_copied_and_held) {
  Pending pending;
  const Held* owner = make_held();
  const std::string held = "held ";
  for (int i = 0; i < 3; ++i) {
    pending.add(piece("copied "));
    pending.add(piece(held, owner));
  }
  owner->release();
  EXPECT_EQ(text_of(pending), "copied held copied held copied held ");
  pending.written(2, 12);
  EXPECT_EQ(text_of(pending), "copied held copied held ");
  pending.add(piece("more"));
  EXPECT_EQ(text_of(pending), "copied held copied held more");
  const std::size_t rest = pending.pieces().size();
  pending.written(rest, pending.bytes());
  EXPECT_TRUE(pending.empty());
  EXPECT_EQ(pending.bytes(), 0U);
  pending.add(piece("again"));
  EXPECT_EQ(text_of(pending), "again");
}

}  // namespace
}  // namespace peal::net
