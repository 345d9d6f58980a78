#include "peal/server/flight_recorder.hpp"

#include <gtest/gtest.h>

namespace peal::server {
namespace {

class CountingLog final : public broker::Log {
 public:
  [[nodiscard]] bool wants(broker::LogLevel level) const override {
    return level >= broker::LogLevel::warning;
  }
  void write(const broker::LogEvent& /*event*/) override { ++written; }
  int written = 0;
};

broker::LogEvent event(std::string_view client, std::string_view what,
                       broker::LogLevel level = broker::LogLevel::info) {
  return {.level = level,
          .what = what,
          .client_id = client,
          .address = "192.0.2.1:1",
          .reason = "why",
          .detail = {}};
}

TEST(FlightRecorder, RemembersWhatIsNotWritten) {
  CountingLog log;
  FlightRecorder recorder(log);
  EXPECT_TRUE(recorder.wants(broker::LogLevel::info));
  EXPECT_FALSE(recorder.wants(broker::LogLevel::debug));
  recorder.write(event("bell", "connected"));
  recorder.write(event("bell", "closed", broker::LogLevel::warning));
  recorder.write(event("", "about nobody", broker::LogLevel::error));
  EXPECT_EQ(log.written, 2);
  const auto events = recorder.events_of("bell");
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].what, "connected");
  EXPECT_EQ(events[1].what, "closed");
  EXPECT_EQ(events[1].address, "192.0.2.1:1");
  EXPECT_TRUE(recorder.events_of("lamp").empty());
}

TEST(FlightRecorder, KeepsTheLastEventsOfTheLastClients) {
  CountingLog log;
  FlightRecorder recorder(log);
  for (int i = 0; i < 20; ++i) {
    recorder.write(event("bell", "event " + std::to_string(i)));
  }
  const auto events = recorder.events_of("bell");
  ASSERT_EQ(events.size(), 16U);
  EXPECT_EQ(events.front().what, "event 4");
  for (int i = 0; i < 10'000; ++i) {
    recorder.write(event("client " + std::to_string(i), "connected"));
  }
  EXPECT_TRUE(recorder.events_of("bell").empty());
  EXPECT_EQ(recorder.events_of("client 0").size(), 1U);
}

}  // namespace
}  // namespace peal::server
