// The last events of each client, for `peal explain`: a log that remembers and passes on.
//
// One for a server. Keeps the last 16 events of each of the last 10 000 clients that had any; those
// of who had none for longest go first.    threads   any.    cost   a lock and a few short texts
// for an event, of which there are a few in the life of a connection; some 200 bytes for a client
// that connected and nothing else.
#pragma once

#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>
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
  /// A Client Identifier and, one behind the other, the events of its client: packed
  /// (flight_recorder.cpp), no byte to spare.
  using Record = std::string;
  using Records = std::list<Record>;
  struct HashById {
    using is_transparent = void;
    std::size_t operator()(std::string_view id) const noexcept { return TextHash{}(id); }
    std::size_t operator()(Records::iterator record) const noexcept {
      return TextHash{}(id_of(record));
    }
  };
  struct EqualById {
    using is_transparent = void;
    bool operator()(const auto& a, const auto& b) const { return id_of(a) == id_of(b); }
  };
  static std::string_view id_of(std::string_view id) { return id; }
  static std::string_view id_of(Records::iterator record);
  void remember(const broker::LogEvent& event);

  broker::Log& log_;
  std::mutex mutex_;
  Records records_;  // whose client had an event last stands in front
  std::unordered_set<Records::iterator, HashById, EqualById> by_id_;
};

}  // namespace peal::server
