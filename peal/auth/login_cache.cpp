#include "peal/auth/login_cache.hpp"

#include <sodium.h>
#include <utility>

#include "peal/auth/password_hash.hpp"

namespace peal::auth {

namespace {

void add(crypto_generichash_state& state, Bytes bytes) {
  const std::uint64_t size = bytes.size();
  crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(&size), sizeof(size));
  crypto_generichash_update(&state, bytes.data(), bytes.size());
}

}  // namespace

LoginCache::LoginCache(std::size_t limit, Clock::duration lifetime)
    : limit_(limit), lifetime_(lifetime) {
  require_sodium();
  randombytes_buf(key_.data(), key_.size());
}

LoginCache::Digest LoginCache::digest(std::string_view user, std::string_view stored_hash,
                                      Bytes password) const {
  Digest digest{};
  crypto_generichash_state state;
  crypto_generichash_init(&state, key_.data(), key_.size(), sizeof(digest));
  for (const Bytes part : {as_bytes(user), as_bytes(stored_hash), password}) {
    add(state, part);
  }
  crypto_generichash_final(&state, reinterpret_cast<unsigned char*>(digest.data()), sizeof(digest));
  return digest;
}

bool LoginCache::knows(const Digest& login, Clock::time_point now) {
  const std::scoped_lock lock(mutex_);
  for (const auto* half : {&recent_, &older_}) {
    if (const auto found = half->find(login); found != half->end()) {
      return now - found->second < lifetime_;
    }
  }
  return false;
}

void LoginCache::remember(const Digest& login, Clock::time_point now) {
  const std::scoped_lock lock(mutex_);
  if (recent_.size() >= limit_ / 2) {
    older_ = std::exchange(recent_, {});
  }
  recent_[login] = now;
}

}  // namespace peal::auth
