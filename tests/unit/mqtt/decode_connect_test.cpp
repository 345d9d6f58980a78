// CONNECT beyond the packet table.
#include <gtest/gtest.h>

#include "support/hex.hpp"

#include "peal/mqtt/decode.hpp"

namespace peal::mqtt {
namespace {

using peal::test::from_hex;

TEST(VersionOfConnect, OfOneThatCannotBeDecoded) {
  const auto version_of = [](std::string_view hex) { return version_of_connect(from_hex(hex)); };
  EXPECT_EQ(version_of("0004 4D515454 05"), ProtocolVersion::v5);
  EXPECT_EQ(version_of("0004 4D515454 06"), ProtocolVersion::v5);
  EXPECT_EQ(version_of("0004 4D515454 04"), ProtocolVersion::v3_1_1);
  EXPECT_EQ(version_of("0004 4D515454 84"), ProtocolVersion::v3_1_1);
  EXPECT_EQ(version_of("0004 4D515454 00"), ProtocolVersion::v3_1_1);
  EXPECT_EQ(version_of("0006 4D5149736470 03"), ProtocolVersion::v3_1);
  EXPECT_EQ(version_of("0004 48545450 05"), std::nullopt);
  EXPECT_EQ(version_of("0004 4D515454"), std::nullopt);
  EXPECT_EQ(version_of(""), std::nullopt);
}

}  // namespace
}  // namespace peal::mqtt
