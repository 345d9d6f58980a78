#include "peal/cli/format.hpp"

#include <array>
#include <cstdlib>
#include <gtest/gtest.h>

#include "peal/cli/property_list.hpp"

namespace peal::cli {
namespace {

using mqtt::PropertyId;

/// 2020-05-06 21:48:00.123456789 UTC, in a time zone that is known.
class Format : public testing::Test {
 protected:
  Format() {
    setenv("TZ", "UTC", 1);
    tzset();
    properties_.add_number(PropertyId::payload_format_indicator, 1);
    properties_.add_number(PropertyId::message_expiry_interval, 77);
    properties_.add_text(PropertyId::content_type, "text/plain");
    properties_.add_text(PropertyId::response_topic, "answer/here");
    properties_.add_text(PropertyId::correlation_data, "id-7");
    properties_.add_number(PropertyId::subscription_identifier, 300);
    properties_.add_number(PropertyId::topic_alias, 9);
    properties_.add_pair(PropertyId::user_property, "a", "b");
    properties_.add_pair(PropertyId::user_property, "a", "c:d");
    message_.topic = mqtt::TopicName::trusted("kitchen/light");
    message_.payload = as_bytes("on \xC3\xA9");
    message_.packet_id = mqtt::PacketId{42};
    message_.qos = mqtt::QoS::at_least_once;
    message_.retain = true;
  }

  std::string print(std::string_view format) {
    message_.properties = properties_.view();
    return format_message(format, message_, time_, pretty_, problem_);
  }
  std::string print_without_properties(std::string_view format) {
    message_.properties = {};
    return format_message(format, message_, time_, pretty_, problem_);
  }

