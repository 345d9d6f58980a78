// Who does something too often is out for a while: "10 per 5m -> 15m".
//
// One for a server.    threads   any.    cost   O(1); about 100 bytes for each that did it lately.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "peal/base/text_hash.hpp"

namespace peal::auth {

/// So many within that time, and out for so long.
struct RepeatLimit {
  unsigned times = 10;  // 0: no limit
  std::chrono::milliseconds within{300'000};
  std::chrono::milliseconds out_for{900'000};
};

class RepeatGuard {
 public:
  using Clock = std::chrono::steady_clock;

  explicit RepeatGuard(const RepeatLimit& limit) : limit_(limit) {}

  /// From now on; who is out stays out as long as it was said, unless there is no limit any more.
  void use(const RepeatLimit& limit);

  [[nodiscard]] bool is_out(std::string_view who, Clock::time_point now);
  /// Once more.    returns   whether that put `who` out just now.
  bool count(std::string_view who, Clock::time_point now);

 private:
  struct Entry {
    unsigned times = 0;
    Clock::time_point since;
    Clock::time_point out_until;
  };
  [[nodiscard]] bool make_room(Clock::time_point now);

  std::mutex mutex_;  // guards what follows
  RepeatLimit limit_;
  std::unordered_map<std::string, Entry, TextHash, std::equal_to<>> entries_;
};

}  // namespace peal::auth
