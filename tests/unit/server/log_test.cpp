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

TEST(Log, CutsWhatAClientSays) {
  const std::string name(300, 'a');
  const broker::LogEvent long_one{.level = broker::LogLevel::info,
                                  .what = "x",
                                  .client_id = name,
                                  .address = {},
                                  .reason = {},
                                  .detail = {}};
  EXPECT_EQ(event_line(long_one, LogFormat::text), "x client=\"" + std::string(256, 'a') + "...\"");
}

/// What `write` writes to standard error.
std::string lines_of(std::size_t rate, void (*write)(ServerLog&)) {
  testing::internal::CaptureStderr();
  {
    ServerLog log("info", LogFormat::text, rate);
    write(log);
  }
  return testing::internal::GetCapturedStderr();
}

TEST(Log, BecomesAnotherWhileItIsUsed) {
  const std::string lines = lines_of(10, [](ServerLog& log) {
    log.write(event());
    log.use("error", LogFormat::json, 1, {"hush-hush"});
    log.write(event());  // a warning
    const std::string detail = std::string(250, 'x') + "hush-hush";
    broker::LogEvent error = event();
    error.level = broker::LogLevel::error;
    error.what = "it failed";
    error.detail = detail;
    log.write(error);
    log.write(error);
  });
  EXPECT_TRUE(lines.contains(" warning client refused client="));
  EXPECT_EQ(lines.find("client refused"), lines.rfind("client refused"));
  EXPECT_TRUE(lines.contains("\"event\":\"it failed\"")) << lines;
  EXPECT_EQ(lines.find("it failed"), lines.rfind("it failed", lines.find("lines left out")));
  EXPECT_TRUE(lines.contains("xxx***")) << lines;
  EXPECT_FALSE(lines.contains("hush"));
}

TEST(Log, SumsUpWhatIsBeyondTheRate) {
  const std::string lines = lines_of(2, [](ServerLog& log) {
    for (int i = 0; i < 7; ++i) {
      log.write(event());
    }
    log.write({.level = broker::LogLevel::info,
               .what = "client connected",
               .client_id = "a",
               .address = {},
               .reason = {},
               .detail = {}});
  });
  std::size_t refused = 0;
  for (std::size_t at = lines.find("client refused client"); at != std::string::npos;
       at = lines.find("client refused client", at + 1)) {
    ++refused;
  }
  EXPECT_EQ(refused, 2U) << lines;
  EXPECT_NE(lines.find("client connected client=\"a\""), std::string::npos) << lines;
  EXPECT_NE(lines.find("lines left out reason=\"client refused\" detail=\"5\""), std::string::npos)
      << lines;
}

TEST(Log, WantsWhatItsLevelSays) {
  const ServerLog log("warning", LogFormat::text);
  EXPECT_FALSE(log.wants(broker::LogLevel::info));
  EXPECT_TRUE(log.wants(broker::LogLevel::error));
}

}  // namespace
}  // namespace peal::server
