// An HTTP service on a free port of the loopback, as good or as bad as a test wants it: what is
// sent back is written by hand, byte by byte where need be.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace peal::test {

class HttpService {
 public:
  struct Request {
    std::string line;     // "POST /auth HTTP/1.1"
    std::string headers;  // the lines behind it
    std::string body;
  };
  struct Reply {
    std::string bytes;
    bool drips = false;   // a byte every ten milliseconds
    bool hangs = false;   // nothing is sent, and the connection stays
    bool closes = false;  // the connection ends behind it
  };
  /// Called on a thread of the connection's: may wait.
  using Behaviour = std::function<Reply(const Request&)>;
  struct Certificate {
    std::string certificate;  // paths, PEM
    std::string key;
  };

  explicit HttpService(Behaviour behaviour);
  HttpService(Behaviour behaviour, const Certificate& certificate);
  /// Ends what hangs.
  ~HttpService();
  HttpService(const HttpService&) = delete;
  HttpService& operator=(const HttpService&) = delete;

  /// "http://127.0.0.1:PORT" and `path`; with a certificate "https://localhost:PORT".
  [[nodiscard]] std::string url(std::string_view path = "/") const;
  [[nodiscard]] int requests() const { return requests_; }
  [[nodiscard]] int connections() const { return connections_; }
  /// The most requests that were looked at or hung at the same time.
  [[nodiscard]] int most_at_once() const { return most_at_once_; }

 private:
  class Peer;

  void open();
  void accept_all();
  void serve(int fd);
  [[nodiscard]] bool send(Peer& peer, const Reply& reply);

  Behaviour behaviour_;
  void* tls_ = nullptr;  // SSL_CTX
  int listening_ = -1;
  int stop_ = -1;  // readable: it is over
  std::uint16_t port_ = 0;
  std::atomic<int> requests_ = 0;
  std::atomic<int> connections_ = 0;
  std::atomic<int> at_once_ = 0;
  std::atomic<int> most_at_once_ = 0;
  std::mutex mutex_;
  std::vector<std::jthread> peers_;
  std::jthread acceptor_;
};

/// A whole answer, with its length.
[[nodiscard]] HttpService::Reply answer(int status, std::string_view body,
                                        std::string_view headers = "");

/// A port of the loopback on which nobody listens.
[[nodiscard]] std::uint16_t closed_port();

}  // namespace peal::test
