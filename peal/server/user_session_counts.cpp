#include "peal/server/user_session_counts.hpp"

namespace peal::server {

bool UserSessionCounts::add(std::string_view user, bool is_limited) {
  const std::scoped_lock lock(mutex_);
  const auto found = counts_.find(user);
  if (is_limited && found != counts_.end() && found->second >= limit_) {
    return false;
  }
  if (found == counts_.end()) {
    counts_.emplace(user, 1);
  } else {
    ++found->second;
  }
  return true;
}

void UserSessionCounts::remove(std::string_view user) {
  const std::scoped_lock lock(mutex_);
  const auto found = counts_.find(user);
  if (found != counts_.end() && --found->second == 0) {
    counts_.erase(found);
  }
}

}  // namespace peal::server
