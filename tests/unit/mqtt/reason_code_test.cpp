#include "peal/mqtt/reason_code.hpp"

#include <gtest/gtest.h>
#include <set>
#include <string>

namespace peal::mqtt {
namespace {

TEST(ReasonCode, EveryNumberOfTheStandardHasOneRow) {
  std::set<std::string_view> names;
  std::set<std::string_view> slugs;
  for (unsigned number = 0; number < 256; ++number) {
    const auto code = static_cast<ReasonCode>(number);
    if (reason_name(code) == "Unknown") {
      EXPECT_EQ(reason_slug(code), "unknown");
      continue;
    }
    EXPECT_TRUE(names.insert(reason_name(code)).second) << number;
    EXPECT_TRUE(slugs.insert(reason_slug(code)).second) << number;
  }
  EXPECT_EQ(names.size(), 43U);
}

TEST(ReasonCode, SlugIsTheNameInLowerCase) {
  for (unsigned number = 0; number < 256; ++number) {
    const auto code = static_cast<ReasonCode>(number);
    std::string slug(reason_name(code));
    for (char& character : slug) {
      character = character == ' ' || character == '-'
                      ? '_'
                      : static_cast<char>(std::tolower(static_cast<unsigned char>(character)));
    }
    EXPECT_EQ(reason_slug(code), slug);
  }
}

/// How many codes each packet may carry. (MQTT 5 §2.4 and the sections of the packets)
TEST(ReasonCode, EveryPacketHasItsCodes) {
  const auto count = [](PacketType type) {
    int codes = 0;
    for (unsigned number = 0; number < 256; ++number) {
      codes += is_reason_of(type, static_cast<ReasonCode>(number)) ? 1 : 0;
    }
    return codes;
  };
  EXPECT_EQ(count(PacketType::connack), 22);
  EXPECT_EQ(count(PacketType::puback), 9);
  EXPECT_EQ(count(PacketType::pubrec), 9);
  EXPECT_EQ(count(PacketType::pubrel), 2);
  EXPECT_EQ(count(PacketType::pubcomp), 2);
  EXPECT_EQ(count(PacketType::suback), 12);
  EXPECT_EQ(count(PacketType::unsuback), 7);
  EXPECT_EQ(count(PacketType::disconnect), 30);  // table 2-6 has 0x8C too, §3.14 does not
  EXPECT_EQ(count(PacketType::auth), 3);
  EXPECT_EQ(count(PacketType::publish), 0);
  EXPECT_EQ(count(PacketType::connect), 0);
}

TEST(ReasonCode, OnlyFailuresAreErrors) {
  EXPECT_FALSE(is_error(ReasonCode::success));
  EXPECT_FALSE(is_error(ReasonCode::re_authenticate));
  EXPECT_TRUE(is_error(ReasonCode::unspecified_error));
  EXPECT_TRUE(is_error(ReasonCode::wildcard_subscriptions_not_supported));
}

TEST(ReasonCode, ReturnCodesComeBackAsTheyWent) {
  for (std::uint8_t return_code = 0; return_code <= 5; ++return_code) {
    EXPECT_EQ(connect_return_code(reason_of_return_code(return_code)), return_code);
  }
  EXPECT_EQ(reason_of_return_code(6), ReasonCode::unspecified_error);
}

TEST(ReasonCode, NearestReturnCodeOfEveryFailure) {
  for (unsigned number = 0x80; number < 256; ++number) {
    const std::uint8_t return_code = connect_return_code(static_cast<ReasonCode>(number));
    EXPECT_GE(return_code, 1) << number;
    EXPECT_LE(return_code, 5) << number;
  }
  EXPECT_EQ(connect_return_code(ReasonCode::banned), 5);
  EXPECT_EQ(connect_return_code(ReasonCode::server_busy), 3);
}

}  // namespace
}  // namespace peal::mqtt
