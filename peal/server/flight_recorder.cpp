#include "peal/server/flight_recorder.hpp"

#include <chrono>

namespace peal::server {

namespace {

constexpr std::size_t clients_limit = 10'000;
constexpr std::size_t events_limit = 16;
constexpr std::size_t text_limit = 256;

ClientEvent event_of(const broker::LogEvent& event) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return {.seconds = std::chrono::duration_cast<std::chrono::seconds>(now).count(),
          .what = std::string(event.what.substr(0, text_limit)),
          .reason = std::string(event.reason.substr(0, text_limit)),
          .detail = std::string(event.detail.substr(0, text_limit)),
          .address = std::string(event.address.substr(0, text_limit))};
}

}  // namespace

void FlightRecorder::write(const broker::LogEvent& event) {
  if (!event.client_id.empty() && event.client_id.size() <= text_limit) {
    remember(event);
  }
  if (log_.wants(event.level)) {
    log_.write(event);
  }
}

void FlightRecorder::remember(const broker::LogEvent& event) {
  const std::scoped_lock lock(mutex_);
  auto found = clients_.find(event.client_id);
  if (found == clients_.end()) {
    if (clients_.size() >= clients_limit) {
      clients_.erase(order_.back());
      order_.pop_back();
    }
    order_.emplace_front(event.client_id);
    found = clients_.emplace(order_.front(), Client{{}, order_.begin()}).first;
  } else {
    order_.splice(order_.begin(), order_, found->second.place);
  }
  auto& events = found->second.events;
  if (events.size() >= events_limit) {
    events.pop_front();
  }
  events.push_back(event_of(event));
}

std::vector<ClientEvent> FlightRecorder::events_of(std::string_view client_id) {
  const std::scoped_lock lock(mutex_);
  const auto found = clients_.find(client_id);
  return found == clients_.end()
             ? std::vector<ClientEvent>{}
             : std::vector<ClientEvent>(found->second.events.begin(), found->second.events.end());
}

}  // namespace peal::server
