#include "peal/auth/login_guard.hpp"

#include <utility>

namespace peal::auth {

namespace {

/// What is remembered of either kind; who has that many addresses is forgotten again.
constexpr std::size_t entries_limit = 100'000;
constexpr unsigned names_per_address = 10;

std::string name_key(std::string_view address, std::string_view user) {
  return std::string(address) + " " + std::string(user);
}

}  // namespace

bool LoginGuard::is_out(const Table& table, std::string_view key, Clock::time_point now) {
  const auto found = table.find(key);
  return found != table.end() && now < found->second.out_until;
}

bool LoginGuard::is_locked_out(std::string_view address, std::string_view user,
                               Clock::time_point now) {
  if (limit_.failures == 0) {
    return false;
  }
  const std::scoped_lock lock(mutex_);
  return is_out(by_address_, address, now) || is_out(by_name_, name_key(address, user), now);
}

bool LoginGuard::failed(std::string_view address, std::string_view user, Clock::time_point now) {
  if (limit_.failures == 0) {
    return false;
  }
  const std::scoped_lock lock(mutex_);
  const bool name_is_out = count(by_name_, name_key(address, user), limit_.failures, now);
  const bool address_is_out =
      count(by_address_, std::string(address), limit_.failures * names_per_address, now);
  return name_is_out || address_is_out;
}

bool LoginGuard::count(Table& table, std::string key, unsigned limit, Clock::time_point now) {
  if (table.size() >= entries_limit && !table.contains(key)) {
    std::erase_if(table, [&](const auto& each) {
      return now >= each.second.out_until && now - each.second.since >= limit_.within;
    });
    if (table.size() >= entries_limit) {
      return false;
    }
  }
  Entry& entry = table[std::move(key)];
  if (entry.failures == 0 || now - entry.since >= limit_.within) {
    entry.failures = 0;
    entry.since = now;
  }
  if (++entry.failures < limit) {
    return false;
  }
  const bool is_new = now >= entry.out_until;
  entry.out_until = now + limit_.out_for;
  return is_new;
}

std::string_view without_port(std::string_view address) {
  const std::size_t colon = address.rfind(':');
  return colon == std::string_view::npos ? address : address.substr(0, colon);
}

}  // namespace peal::auth
