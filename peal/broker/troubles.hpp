// What went wrong for one session, counted: what its owner asks about when "nothing arrives".
//
// A value; belongs to a Session that had any.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace peal::broker {

enum class Trouble : std::uint8_t {
  publish_denied,
  subscribe_denied,
  delivery_denied,
  queue_full,   // a message that waited for it, or was to, was dropped
  unsent_full,  // QoS 0: it reads too slowly
  expired,      // before it could be sent
  too_large,    // for its Maximum Packet Size
  throttled,    // it publishes faster than it may
};
inline constexpr std::size_t trouble_kinds = 8;

class Troubles {
 public:
  struct Entry {
    std::uint64_t times = 0;
    std::string last;  // topic or filter, at most `text_limit` bytes
  };

  void note(Trouble trouble, std::string_view what, std::uint64_t times = 1) {
    constexpr std::size_t text_limit = 256;
    Entry& entry = entries_[static_cast<std::size_t>(trouble)];
    entry.times += times;
    entry.last = what.substr(0, text_limit);
  }
  [[nodiscard]] const Entry& operator[](Trouble trouble) const {
    return entries_[static_cast<std::size_t>(trouble)];
  }

 private:
  std::array<Entry, trouble_kinds> entries_;
};

}  // namespace peal::broker
