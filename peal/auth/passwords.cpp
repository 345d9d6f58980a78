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
  return *PasswordHash::parse(hash_password(as_bytes("nobody has this one")));
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

std::size_t UserTable::size() const {
  std::size_t count = 0;
  for (const PasswordFile& file : files_) {
    count += file.size();
  }
  return count;
}

Passwords::Passwords()
    : users_(std::make_shared<UserTable>(std::vector<PasswordFile>{})),
      cache_(cached_limit, cached_for),
      pool_(pool_threads(), waiting_limit) {}

void Passwords::use(std::shared_ptr<const UserTable> users) {
  const std::scoped_lock lock(mutex_);
  users_ = std::move(users);
}

std::shared_ptr<const UserTable> Passwords::users() {
  const std::scoped_lock lock(mutex_);
  return users_;
}

std::optional<Login> Passwords::check(std::string_view user, Bytes password, Done done) {
  const auto table = users();
  const PasswordHash* stored = table->find(user);
  const auto login =
      stored == nullptr ? LoginCache::Digest{} : cache_.digest(user, stored->stored(), password);
  if (stored != nullptr && cache_.knows(login, LoginCache::Clock::now())) {
    return Login::right;
  }
  const bool is_taken = pool_.add(
      [this, table, stored, login, secret = Secret(password), done = std::move(done)]() mutable {
        const PasswordHash& hash = stored == nullptr ? table->decoy() : *stored;
        const bool is_right = hash.verify(secret.bytes()) && stored != nullptr;
        if (is_right) {
          cache_.remember(login, LoginCache::Clock::now());
        }
        done(is_right ? Login::right : Login::wrong);
      });
  return is_taken ? std::nullopt : std::optional(Login::busy);
}

}  // namespace peal::auth
