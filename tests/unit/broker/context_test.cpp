#include "peal/broker/context.hpp"

#include <array>
#include <gtest/gtest.h>
#include <string>

namespace peal::broker {
namespace {

TEST(ContextTest, SpreadsNamesOverTheWorkers) {
  std::array<int, 4> counts{};
  for (int i = 0; i < 4000; ++i) {
    const std::string name = "device-" + std::to_string(i);
    const WorkerIndex home = home_of(name, NamespaceId{0}, 1, 4);
    EXPECT_EQ(home, home_of(name, NamespaceId{0}, 1, 4));
    ++counts[static_cast<std::size_t>(home)];
    EXPECT_EQ(home_of(name, NamespaceId{0}, 1, 1), WorkerIndex{0});
  }
  for (const int count : counts) {
    EXPECT_GT(count, 800);
  }
}

}  // namespace
}  // namespace peal::broker
