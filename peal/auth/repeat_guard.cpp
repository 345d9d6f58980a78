#include "peal/auth/repeat_guard.hpp"

namespace peal::auth {

namespace {

/// What is remembered; who has that many names for itself is forgotten again.
constexpr std::size_t entries_limit = 100'000;

}  // namespace

void RepeatGuard::use(const RepeatLimit& limit) {
  const std::scoped_lock lock(mutex_);
  limit_ = limit;
  if (limit.times == 0) {
    entries_.clear();
  }
}

bool RepeatGuard::is_out(std::string_view who, Clock::time_point now) {
  const std::scoped_lock lock(mutex_);
  if (limit_.times == 0) {
    return false;
  }
  const auto found = entries_.find(who);
  return found != entries_.end() && now < found->second.out_until;
}

bool RepeatGuard::make_room(Clock::time_point now) {
  if (entries_.size() >= entries_limit) {
    std::erase_if(entries_, [&](const auto& each) {
      return now >= each.second.out_until && now - each.second.since >= limit_.within;
    });
  }
  return entries_.size() < entries_limit;
}

bool RepeatGuard::count(std::string_view who, Clock::time_point now) {
  const std::scoped_lock lock(mutex_);
  if (limit_.times == 0) {
    return false;
  }
  auto found = entries_.find(who);
  if (found == entries_.end()) {
    if (!make_room(now)) {
      return false;
    }
    found = entries_.emplace(std::string(who), Entry{}).first;
  }
  Entry& entry = found->second;
  if (entry.times == 0 || now - entry.since >= limit_.within) {
    entry.times = 0;
    entry.since = now;
  }
  if (++entry.times < limit_.times) {
    return false;
  }
  const bool is_new = now >= entry.out_until;
  entry.out_until = now + limit_.out_for;
  return is_new;
}

}  // namespace peal::auth
