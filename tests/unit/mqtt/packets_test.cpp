#include "peal/mqtt/packets.hpp"

#include <gtest/gtest.h>
#include <vector>

#include "support/hex.hpp"

namespace peal::mqtt {
namespace {

using peal::test::from_hex;

TEST(EntryList, WalksSubscribeEntries) {
  const std::vector<std::uint8_t> raw = from_hex("0001 61 2E 0000 01 0002 622F 10");
  const auto entries = EntryList<SubscribeEntry>::trusted(raw);
  std::vector<SubscribeEntry> seen(entries.begin(), entries.end());
  ASSERT_EQ(seen.size(), 3U);
  EXPECT_EQ(seen[0].filter_text, "a");
  EXPECT_EQ(seen[0].options.qos, QoS::exactly_once);
  EXPECT_TRUE(seen[0].options.no_local);
  EXPECT_TRUE(seen[0].options.retain_as_published);
  EXPECT_EQ(seen[0].options.retain_handling, RetainHandling::do_not_send);
  EXPECT_EQ(seen[1].filter_text, "");
  EXPECT_EQ(seen[1].options, SubscriptionOptions{.qos = QoS::at_least_once});
  EXPECT_EQ(seen[2].filter_text, "b/");
  EXPECT_EQ(seen[2].options.retain_handling, RetainHandling::send_if_new);
}

TEST(EntryList, WalksFilters) {
  const std::vector<std::uint8_t> raw = from_hex("0001 61 0000 0002 622F");
  const auto filters = EntryList<std::string_view>::trusted(raw);
  EXPECT_EQ(std::vector<std::string_view>(filters.begin(), filters.end()),
            (std::vector<std::string_view>{"a", "", "b/"}));
}

TEST(EntryList, MayBeEmpty) {
  const EntryList<SubscribeEntry> entries;
  EXPECT_TRUE(entries.begin() == entries.end());
}

}  // namespace
}  // namespace peal::mqtt
