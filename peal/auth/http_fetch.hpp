// Asks HTTP services, for those that must not wait: one thread, many requests at once.
//
// What is asked for is bounded: so many for one host at once, so many that wait. Everything has a
// time limit that runs from the call on, names looked up and waiting included, and an answer is
// read no further than its limit. Redirects are not followed (whoever asks meant that service),
// cookies are not kept, and proxies of the environment are not used: a variable that somebody left
// in it would send passwords elsewhere. Only http and https, certificates are always checked.
//
// Names are looked up on threads of libcurl's, which outlast a request whose time is over, and the
// fetcher itself, until the system's resolver gives up.
//
// Whoever asks owns one.    threads   any may call; answers come on the fetcher's own.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace peal::auth {

enum class HttpMethod : std::uint8_t { get, post };

struct HttpRequest {
  HttpMethod method = HttpMethod::get;
  std::string url;
  std::vector<std::string> headers;           // "Name: value"
  std::string body;                           // of a POST; overwritten once it is no longer needed
  std::string ca_file;                        // PEM; empty: the authorities of the system
  std::chrono::milliseconds timeout{2'000};   // from the call to the last byte
  std::size_t max_body_bytes = 64UL * 1'024;  // of the answer
  /// Asked on the fetcher's thread before anything is sent; false: not any more. Empty: it is.
  std::move_only_function<bool()> is_wanted;
};

struct HttpAnswer {
  int status = 0;
  std::string body;
};

enum class HttpFault : std::uint8_t {
  service,   // not reached, too slow, too much, no HTTP
  busy,      // its time was over before its turn came: says nothing about the service
  unwanted,  // `is_wanted` said no
  stopped,   // the fetcher goes
};

struct HttpError {
  HttpFault fault = HttpFault::service;
  std::string text;  // for a person
};

using HttpResult = std::expected<HttpAnswer, HttpError>;

struct HttpLimits {
  std::size_t waiting = 1'000;        // requests that have not begun
  std::size_t at_once_per_host = 64;  // that have
};

class HttpFetcher {
 public:
  using Done = std::move_only_function<void(HttpResult)>;

  /// errors   std::runtime_error: the library or a thread cannot be had.
  explicit HttpFetcher(const HttpLimits& limits = {});
  /// Ends what is under way and what waits: each is told `stopped`. Waits for no service.
  ~HttpFetcher();
  HttpFetcher(const HttpFetcher&) = delete;
  HttpFetcher& operator=(const HttpFetcher&) = delete;

  /// `done`      called exactly once, on the fetcher's thread, which it must not hold up.
  /// returns     false: as many wait as may; `done` is never called.
  /// cost        O(1); never blocks.      threads   any.
  [[nodiscard]] bool fetch(HttpRequest request, Done done);

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace peal::auth
