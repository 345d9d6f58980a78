#include "peal/mqtt/properties.hpp"

#include <array>
#include <gtest/gtest.h>
#include <set>
#include <vector>

#include "support/hex.hpp"

namespace peal::mqtt {
namespace {

using peal::test::from_hex;
using peal::test::to_hex;

constexpr std::array ids = {PropertyId::payload_format_indicator,
                            PropertyId::message_expiry_interval,
                            PropertyId::content_type,
                            PropertyId::response_topic,
                            PropertyId::correlation_data,
                            PropertyId::subscription_identifier,
                            PropertyId::session_expiry_interval,
                            PropertyId::assigned_client_identifier,
                            PropertyId::server_keep_alive,
                            PropertyId::authentication_method,
                            PropertyId::authentication_data,
                            PropertyId::request_problem_information,
                            PropertyId::will_delay_interval,
                            PropertyId::request_response_information,
                            PropertyId::response_information,
                            PropertyId::server_reference,
                            PropertyId::reason_string,
                            PropertyId::receive_maximum,
                            PropertyId::topic_alias_maximum,
                            PropertyId::topic_alias,
                            PropertyId::maximum_qos,
                            PropertyId::retain_available,
                            PropertyId::user_property,
                            PropertyId::maximum_packet_size,
                            PropertyId::wildcard_subscription_available,
                            PropertyId::subscription_identifier_available,
                            PropertyId::shared_subscription_available};

constexpr std::array places = {
    PropertyPlace::connect,     PropertyPlace::connack,   PropertyPlace::publish,
    PropertyPlace::puback,      PropertyPlace::pubrec,    PropertyPlace::pubrel,
    PropertyPlace::pubcomp,     PropertyPlace::subscribe, PropertyPlace::suback,
    PropertyPlace::unsubscribe, PropertyPlace::unsuback,  PropertyPlace::disconnect,
    PropertyPlace::auth,        PropertyPlace::will};

/// One property with a value that is in range.
std::vector<std::uint8_t> sample(PropertyId id) {
  std::array<std::uint8_t, 32> room{};
  PropertiesBuilder builder(room);
  switch (property_type(id)) {
    case PropertyType::text:
    case PropertyType::binary:
      builder.text(id, "x");
      break;
    case PropertyType::pair:
      builder.pair(id, "k", "v");
      break;
    default:
      builder.number(id, 1);
      break;
  }
  EXPECT_TRUE(builder.ok());
  const Bytes raw = builder.view().raw();
  return {raw.begin(), raw.end()};
}

TEST(Properties, EveryOneHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (const PropertyId id : ids) {
    names.insert(property_name(id));
  }
  EXPECT_EQ(names.size(), ids.size());
  EXPECT_EQ(property_name(PropertyId::session_expiry_interval), "Session Expiry Interval");
}

/// Every property in every place: either it is there once, or it is of another packet.
TEST(Properties, EveryPlaceHasItsOwn) {
  const std::array<std::size_t, places.size()> expected = {9, 17, 8, 2, 2, 2, 2,
                                                           2, 2,  1, 2, 4, 4, 7};
  for (std::size_t i = 0; i < places.size(); ++i) {
    std::size_t allowed = 0;
    for (const PropertyId id : ids) {
      std::vector<std::uint8_t> raw = sample(id);
      if (id == PropertyId::authentication_data) {  // never without its method
        const std::vector<std::uint8_t> method = sample(PropertyId::authentication_method);
        raw.insert(raw.end(), method.begin(), method.end());
      }
      const auto view = PropertiesView::parse(raw, places[i]);
      allowed += view ? 1 : 0;
      if (!view) {
        EXPECT_EQ(view.error(), ReasonCode::malformed_packet) << property_name(id);
      }
    }
    EXPECT_EQ(allowed, expected[i]) << static_cast<int>(places[i]);
  }
}

TEST(Properties, OnlyTwoMayRepeat) {
  for (const PropertyPlace place : places) {
    for (const PropertyId id : ids) {
      std::vector<std::uint8_t> raw = sample(id);
      if (id == PropertyId::authentication_data || !PropertiesView::parse(raw, place)) {
        continue;
      }
      raw.insert(raw.end(), raw.begin(), raw.end());
      const bool may_repeat =
          id == PropertyId::user_property ||
          (id == PropertyId::subscription_identifier && place == PropertyPlace::publish);
      const auto view = PropertiesView::parse(raw, place);
      EXPECT_EQ(view.has_value(), may_repeat) << property_name(id);
      if (!view) {
        EXPECT_EQ(view.error(), ReasonCode::protocol_error) << property_name(id);
      }
    }
  }
}

TEST(Properties, AnyCutIsMalformed) {
  for (const PropertyId id : ids) {
    for (const PropertyPlace place : places) {
      const std::vector<std::uint8_t> raw = sample(id);
      for (std::size_t size = 1; size < raw.size(); ++size) {
        const std::vector<std::uint8_t> cut(raw.begin(), raw.begin() + static_cast<long>(size));
        const auto view = PropertiesView::parse(cut, place);
        ASSERT_FALSE(view);
        EXPECT_EQ(view.error(), ReasonCode::malformed_packet) << property_name(id);
      }
    }
  }
}

TEST(Properties, AreFoundByWalking) {
  const std::vector<std::uint8_t> raw =
      from_hex("11 0000000A  26 0001 61 0001 62  21 0014  26 0001 63 0000  15 0001 4D");
  const auto view = PropertiesView::parse(raw, PropertyPlace::connect);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->number(PropertyId::session_expiry_interval), 10U);
  EXPECT_EQ(view->number(PropertyId::receive_maximum), 20U);
  EXPECT_EQ(view->text(PropertyId::authentication_method), "M");
  EXPECT_EQ(view->number(PropertyId::maximum_packet_size), std::nullopt);
  EXPECT_EQ(view->find(PropertyId::user_property)->value, "b");
  std::string walked;
  for (const Property& property : *view) {
    walked += to_hex(property.raw);
  }
  EXPECT_EQ(walked, to_hex(raw));
}

TEST(Properties, EmptyOnesHaveNoWalk) {
  const PropertiesView view;
  EXPECT_TRUE(view.empty());
  EXPECT_TRUE(view.begin() == view.end());
  EXPECT_TRUE(PropertiesView::parse({}, PropertyPlace::will));
}

TEST(Properties, WalkEndsWhereTrustedBytesAreWrong) {
  const std::vector<std::uint8_t> raw = from_hex("2401 7F00 2501");
  const auto view = PropertiesView::trusted(raw);
  EXPECT_EQ(std::distance(view.begin(), view.end()), 1);
  EXPECT_EQ(view.number(PropertyId::retain_available), std::nullopt);
}

TEST(PropertiesBuilder, WritesEveryType) {
  std::array<std::uint8_t, 64> room{};
  PropertiesBuilder builder(room);
  builder.number(PropertyId::maximum_qos, 1)
      .number(PropertyId::receive_maximum, 0x0102)
      .number(PropertyId::maximum_packet_size, 0x01020304)
      .number(PropertyId::subscription_identifier, 300)
      .text(PropertyId::reason_string, "no")
      .pair(PropertyId::user_property, "k", "")
      .raw(from_hex("2501"));
  EXPECT_TRUE(builder.ok());
  EXPECT_EQ(to_hex(builder.view().raw()),
            "2401"
            "210102"
            "2701020304"
            "0BAC02"
            "1F00026E6F"
            "2600016B0000"
            "2501");
}

TEST(PropertiesBuilder, WhatDoesNotFitSticks) {
  std::array<std::uint8_t, 4> room{};
  PropertiesBuilder builder(room);
  builder.number(PropertyId::maximum_qos, 1);
  EXPECT_TRUE(builder.ok());
  builder.number(PropertyId::receive_maximum, 1);
  EXPECT_FALSE(builder.ok());
  builder.number(PropertyId::retain_available, 1);
  EXPECT_FALSE(builder.ok());
  EXPECT_EQ(builder.size(), 2U);
  std::vector<std::uint8_t> large(70'000);
  PropertiesBuilder other(large);
  EXPECT_FALSE(other.text(PropertyId::reason_string, std::string(65536, 'a')).ok());
}

}  // namespace
}  // namespace peal::mqtt
