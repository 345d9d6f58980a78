// Answers of a service that hold for a while, so that devices that come back together are not asked
// for again. A question is known by a keyed digest of it all, password included, with a key that
// lives as long as this object: neither a password nor something that a list of passwords could be
// tried against.
//
// Bounded in bytes, in two halves: the older one goes as a whole.
// threads   one at a time, but for `digest`.    cost   O(1), and O(question) for `digest`.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "peal/auth/identity_source.hpp"

namespace peal::auth {

class AnswerCache {
 public:
  using Clock = std::chrono::steady_clock;
  using Digest = std::array<std::uint64_t, 4>;
  struct First {
    std::size_t operator()(const Digest& digest) const { return digest[0]; }
  };

  explicit AnswerCache(std::size_t bytes_limit);

  [[nodiscard]] Digest digest(std::string_view question) const;
  /// Nothing: not known, or not any more.
  [[nodiscard]] std::optional<Finding> find(const Digest& question, Clock::time_point now) const;
  /// Holds before `until`.
  void remember(const Digest& question, const Finding& finding, Clock::time_point until);

 private:
  struct Entry {
    Finding finding;
    Clock::time_point until;
  };
  using Half = std::unordered_map<Digest, Entry, First>;

  std::size_t bytes_limit_;
  std::array<std::uint8_t, 32> key_{};
  Half recent_;
  Half older_;
  std::size_t recent_bytes_ = 0;
};

}  // namespace peal::auth
