// What goes into the log: fields in order, and nothing of a client's text that could be taken for
// ours.
#include "peal/server/log.hpp"

#include <gtest/gtest.h>

namespace peal::server {
namespace {

broker::LogEvent event() {
  return {.level = broker::LogLevel::warning,
          .what = "client refused",
          .client_id = "bell\n\"1\"",
          .address = "192.0.2.1:1",
          .reason = "Malformed Packet",
          .detail = ""};
}

TEST(Log, WritesFieldsThatAreThere) {
  EXPECT_EQ(
      event_line(event(), LogFormat::text),
      R"(client refused client="bell\u000a\"1\"" address="192.0.2.1:1" reason="Malformed Packet")");
}

TEST(Log, WritesJson) {
  EXPECT_EQ(
      event_line(event(), LogFormat::json),
      R"("event":"client refused","client":"bell\u000a\"1\"","address":"192.0.2.1:1","reason":"Malformed Packet")");
}

TEST(Log, EscapesControlCharactersAndCuts) {
  EXPECT_EQ(escaped("a\x1b[31m\\"), "a\\u001b[31m\\\\");
  EXPECT_EQ(escaped("\xff\xfe"), "\\u00ff\\u00fe");
  EXPECT_EQ(escaped("Glocke \xc3\xa4"), "Glocke \xc3\xa4");
  EXPECT_EQ(escaped(std::string(300, 'a')).size(), 259U);
}

TEST(Log, WantsWhatItsLevelSays) {
  const ServerLog log("warning", LogFormat::text);
  EXPECT_FALSE(log.wants(broker::LogLevel::info));
  EXPECT_TRUE(log.wants(broker::LogLevel::error));
}

}  // namespace
}  // namespace peal::server
