#include "peal/net/host_names.hpp"

#include <algorithm>
#include <gtest/gtest.h>

namespace peal::net {
namespace {

TEST(HostNames, are_those_that_others_reach_us_by) {
  EXPECT_FALSE(host_name().empty());
  const auto addresses = interface_addresses();
  EXPECT_LE(addresses.size(), 64U);
  EXPECT_TRUE(std::ranges::none_of(addresses, [](const std::string& address) {
    return address.empty() || address.starts_with("127.") || address == "::1" ||
           address.starts_with("fe80:");
  }));
}

}  // namespace
}  // namespace peal::net
