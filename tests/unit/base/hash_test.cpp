#include "peal/base/hash.hpp"

#include <bit>
#include <gtest/gtest.h>
#include <set>
#include <string>

namespace peal {
namespace {

TEST(Hash, EqualTextsAreEqual) {
  const std::string a = "some/topic/of/some/length";
  const std::string b = a;
  EXPECT_EQ(hash_text(a, 1), hash_text(b, 1));
  EXPECT_NE(hash_text(a, 1), hash_text(a, 2));
  EXPECT_EQ(hash_text({}, 1), hash_text(std::string(), 1));
}

/// Texts that differ in their length alone, or in one character anywhere.
TEST(Hash, NeighboursDiffer) {
  std::set<std::uint64_t> seen;
  std::size_t texts = 0;
  for (std::size_t size = 0; size <= 70; ++size) {
    std::string text(size, '\0');
    seen.insert(hash_text(text, 7));
    ++texts;
    for (std::size_t at = 0; at < size; ++at) {
      text[at] = '\1';
      seen.insert(hash_text(text, 7));
      ++texts;
      text[at] = '\0';
    }
  }
  EXPECT_EQ(seen.size(), texts);
}

/// One bit given changes about half of the bits that come out, and the low ones fill a table.
TEST(Hash, SpreadsOverAllBits) {
  int flipped = 0;
  std::set<std::uint64_t> slots;
  for (int i = 0; i < 1024; ++i) {
    const std::string text = "device/" + std::to_string(i) + "/state";
    std::string other = text;
    other[0] = static_cast<char>(other[0] ^ 1);
    flipped += std::popcount(hash_text(text, 7) ^ hash_text(other, 7));
    slots.insert(hash_text(text, 7) % 1024);
  }
  EXPECT_NEAR(flipped / 1024.0, 32, 4);
  EXPECT_GT(slots.size(), 600U);  // 647 expected of a random one
}

}  // namespace
}  // namespace peal