  PropertyList properties_;
  mqtt::Publish message_;
  PrintTime time_{1'588'801'680, 123'456'789};
  bool pretty_ = false;
  std::string problem_;
};

TEST_F(Format, EveryCode) {
  EXPECT_EQ(print("%%"), "%");
  EXPECT_EQ(print("%A"), "9");
  EXPECT_EQ(print("%C"), "text/plain");
  EXPECT_EQ(print("%D"), "id-7");
  EXPECT_EQ(print("%E"), "77");
  EXPECT_EQ(print("%F"), "1");
  EXPECT_EQ(print("%I"), "2020-05-06T21:48:00+0000");
  EXPECT_EQ(print("%l"), "5");
  EXPECT_EQ(print("%m"), "42");
  EXPECT_EQ(print("%P"), "a:b a:c:d");
  EXPECT_EQ(print("%p"), "on \xC3\xA9");
  EXPECT_EQ(print("%q"), "1");
  EXPECT_EQ(print("%R"), "answer/here");
  EXPECT_EQ(print("%r"), "1");
  EXPECT_EQ(print("%S"), "300");
  EXPECT_EQ(print("%t"), "kitchen/light");
  EXPECT_EQ(print("%U"), "1588801680.123456789");
  EXPECT_EQ(print("%x"), "6f6e20c3a9");
  EXPECT_EQ(print("%X"), "6F6E20C3A9");
}

TEST_F(Format, WhatIsNotThereIsBlank) {
  EXPECT_EQ(print_without_properties("[%A%C%D%E%F%P%R%S]"), "[]");
  EXPECT_EQ(print_without_properties("[%3A|%03E|%4C|%-5S]"), "[   |000|    |     ]");
}

TEST_F(Format, NumbersArePadded) {
  EXPECT_EQ(print("[%5m]"), "[   42]");
  EXPECT_EQ(print("[%05m]"), "[00042]");
  EXPECT_EQ(print("[%-5m]"), "[42   ]");
  EXPECT_EQ(print("[%-05m]"), "[42   ]");
  EXPECT_EQ(print("[%1m]"), "[42]");
  EXPECT_EQ(print("[%9q]"), "[1]");
}

TEST_F(Format, TextIsPaddedAndCut) {
  EXPECT_EQ(print("[%15t]"), "[  kitchen/light]");
  EXPECT_EQ(print("[%-15t]"), "[kitchen/light  ]");
  EXPECT_EQ(print("[%015t]"), "[  kitchen/light]");
  EXPECT_EQ(print("[%.7t]"), "[kitchen]");
  EXPECT_EQ(print("[%10.7t]"), "[   kitchen]");
  EXPECT_EQ(print("[%-10.7t]"), "[kitchen   ]");
  EXPECT_EQ(print("[%.4C]"), "[text]");
  EXPECT_EQ(print("[%.t]"), "[]");
}

TEST_F(Format, ThePayloadIsCutAtTheWidth) {
  message_.payload = as_bytes("12345");
  EXPECT_EQ(print("[%8p]"), "[   12345]");
  EXPECT_EQ(print("[%-8p]"), "[12345   ]");
  EXPECT_EQ(print("[%08p]"), "[00012345]");
  EXPECT_EQ(print("[%3p]"), "[123]");
  EXPECT_EQ(print("[%.2p]"), "[12345]");
  // mosquitto_sub halves the number of bytes for any width.
  EXPECT_EQ(print("[%12x]"), "[        3132]");
  EXPECT_EQ(print("[%012X]"), "[000000003132]");
  EXPECT_EQ(print("[%4x]"), "[3132]");
  EXPECT_EQ(print("[%3x]"), "[ 31]");
}

TEST_F(Format, Times) {
  EXPECT_EQ(print("@Y-@m-@d @H:@M:@S.@N @@"), "2020-05-06 21:48:00.123456789 @");
  EXPECT_EQ(print("@s"), "1588801680");
  EXPECT_EQ(print("@%"), "%");
}

TEST_F(Format, Escapes) {
  EXPECT_EQ(print("a\\\\b\\a\\e\\n\\r\\t\\v"), "a\\b\a\033\n\r\t\v");
  EXPECT_EQ(print("a\\0b"), std::string("a\0b", 3));
}

TEST_F(Format, OtherTextStaysAsItIs) { EXPECT_EQ(print("h\xC3\xA9 {} $t"), "h\xC3\xA9 {} $t"); }

TEST_F(Format, Json) {
  EXPECT_EQ(print("%j"),
            "{\"tst\":\"2020-05-06T21:48:00.123456Z+0000\",\"topic\":\"kitchen/light\",\"qos\":1,"
            "\"retain\":1,\"payloadlen\":5,\"mid\":42,\"properties\":{"
            "\"payload-format-indicator\":1,\"message-expiry-interval\":77,"
            "\"content-type\":\"text/plain\",\"response-topic\":\"answer/here\","
            "\"correlation-data\":\"id-7\",\"subscription-identifier\":300,\"topic-alias\":9,"
            "\"user-properties\":{\"a\":\"b\",\"a\":\"c:d\"}},\"payload\":\"on \xC3\xA9\"}");
  EXPECT_EQ(problem_, "");
}

TEST_F(Format, JsonWithAJsonPayload) {
  message_.qos = mqtt::QoS::at_most_once;
  message_.payload = as_bytes(R"( {"b" : [1, 2.50, -0, true], "a" : null } )");
  EXPECT_EQ(print_without_properties("%J"),
            "{\"tst\":\"2020-05-06T21:48:00.123456Z+0000\",\"topic\":\"kitchen/light\",\"qos\":0,"
            "\"retain\":1,\"payloadlen\":42,\"payload\":{\"b\":[1,2.5,-0,true],\"a\":null}}");
  EXPECT_EQ(problem_, "");
}

TEST_F(Format, JsonNeedsAJsonPayload) {
  for (const std::string_view payload : {"nothing", "{\"a\":1} x", "[1,]", "{", "'a'"}) {
    problem_.clear();
    message_.payload = as_bytes(payload);
    EXPECT_EQ(print("<%J>"), "<>") << payload;
    EXPECT_EQ(problem_, "Error: Message payload is not valid JSON on topic kitchen/light.");
  }
}

TEST_F(Format, AnEmptyPayloadIsNullInJson) {
  message_.payload = {};
  EXPECT_TRUE(print_without_properties("%j").ends_with(",\"payload\":null}"));
  EXPECT_TRUE(print_without_properties("%J").ends_with(",\"payload\":null}"));
}

TEST_F(Format, PrettyJson) {
  pretty_ = true;
  message_.qos = mqtt::QoS::at_most_once;
  message_.payload = as_bytes(R"({"b":[1,{},{"z":[]}]})");
  EXPECT_EQ(print_without_properties("%J"),
            "{\n\t\"tst\":\t\"2020-05-06T21:48:00.123456Z+0000\",\n\t\"topic\":\t\"kitchen/light\","
            "\n\t\"qos\":\t0,\n\t\"retain\":\t1,\n\t\"payloadlen\":\t21,\n\t\"payload\":\t{\n\t\t"
            "\"b\":\t[1, {\n\t\t\t}, {\n\t\t\t\t\"z\":\t[]\n\t\t\t}]\n\t}\n}");
}

// The words are mosquitto_sub's own.
TEST(FormatProblem, SaysWhatIsWrong) {
  EXPECT_EQ(format_problem("%z"), "Error: Invalid format specifier 'z'.");
  EXPECT_EQ(format_problem("%5.3z"), "Error: Invalid format specifier 'z'.");
  EXPECT_EQ(format_problem("ok %"), "Error: Incomplete format specifier.");
  EXPECT_EQ(format_problem("%-"), "Error: Incomplete format specifier.");
  EXPECT_EQ(format_problem("%10"), "Error: Incomplete format specifier.");
  EXPECT_EQ(format_problem("%10."), "Error: Incomplete format specifier.");
  EXPECT_EQ(format_problem("%10.5"), "Error: Incomplete format specifier.");
  EXPECT_EQ(format_problem("x@"), "Error: Incomplete format specifier.");
  EXPECT_EQ(format_problem("x\\"), "Error: Incomplete escape specifier.");
  EXPECT_EQ(format_problem("\\q"), "Error: Invalid escape specifier 'q'.");
}

TEST(FormatProblem, IsSilentAboutWhatIsFine) {
  constexpr std::array formats{"",
                               "text",
                               "%% %A %C %D %E %F %I %j %J %l %m %P %p %q",
                               "%R",
                               "%r %S %t %U %x %X",
                               "%-20t %020m %.3C %10.3R %-05E",
                               "@Y @@ @N @q",
                               R"(\\ \0 \a \e \n \r \t \v)"};
  for (const std::string_view format : formats) {
    EXPECT_EQ(format_problem(format), std::nullopt) << format;
  }
}

}  // namespace
}  // namespace peal::cli
