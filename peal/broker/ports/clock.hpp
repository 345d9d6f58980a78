// Port: what time it is.
#pragma once

#include "peal/base/timer_wheel.hpp"

namespace peal::broker {

class Clock {
 public:
  virtual ~Clock() = default;
  /// Monotonic; may be the time at which the current iteration began.    cost   O(1), no system
  /// call.
  [[nodiscard]] virtual Time now() const = 0;
};

}  // namespace peal::broker
