#include "peal/auth/passwords.hpp"

#include <algorithm>
#include <sodium.h>
#include <string>
#include <thread>
#include <utility>

namespace peal::auth {

namespace {

/// As many devices as may come back at once after a power cut; who comes beyond is told to try
/// again.
constexpr std::size_t waiting_limit = 20'000;
constexpr std::size_t cached_limit = 200'000;
constexpr std::chrono::hours cached_for{12};

/// For a server whose files have nobody in them; of bytes that nobody noted.
constexpr std::string_view nobodys_hash =
    "$argon2id$v=19$m=19456,t=2,p=1$TRELHNR6HMfyy8hcvCWzIA$1DfFRLSohjapA2/"
    "DtwufSwYqy20zpD9hHnB5aN7esc4";

/// Leaves a core to the workers where there is more than one.
unsigned pool_threads() { return std::max(1U, std::thread::hardware_concurrency() / 2); }

/// Bytes of a password on their way, gone from memory with it.
class Secret {
 public:
  explicit Secret(Bytes bytes) : bytes_(bytes.begin(), bytes.end()) {}
  ~Secret() { sodium_memzero(bytes_.data(), bytes_.size()); }
  Secret(Secret&&) = default;
  Secret& operator=(Secret&&) = delete;
  [[nodiscard]] Bytes bytes() const { return bytes_; }

 private:
  std::vector<std::uint8_t> bytes_;
};

PasswordHash decoy_of(const std::vector<PasswordFile>& files) {
  for (const PasswordFile& file : files) {
    if (const PasswordHash* any = file.any()) {
      return *any;
    }
  }
  return *PasswordHash::parse(nobodys_hash);
}

}  // namespace

UserTable::UserTable(std::vector<PasswordFile> files)
    : files_(std::move(files)), decoy_(decoy_of(files_)) {}

const PasswordHash* UserTable::find(std::string_view user) const {
  for (const PasswordFile& file : files_) {
    if (const PasswordHash* found = file.find(user)) {
      return found;
    }
  }
  return nullptr;
}

Passwords::Passwords(const LoginLimit& limit, broker::Log& log)
    : users_(std::make_shared<UserTable>(std::vector<PasswordFile>{})),
      log_(log),
      cache_(cached_limit, cached_for),
      guard_(limit),
      pool_(pool_threads(), waiting_limit) {}

void Passwords::use(std::shared_ptr<const UserTable> users) {
  const std::scoped_lock lock(mutex_);
  users_ = std::move(users);
}

std::shared_ptr<const UserTable> Passwords::users() {
  const std::scoped_lock lock(mutex_);
  return users_;
}

void Passwords::note_wrong(std::string_view address, std::string_view user) {
  if (guard_.failed(address, user, LoginGuard::Clock::now())) {
    log_.write({.level = broker::LogLevel::warning,
                .what = "logins are locked out for a while (ban.bad_login)",
                .client_id = {},
                .address = address,
                .reason = "wrong passwords",
                .detail = user});
  }
}

std::optional<Login> Passwords::check(const LoginAttempt& attempt, GivenUp is_given_up, Done done) {
  const auto now = LoginCache::Clock::now();
  const auto table = users();
  const PasswordHash* stored = table->find(attempt.user);
  const auto login = stored == nullptr
                         ? LoginCache::Digest{}
                         : cache_.digest(attempt.user, stored->stored(), attempt.password);
  if (stored != nullptr && cache_.knows(login, now)) {
    return Login::right;
  }
  std::string address(without_port(attempt.address));
  if (guard_.is_locked_out(address, attempt.user, now)) {
    return Login::locked_out;
  }
  const bool is_taken =
      pool_.add([this, table, stored, login, secret = Secret(attempt.password),
                 user = std::string(attempt.user), address = std::move(address),
                 is_given_up = std::move(is_given_up), done = std::move(done)]() mutable {
        if (is_given_up->load(std::memory_order_relaxed)) {
          return;
        }
        const PasswordHash& hash = stored == nullptr ? table->decoy() : *stored;
        const bool is_right = hash.verify(secret.bytes()) && stored != nullptr;
        if (is_right) {
          cache_.remember(login, LoginCache::Clock::now());
        } else {
          note_wrong(address, user);
        }
        done(is_right ? Login::right : Login::wrong);
      });
  return is_taken ? std::nullopt : std::optional(Login::busy);
}

}  // namespace peal::auth
