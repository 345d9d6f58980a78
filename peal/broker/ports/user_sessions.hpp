// Port: how many sessions each user has, on all workers together.
#pragma once

#include <string_view>

namespace peal::broker {

class UserSessions {
 public:
  virtual ~UserSessions() = default;
  /// One more for `user`, who has a name.
  /// `is_limited`   false: it takes the place of another one, or a start has found it.
  /// returns        false: that would be too many; nothing is counted.
  [[nodiscard]] virtual bool add(std::string_view user, bool is_limited) = 0;
  /// One has ended.
  virtual void remove(std::string_view user) = 0;
};

}  // namespace peal::broker
