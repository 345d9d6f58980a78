#include "peal/server/flight_recorder.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <iterator>
#include <utility>

namespace peal::server {

namespace {

constexpr std::size_t clients_limit = 10'000;
constexpr std::size_t events_limit = 16;
constexpr std::size_t text_limit = 255;  // its size is one byte

void pack(std::string& bytes, std::string_view text) {
  bytes += static_cast<char>(std::min(text.size(), text_limit));
  bytes += text.substr(0, text_limit);
}

std::string pack(const broker::LogEvent& event) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const std::int64_t seconds = std::chrono::duration_cast<std::chrono::seconds>(now).count();
  std::string bytes(sizeof seconds, '\0');
  std::memcpy(bytes.data(), &seconds, sizeof seconds);
  for (const std::string_view text : {event.what, event.reason, event.detail, event.address}) {
    pack(bytes, text);
  }
  return bytes;
}

std::string_view take(std::string_view& bytes, std::size_t size) {
  const std::string_view taken = bytes.substr(0, size);
  bytes.remove_prefix(size);
  return taken;
}

std::string_view take_text(std::string_view& bytes) {
  const auto size = static_cast<std::uint8_t>(take(bytes, 1).front());
  return take(bytes, size);
}

constexpr std::array texts{&ClientEvent::what, &ClientEvent::reason, &ClientEvent::detail,
                           &ClientEvent::address};

ClientEvent unpack(std::string_view& bytes) {
  ClientEvent event;
  std::memcpy(&event.seconds, take(bytes, sizeof event.seconds).data(), sizeof event.seconds);
  for (std::string ClientEvent::* text : texts) {
    event.*text = take_text(bytes);
  }
  return event;
}

void skip(std::string_view& bytes) {
  take(bytes, sizeof ClientEvent::seconds);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    take_text(bytes);
  }
}

/// The packed events behind the first one when there are as many as are kept.
std::string_view kept_of(std::string_view bytes) {
  std::size_t count = 0;
  for (std::string_view rest = bytes; !rest.empty(); ++count) {
    skip(rest);
  }
  if (count >= events_limit) {
    skip(bytes);
  }
  return bytes;
}

}  // namespace

std::string_view FlightRecorder::id_of(Records::iterator record) {
  std::string_view rest = *record;
  return take_text(rest);
}

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
  auto found = by_id_.find(event.client_id);
  if (found == by_id_.end()) {
    if (records_.size() >= clients_limit) {
      by_id_.erase(std::prev(records_.end()));
      records_.pop_back();
    }
    pack(records_.emplace_front(), event.client_id);
    found = by_id_.insert(records_.begin()).first;
  } else {
    records_.splice(records_.begin(), records_, *found);
  }
  Record& record = **found;
  std::string_view events = record;
  const std::string_view id = take_text(events);
  const std::string_view kept = kept_of(events);
  const std::string added = pack(event);
  Record renewed;
  renewed.reserve(1 + id.size() + kept.size() + added.size());
  pack(renewed, id);
  record = std::move(renewed.append(kept).append(added));
}

std::vector<ClientEvent> FlightRecorder::events_of(std::string_view client_id) {
  const std::scoped_lock lock(mutex_);
  std::vector<ClientEvent> events;
  const auto found = by_id_.find(client_id);
  if (found == by_id_.end()) {
    return events;
  }
  std::string_view rest = **found;
  (void)take_text(rest);
  while (!rest.empty()) {
    events.push_back(unpack(rest));
  }
  return events;
}

}  // namespace peal::server
