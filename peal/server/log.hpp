// The server's log: one line per event on standard error, for people or as JSON for programs.
//
// Written by a thread of its own behind a bounded queue, so that a slow terminal never holds a
// worker up; when the queue is full the oldest lines go. What came from a client is escaped and cut
// to 256 bytes. One cause gets ten lines a second (log.rate); what is beyond is counted and said in
// one line, with the first line of whatever cause that comes a second later.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "peal/broker/ports/log.hpp"
#include "peal/server/config.hpp"

namespace peal::server {

class ServerLog final : public broker::Log {
 public:
  /// `rate`   lines a second from one cause.
  ServerLog(const std::string& level, LogFormat format, std::size_t rate = 10);
  ~ServerLog() override;  // writes what waits

  /// From now on. What `hidden` has is written as "***".    threads   any.
  void use(const std::string& level, LogFormat format, std::size_t rate,
           std::vector<std::string> hidden = {});

  [[nodiscard]] bool wants(broker::LogLevel level) const override;
  /// threads   any.
  void write(const broker::LogEvent& event) override;

 private:
  void write_left_out(std::string_view what, std::uint64_t count);
  struct State;
  std::unique_ptr<State> state_;
};

/// The event as one line without time and level: text `key="value"` or the members of a JSON
/// object.
[[nodiscard]] std::string event_line(const broker::LogEvent& event, LogFormat format);

}  // namespace peal::server
