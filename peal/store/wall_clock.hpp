// Monotonic time means nothing to the next run of the server, so on disk there are milliseconds
// since 1970. One reading of both clocks, taken at the start, converts both ways: what is written
// and read by one run is the same whatever happens to the system's clock meanwhile.
//
// A value; pure.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>

#include "peal/broker/ports/journal.hpp"

namespace peal::store {

class WallClock {
 public:
  /// `monotonic` and `system_ms` (since 1970) are the same moment.
  WallClock(Time monotonic, std::int64_t system_ms)
      : offset_(system_ms - monotonic.time_since_epoch().count()) {}

  [[nodiscard]] static WallClock now() {
    const auto system = std::chrono::system_clock::now().time_since_epoch();
    return {std::chrono::time_point_cast<Duration>(std::chrono::steady_clock::now()),
            std::chrono::duration_cast<Duration>(system).count()};
  }

  /// 0 is `broker::never`.
  [[nodiscard]] std::uint64_t to_disk(Time time) const {
    if (time == broker::never) {
      return 0;
    }
    return static_cast<std::uint64_t>(
        std::max<std::int64_t>(1, time.time_since_epoch().count() + offset_));
  }
  /// What no clock can have shown is `broker::never`, too.
  [[nodiscard]] Time from_disk(std::uint64_t ms) const {
    constexpr std::uint64_t limit = std::numeric_limits<std::int64_t>::max() / 4;
    if (ms == 0 || ms > limit) {
      return broker::never;
    }
    return Time{Duration{static_cast<std::int64_t>(ms) - offset_}};
  }

 private:
  std::int64_t offset_;
};

}  // namespace peal::store
