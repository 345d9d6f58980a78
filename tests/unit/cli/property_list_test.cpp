#include "peal/cli/property_list.hpp"

#include <gtest/gtest.h>

#include "peal/cli/options.hpp"

namespace peal::cli {
namespace {

using mqtt::PropertyId;
using Words = std::vector<std::string>;

std::string error_of(const Words& words) {
  PropertyLists lists;
  try {
    add_property_words(lists, words);
  } catch (const OptionError& error) {
    return error.what();
  }
  return "";
}

TEST(PropertyWords, GoToTheirPacket) {
  PropertyLists lists;
  add_property_words(lists, Words{"connect", "receive-maximum", "7"});
  add_property_words(lists, Words{"PUBLISH", "content-type", "text/plain"});
  add_property_words(lists, Words{"publish", "user-property", "a", "-b"});
  add_property_words(lists, Words{"Subscribe", "subscription-identifier", "268435455"});
  add_property_words(lists, Words{"unsubscribe", "user-property", "", ""});
  add_property_words(lists, Words{"disconnect", "session-expiry-interval", "4294967295"});
  add_property_words(lists, Words{"will", "will-delay-interval", "0"});
  EXPECT_EQ(lists.connect.view().number(PropertyId::receive_maximum), 7u);
  EXPECT_EQ(lists.publish.view().text(PropertyId::content_type), "text/plain");
  const auto pair = lists.publish.view().find(PropertyId::user_property);
  ASSERT_TRUE(pair.has_value());
  EXPECT_EQ(pair->text, "a");
  EXPECT_EQ(pair->value, "-b");
  EXPECT_EQ(lists.subscribe.view().number(PropertyId::subscription_identifier), 268'435'455u);
  EXPECT_EQ(lists.disconnect.view().number(PropertyId::session_expiry_interval), 4'294'967'295u);
  EXPECT_EQ(lists.will.view().number(PropertyId::will_delay_interval), 0u);
  EXPECT_NO_THROW(check_properties(lists));
}

TEST(PropertyWords, SayWhatIsWrong) {
  EXPECT_TRUE(error_of({"foo", "content-type", "x"}).starts_with("Error: Invalid command given"));
  EXPECT_TRUE(error_of({"publish", "colour", "x"}).starts_with("Error: Invalid property name"));
  EXPECT_EQ(error_of({"connect", "content-type", "x"}),
            "Error: content-type property not allowed for connect in --property argument.");
  EXPECT_EQ(error_of({"publish", "subscription-identifier", "1"}),
            "Error: subscription-identifier property not allowed for publish in --property "
            "argument.");
  EXPECT_EQ(error_of({"publish", "content-type"}),
            "Error: --property argument given but not enough arguments specified.");
  EXPECT_EQ(error_of({"publish", "user-property", "a"}),
            "Error: --property argument given but not enough arguments specified.");
}

TEST(PropertyWords, NumbersHaveARange) {
  EXPECT_EQ(error_of({"publish", "payload-format-indicator", "300"}),
            "Error: Property value (300) out of range for property payload-format-indicator.");
  EXPECT_EQ(error_of({"publish", "topic-alias", "65535"}), "");
  EXPECT_NE(error_of({"publish", "topic-alias", "65536"}), "");
  EXPECT_NE(error_of({"publish", "message-expiry-interval", "-1"}), "");
  EXPECT_NE(error_of({"publish", "message-expiry-interval", "4294967296"}), "");
  EXPECT_NE(error_of({"publish", "message-expiry-interval", "5x"}), "");
  EXPECT_NE(error_of({"subscribe", "subscription-identifier", "268435456"}), "");
}

TEST(PropertyWords, AreCheckedTogether) {
  PropertyLists lists;
  add_property_words(lists, Words{"publish", "content-type", "a"});
  EXPECT_NO_THROW(check_properties(lists));
  add_property_words(lists, Words{"publish", "content-type", "b"});
  EXPECT_THROW(check_properties(lists), OptionError);

  PropertyLists zero;
  add_property_words(zero, Words{"connect", "receive-maximum", "0"});
  EXPECT_THROW(check_properties(zero), OptionError);
}

TEST(PropertyNames, AreTheStandardsWithDashes) {
  EXPECT_EQ(option_name(PropertyId::session_expiry_interval), "session-expiry-interval");
  EXPECT_EQ(property_of_option_name("shared-subscription-available"),
            PropertyId::shared_subscription_available);
  EXPECT_EQ(property_of_option_name("Content-Type"), std::nullopt);
}

TEST(PropertyList, RefusesWhatIsTooLong) {
  PropertyList list;
  list.add_text(PropertyId::content_type, std::string(65'536, 'x'));
  EXPECT_TRUE(list.empty());
}

}  // namespace
}  // namespace peal::cli
