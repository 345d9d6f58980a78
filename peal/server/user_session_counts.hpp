// Counts the sessions of each user, for the limit session.per_user.
//
// One for a server.    threads   any.    cost   O(1) for a session that begins or ends.
#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "peal/base/text_hash.hpp"
#include "peal/broker/ports/user_sessions.hpp"

namespace peal::server {

class UserSessionCounts final : public broker::UserSessions {
 public:
  explicit UserSessionCounts(std::size_t limit) : limit_(limit) {}

  /// From now on; who has more keeps them.
  void use(std::size_t limit) {
    const std::scoped_lock lock(mutex_);
    limit_ = limit;
  }

  [[nodiscard]] bool add(std::string_view user, bool is_limited) override;
  void remove(std::string_view user) override;

 private:
  std::mutex mutex_;  // guards what follows
  std::size_t limit_;
  std::unordered_map<std::string, std::size_t, TextHash, std::equal_to<>> counts_;
};

}  // namespace peal::server
