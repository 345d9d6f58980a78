#include "peal/auth/passwords.hpp"

#include <algorithm>
#include <sodium.h>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace peal::auth {

namespace {

/// As many devices as may come back at once after a power cut; who comes beyond is told to try
/// again.
constexpr std::size_t waiting_limit = 20'000;
constexpr std::size_t cached_limit = 200'000;
constexpr std::chrono::hours cached_for{12};

/// For a server that knows nobody; of bytes that nobody noted.
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

Passwords::Stored nobodys() {
  return std::make_shared<const PasswordHash>(*PasswordHash::parse(nobodys_hash));
}

}  // namespace

Passwords::Passwords(const RepeatLimit& limit, broker::Log& log)
    : decoy_(nobodys()),
      log_(log),
      cache_(cached_limit, cached_for),
      guard_(limit),
      pool_(pool_threads(), waiting_limit) {}

void Passwords::use_decoy(Stored decoy) {
  const std::scoped_lock lock(mutex_);
  decoy_ = decoy != nullptr ? std::move(decoy) : nobodys();
}

Passwords::Stored Passwords::decoy() {
  const std::scoped_lock lock(mutex_);
  return decoy_;
}

bool Passwords::is_locked_out(std::string_view address, std::string_view user) {
  return guard_.is_locked_out(without_port(address), user, LoginGuard::Clock::now());
}

void Passwords::note_wrong(std::string_view address, std::string_view user) {
  if (guard_.failed(without_port(address), user, LoginGuard::Clock::now())) {
    log_.write({.level = broker::LogLevel::warning,
                .what = "logins are locked out for a while (ban.bad_login)",
                .client_id = {},
                .address = without_port(address),
                .reason = "wrong passwords",
                .detail = user});
  }
}

std::optional<Login> Passwords::check(const LoginAttempt& attempt, Stored stored,
                                      GivenUp is_given_up, Done done) {
  const auto login = stored == nullptr
                         ? LoginCache::Digest{}
                         : cache_.digest(attempt.user, stored->stored(), attempt.password);
  if (stored != nullptr && cache_.knows(login, LoginCache::Clock::now())) {
    return Login::right;
  }
  if (is_locked_out(attempt.address, attempt.user)) {
    return Login::locked_out;
  }
  const bool is_taken = pool_.add(
      [this, login, hash = std::move(stored), slow_one = decoy(), secret = Secret(attempt.password),
       user = std::string(attempt.user), address = std::string(attempt.address),
       is_given_up = std::move(is_given_up), done = std::move(done)]() mutable {
        if (is_given_up->load(std::memory_order_relaxed)) {
          return;
        }
        const bool is_right = hash != nullptr && hash->verify(secret.bytes());
        if (!is_right && (hash == nullptr || hash->kind() == HashKind::sha512)) {
          (void)slow_one->verify(secret.bytes());  // so that nobody is told apart by the time
        }
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
