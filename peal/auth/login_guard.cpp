#include "peal/auth/login_guard.hpp"

#include <string>

namespace peal::auth {

namespace {

constexpr unsigned names_per_address = 10;

RepeatLimit of_addresses(RepeatLimit limit) {
  limit.times *= names_per_address;
  return limit;
}

std::string name_key(std::string_view address, std::string_view user) {
  return std::string(address) + " " + std::string(user);
}

}  // namespace

LoginGuard::LoginGuard(const RepeatLimit& limit) : names_(limit), addresses_(of_addresses(limit)) {}

void LoginGuard::use(const RepeatLimit& limit) {
  names_.use(limit);
  addresses_.use(of_addresses(limit));
}

bool LoginGuard::is_locked_out(std::string_view address, std::string_view user,
                               Clock::time_point now) {
  return addresses_.is_out(address, now) || names_.is_out(name_key(address, user), now);
}

bool LoginGuard::failed(std::string_view address, std::string_view user, Clock::time_point now) {
  const bool name_is_out = names_.count(name_key(address, user), now);
  const bool address_is_out = addresses_.count(address, now);
  return name_is_out || address_is_out;
}

std::string_view without_port(std::string_view address) {
  const std::size_t colon = address.rfind(':');
  return colon == std::string_view::npos ? address : address.substr(0, colon);
}

}  // namespace peal::auth
