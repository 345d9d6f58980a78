// The process's monotonic clock, read once per iteration: packets of one iteration share a time.
#pragma once

#include "peal/broker/ports/clock.hpp"

namespace peal::server {

class SystemClock final : public broker::Clock {
 public:
  SystemClock() { refresh(); }
  void refresh() {
    now_ = std::chrono::time_point_cast<Duration>(std::chrono::steady_clock::now());
  }
  [[nodiscard]] Time now() const override { return now_; }

 private:
  Time now_{};
};

}  // namespace peal::server
