// The last events of each client, for `peal explain`: a log that remembers and passes on.
//
// One for a server. Keeps the last 16 events of each of the last 10 000 clients that had any; those
// of who had none for longest go first.    threads   any.    cost   a lock and a few short texts
// for an event, of which there are a few in the life of a connection.
#pragma once

#include <deque>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "peal/base/text_hash.hpp"
#include "peal/broker/ports/log.hpp"
#include "peal/server/explain.hpp"

namespace peal::server {

class FlightRecorder final : public broker::Log {
 public:
  /// `log`   outlives it.
  explicit FlightRecorder(broker::Log& log) : log_(log) {}

  /// What is remembered is wanted, though it may not be written.
  [[nodiscard]] bool wants(broker::LogLevel level) const override {
    return level >= broker::LogLevel::info || log_.wants(level);
  }
  void write(const broker::LogEvent& event) override;

  /// Oldest first.
  [[nodiscard]] std::vector<ClientEvent> events_of(std::string_view client_id);

 private:
  struct Client {
    std::deque<ClientEvent> events;
    std::list<std::string>::iterator place;  // in `order_`
  };
  void remember(const broker::LogEvent& event);

  broker::Log& log_;
  std::mutex mutex_;
  std::unordered_map<std::string, Client, TextHash, std::equal_to<>> clients_;
  std::list<std::string> order_;  // who had an event last stands in front
};

}  // namespace peal::server
