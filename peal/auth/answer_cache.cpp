#include "peal/auth/answer_cache.hpp"

#include <sodium.h>
#include <utility>

#include "peal/auth/password_hash.hpp"

namespace peal::auth {

namespace {

/// Of an entry besides its texts: what it is, what the table keeps for it.
constexpr std::size_t entry_bytes = 256;

}  // namespace

AnswerCache::AnswerCache(std::size_t bytes_limit) : bytes_limit_(bytes_limit) {
  require_sodium();
  randombytes_buf(key_.data(), key_.size());
}

AnswerCache::Digest AnswerCache::digest(std::string_view question) const {
  Digest digest{};
  crypto_generichash(reinterpret_cast<unsigned char*>(digest.data()), sizeof(digest),
                     reinterpret_cast<const unsigned char*>(question.data()), question.size(),
                     key_.data(), key_.size());
  return digest;
}

std::optional<Finding> AnswerCache::find(const Digest& question, Clock::time_point now) const {
  for (const Half* half : {&recent_, &older_}) {
    if (const auto found = half->find(question); found != half->end()) {
      return now < found->second.until ? std::optional(found->second.finding) : std::nullopt;
    }
  }
  return std::nullopt;
}

void AnswerCache::remember(const Digest& question, const Finding& finding,
                           Clock::time_point until) {
  const std::size_t bytes =
      entry_bytes + finding.identity.user.size() + finding.identity.grants.size();
  if (bytes > bytes_limit_ / 2) {
    return;
  }
  if (recent_bytes_ + bytes > bytes_limit_ / 2) {
    older_ = std::exchange(recent_, {});
    recent_bytes_ = 0;
  }
  // One that is there already is counted again: at worst the half is full sooner.
  recent_bytes_ += bytes;
  recent_.insert_or_assign(question, Entry{.finding = finding, .until = until});
}

}  // namespace peal::auth
