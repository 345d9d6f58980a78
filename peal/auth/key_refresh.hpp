// Keeps a document at a URL fresh: the keys that tokens are checked with (JWKS).
//
// It is fetched once while the server starts, then once in an interval, and early when a key is
// asked for that it does not have; never more often than once in a while, whoever asks for whatever
// keys. When it cannot be had, or is refused by who reads it, the one before stays, a warning is
// logged, and it is tried again soon. What the service says about caching is not asked: an interval
// that the operator wrote is one that can be relied on.
//
// One for a source of the file; a thread that waits, and the fetcher's.    threads   any.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "peal/auth/http_fetch.hpp"
#include "peal/broker/ports/log.hpp"

namespace peal::auth {

inline constexpr std::size_t key_document_bytes_limit = std::size_t{1} << 20;

struct KeyRefreshOptions {
  std::string url;
  /// It may come over the network unencrypted: whoever can change it there makes keys.
  bool is_plain_allowed = false;
  std::vector<std::string> headers;
  std::string ca_file;  // PEM; empty: the authorities of the system
  std::chrono::milliseconds timeout{10'000};
  std::chrono::milliseconds interval{600'000};
  std::chrono::milliseconds pause{30'000};  // at least, between two fetches
};

/// What speaks against `options`, a clause; empty when nothing does.
[[nodiscard]] std::string problem_of(const KeyRefreshOptions& options);

class KeyRefresh {
 public:
  using Clock = std::chrono::steady_clock;
  /// Is given a new document.    returns   why it is refused; empty: it is taken.
  using Take = std::function<std::string(const std::string& document)>;

  /// `take`   called on the fetcher's thread, one call at a time; what it uses outlives this.
  /// `log`    outlives it.
  KeyRefresh(KeyRefreshOptions options, Take take, broker::Log& log);
  /// Waits for no service.
  ~KeyRefresh() = default;
  KeyRefresh(const KeyRefresh&) = delete;
  KeyRefresh& operator=(const KeyRefresh&) = delete;

  /// Fetches now and waits for it: while the server starts, never after. It goes on as it would
  /// whatever comes of it.
  ///
  /// `limit`   how long to wait.    errors   why there is no document, or why it was refused.
  [[nodiscard]] std::expected<void, std::string> first(std::chrono::milliseconds limit);

  /// A key was asked for that the document does not have.    cost   O(1); never blocks.
  void want();

  /// Documents taken, and fetches that brought none.
  struct Counters {
    std::uint64_t taken = 0;
    std::uint64_t failed = 0;
  };
  [[nodiscard]] Counters counters() const;

 private:
  /// Empty: nobody is told, so a failure is logged.
  using Told = std::move_only_function<void(const std::string& problem)>;

  void run(const std::stop_token& stop);
  void fetch(std::chrono::milliseconds timeout, Told told);
  [[nodiscard]] std::string problem_with(const HttpResult& result);
  void settle(const std::string& problem);
  void warn(const std::string& problem);

  const KeyRefreshOptions options_;
  const Take take_;
  broker::Log& log_;

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  bool is_fetching_ = false;
  std::optional<Clock::time_point> last_begun_;
  Clock::time_point due_;
  Counters counters_;
  HttpFetcher fetcher_;  // behind what its answers use: goes before it
  std::jthread timer_;   // goes first
};

}  // namespace peal::auth
