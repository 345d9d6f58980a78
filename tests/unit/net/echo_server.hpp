// A listener in a thread of its own whose connections answer with what they hear.
#pragma once

#include <atomic>
#include <gtest/gtest.h>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "peal/net/connection.hpp"
#include "peal/net/http.hpp"
#include "peal/net/listener.hpp"

namespace peal::net {

class EchoServer {
 public:
  explicit EchoServer(ConnectionSettings settings = {}, std::string bind = "127.0.0.1:0")
      : settings_(std::move(settings)) {
    auto opened = Listener::open({.bind = std::move(bind)});
    EXPECT_TRUE(opened.has_value()) << opened.error();
    listener_ = std::move(*opened);
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }
  ~EchoServer() {
    thread_.request_stop();
    loop_.wake();
  }

  [[nodiscard]] std::uint16_t port() const { return listener_->port(); }
  /// The peers that connections had when they opened.
  [[nodiscard]] std::vector<Peer> peers() {
    const std::lock_guard lock(mutex_);
    return peers_;
  }
  /// How connections ended. Waits until there are `count`.
  [[nodiscard]] std::vector<CloseCause> causes(std::size_t count) {
    for (;;) {
      {
        const std::lock_guard lock(mutex_);
        if (causes_.size() >= count) {
          return causes_;
        }
      }
      std::this_thread::yield();
    }
  }

 private:
  class Echo final : public ConnectionHandler {
   public:
    Echo(EchoServer& server, int fd) : server_(server), connection_(fd, server.settings_, *this) {}
    bool attach() { return connection_.attach(server_.loop_); }
    std::size_t on_bytes(Bytes bytes) override {
      if (!is_noted_) {
        is_noted_ = true;
        const std::lock_guard lock(server_.mutex_);
        server_.peers_.push_back(connection_.peer());
      }
      connection_.send(bytes);
      server_.loop_.flush();  // the bytes are the read buffer's
      return bytes.size();
    }
    void on_closed(CloseCause cause) override {
      const std::lock_guard lock(server_.mutex_);
      server_.causes_.push_back(cause);
    }
    void on_drained() override {}
    HttpAnswer on_http(const HttpRequest& request) override {
      HttpAnswer answer;
      answer.body = "You asked for " + request.target;
      return answer;
    }

   private:
    EchoServer& server_;
    Connection connection_;
    bool is_noted_ = false;
  };

  void run(const std::stop_token& stop) {
    const bool is_attached = listener_->attach(loop_, [this](int fd, const Address&) {
      echoes_.push_back(std::make_unique<Echo>(*this, fd));
      EXPECT_TRUE(echoes_.back()->attach());
    });
    EXPECT_TRUE(is_attached);
    while (!stop.stop_requested()) {
      loop_.announce_sleep();
      loop_.poll(std::chrono::milliseconds(stop.stop_requested() ? 0 : -1));
      loop_.flush();
      loop_.sweep();
    }
    listener_->detach();
    echoes_.clear();
  }

  const ConnectionSettings settings_;
  std::mutex mutex_;
  std::vector<Peer> peers_;
  std::vector<CloseCause> causes_;
  Loop loop_;
  std::unique_ptr<Listener> listener_;
  std::vector<std::unique_ptr<Echo>> echoes_;
  std::jthread thread_;
};

}  // namespace peal::net
