#include "peal/server/accounts.hpp"

#include <utility>

#include "peal/auth/grants.hpp"
#include "peal/auth/random_text.hpp"
#include "peal/server/config.hpp"
#include "peal/store/named_records.hpp"

namespace peal::server {

namespace {

constexpr std::string_view user_kind = "user";
constexpr std::string_view role_kind = "role";
constexpr std::string_view ban_kind = "ban";
constexpr std::string_view secret_kind = "secret";
constexpr std::size_t secret_bytes = 32;
constexpr std::size_t roles_limit = 10'000;

template <typename T>
T required(std::optional<T> decoded, std::string_view kind, std::string_view name) {
  if (!decoded) {
    throw ConfigError("the store's " + std::string(kind) + " \"" + std::string(name) +
                      "\" cannot be read; `peal store check` says more");
  }
  return std::move(*decoded);
}

std::string problem_with(const StoredRole& role) {
  if (role.name.empty() || role.name.size() > 256 || role.name.find('\n') != std::string::npos) {
    return "the name of a role has 1 to 256 bytes in one line";
  }
  for (const std::string& rule : role.rules) {
    if (auto parsed = auth::parse_rule(rule, ""); !parsed) {
      return "\"" + rule + "\": " + parsed.error();
    }
  }
  return {};
}

}  // namespace

/// The one that is there, or a new one.
void Accounts::find_secret() {
  if (records_ != nullptr) {
    records_->for_each(secret_kind, [this](std::string_view /*name*/, std::string_view record) {
      secret_ = record;
    });
  }
  if (secret_.size() != secret_bytes) {
    secret_ = auth::random_bytes(secret_bytes);
    if (records_ != nullptr) {
      records_->put({secret_kind, "logins"}, secret_);
    }
  }
}

Accounts::Accounts(store::NamedRecords* records) : records_(records) {
  find_secret();
  if (records_ == nullptr) {
    return;
  }
  records_->for_each(user_kind, [this](std::string_view name, std::string_view record) {
    const std::string problem = users_->put(required(decode_user(name, record), user_kind, name));
    if (!problem.empty()) {
      throw ConfigError("the store's user \"" + std::string(name) + "\": " + problem);
    }
  });
  records_->for_each(role_kind, [this](std::string_view name, std::string_view record) {
    roles_.insert_or_assign(std::string(name),
                            required(decode_role(name, record), role_kind, name));
  });
  records_->for_each(ban_kind, [this](std::string_view name, std::string_view record) {
    (void)bans_.add(required(decode_ban(name, record), ban_kind, name));
  });
}

std::vector<StoredRole> Accounts::roles() const {
  const std::scoped_lock lock(roles_mutex_);
  std::vector<StoredRole> all;
  for (const auto& [name, role] : roles_) {
    all.push_back(role);
  }
  return all;
}

std::optional<StoredRole> Accounts::role(std::string_view name) const {
  const std::scoped_lock lock(roles_mutex_);
  const auto found = roles_.find(name);
  return found == roles_.end() ? std::nullopt : std::optional(found->second);
}

Done Accounts::put_user(const auth::User& user) {
  const std::scoped_lock lock(changes_mutex_);
  if (const std::string problem = users_->problem_with(user); !problem.empty()) {
    return std::unexpected(problem);
  }
  if (records_ != nullptr) {
    records_->put({user_kind, user.name}, encode(user));
  }
  (void)users_->put(user);
  return {};
}

Done Accounts::put_role(const StoredRole& role) {
  const std::scoped_lock lock(changes_mutex_);
  if (const std::string problem = problem_with(role); !problem.empty()) {
    return std::unexpected(problem);
  }
  if (roles_.size() >= roles_limit && !roles_.contains(role.name)) {
    return std::unexpected("there are 10000 roles already; remove some");
  }
  if (records_ != nullptr) {
    records_->put({role_kind, role.name}, encode(role));
  }
  const std::scoped_lock roles_lock(roles_mutex_);
  roles_.insert_or_assign(role.name, role);
  return {};
}

Done Accounts::put_ban(auth::Ban ban) {
  const std::scoped_lock lock(changes_mutex_);
  if (ban.kind == auth::BanKind::address) {
    const auto normal = auth::normal_network(ban.name);
    if (!normal) {
      return std::unexpected("\"" + ban.name +
                             "\" is no address; write one such as 192.0.2.7 or 192.0.2.0/24");
    }
    ban.name = *normal;
  }
  if (ban.name.empty()) {
    return std::unexpected("whom? The name is empty");
  }
  if (records_ != nullptr) {
    records_->put({ban_kind, record_name(ban)}, encode(ban));
  }
  if (!bans_.add(std::move(ban))) {
    return std::unexpected("there are 100000 bans already; remove some");
  }
  return {};
}

Done Accounts::remove_user(std::string_view name) {
  const std::scoped_lock lock(changes_mutex_);
  if (users_->user(name) == nullptr) {
    return std::unexpected("there is no user \"" + std::string(name) + "\"");
  }
  if (records_ != nullptr) {
    records_->erase({user_kind, name});
  }
  users_->remove(name);
  return {};
}

Done Accounts::remove_role(std::string_view name) {
  const std::scoped_lock lock(changes_mutex_);
  if (!role(name)) {
    return std::unexpected("there is no role \"" + std::string(name) + "\"");
  }
  if (records_ != nullptr) {
    records_->erase({role_kind, name});
  }
  const std::scoped_lock roles_lock(roles_mutex_);
  roles_.erase(std::string(name));
  return {};
}

Done Accounts::remove_ban(auth::BanKind kind, std::string_view name) {
  const std::scoped_lock lock(changes_mutex_);
  auth::Ban ban;
  ban.kind = kind;
  ban.name = kind == auth::BanKind::address ? auth::normal_network(name).value_or(std::string(name))
                                            : std::string(name);
  if (!bans_.remove(kind, ban.name)) {
    return std::unexpected("there is no such ban");
  }
  if (records_ != nullptr) {
    records_->erase({ban_kind, record_name(ban)});
  }
  return {};
}

}  // namespace peal::server
