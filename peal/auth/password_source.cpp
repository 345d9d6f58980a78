#include "peal/auth/password_source.hpp"

#include <utility>

namespace peal::auth {

using mqtt::ReasonCode;

std::optional<UserList::Entry> FileUsers::find(std::string_view user) const {
  const PasswordHash* found = file_->find(user);
  return found == nullptr ? std::nullopt
                          : std::optional(Entry{std::shared_ptr<const PasswordHash>(file_, found)});
}

std::shared_ptr<const PasswordHash> FileUsers::any() const {
  return std::shared_ptr<const PasswordHash>(file_, file_->any());
}

Finding finding_of(Login login, std::string user) {
  switch (login) {
    case Login::right:
      return Finding::accept({.user = std::move(user), .grants = {}, .expires = {}});
    case Login::busy:
      return Finding::refuse(ReasonCode::server_busy);
    case Login::locked_out:
      return Finding::refuse(ReasonCode::banned);
    case Login::wrong:
      break;
  }
  return Finding::refuse(ReasonCode::bad_user_name_or_password);
}

std::optional<Finding> PasswordSource::identify(const std::shared_ptr<const Credentials>& who,
                                                GivenUp is_given_up, Done done) {
  if (!who->user_name || who->user_name->empty()) {
    return Finding{};
  }
  const std::string& user = *who->user_name;
  const auto entry = users_->find(user);
  if (!entry) {
    return Finding{};
  }
  if (!who->password) {  // never the same as an empty one
    return Finding::refuse(ReasonCode::bad_user_name_or_password);
  }
  const auto known = passwords_.check(
      {.user = user, .password = as_bytes(*who->password), .address = who->address},
      entry->password, std::move(is_given_up), [who, done = std::move(done)](Login login) mutable {
        done(finding_of(login, *who->user_name));
      });
  return known ? std::optional(finding_of(*known, user)) : std::nullopt;
}

}  // namespace peal::auth
