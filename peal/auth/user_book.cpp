#include "peal/auth/user_book.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

namespace peal::auth {

namespace {

constexpr std::size_t users_limit = 1'000'000;

}  // namespace

std::string UserBook::problem_with(const User& user) const {
  if (const std::string_view problem = user_name_problem(user.name); !problem.empty()) {
    return std::string(problem);
  }
  if (!user.password.empty()) {
    if (const auto hash = PasswordHash::parse(user.password); !hash) {
      return "its password is no hash: " + hash.error();
    }
  }
  const std::shared_lock lock(mutex_);
  return users_.size() >= users_limit && !users_.contains(user.name)
             ? "there are a million users already"
             : "";
}

std::string UserBook::put(User user) {
  if (std::string problem = problem_with(user); !problem.empty()) {
    return problem;
  }
  Kept kept;
  if (auto hash = PasswordHash::parse(user.password)) {
    kept.password = std::make_shared<const PasswordHash>(std::move(*hash));
  }
  std::string name = user.name;
  kept.user = std::make_shared<const User>(std::move(user));
  const std::unique_lock lock(mutex_);
  users_[std::move(name)] = std::move(kept);
  return {};
}

bool UserBook::remove(std::string_view name) {
  const std::unique_lock lock(mutex_);
  const auto found = users_.find(name);
  if (found == users_.end()) {
    return false;
  }
  users_.erase(found);
  return true;
}

std::shared_ptr<const User> UserBook::user(std::string_view name) const {
  const std::shared_lock lock(mutex_);
  const auto found = users_.find(name);
  return found == users_.end() ? nullptr : found->second.user;
}

std::vector<std::shared_ptr<const User>> UserBook::list() const {
  std::vector<std::shared_ptr<const User>> all;
  {
    const std::shared_lock lock(mutex_);
    all.reserve(users_.size());
    for (const auto& [name, kept] : users_) {
      all.push_back(kept.user);
    }
  }
  std::ranges::sort(all, {}, [](const auto& user) -> const std::string& { return user->name; });
  return all;
}

std::size_t UserBook::size() const {
  const std::shared_lock lock(mutex_);
  return users_.size();
}

std::optional<UserList::Entry> UserBook::find(std::string_view user) const {
  const std::shared_lock lock(mutex_);
  const auto found = users_.find(user);
  if (found == users_.end()) {
    return std::nullopt;
  }
  const Kept& kept = found->second;
  return Entry{kept.user->is_disabled ? nullptr : kept.password};
}

std::shared_ptr<const PasswordHash> UserBook::any() const {
  const std::shared_lock lock(mutex_);
  const auto found = std::ranges::find_if(
      users_, [](const auto& each) { return each.second.password != nullptr; });
  return found == users_.end() ? nullptr : found->second.password;
}

}  // namespace peal::auth
