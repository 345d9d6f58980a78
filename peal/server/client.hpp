// One client's connection on a worker: the bytes of `net` on one side, the Channel of `broker` on
// the other.
//
// Owned by its WorkerThread (or by a letter, on the way to another one).
#pragma once

#include <list>
#include <optional>

#include "peal/broker/channel.hpp"
#include "peal/broker/mail.hpp"
#include "peal/broker/ports/connection.hpp"
#include "peal/net/connection.hpp"
#include "peal/server/listener_runtime.hpp"

namespace peal::server {

class WorkerThread;

class Client final : public net::ConnectionHandler, public broker::Connection {
 public:
  Client(int fd, ListenerRuntime& listener);
  ~Client() override;

  /// Joins `worker`: its loop, and a channel of its broker. False: the system refused.
  [[nodiscard]] bool join(WorkerThread& worker);
  /// It was let in by the gate, and leaves through it.
  void counts_for_address() { counts_for_address_ = true; }

  /// The worker's list of clients: where this one stands.
  std::size_t place = 0;
  /// It was not let in yet; while it has not even said CONNECT it stands in the worker's list of
  /// those that may be turned out.
  bool is_newcomer = false;
  bool may_be_turned_out = false;
  std::list<Client*>::iterator newcomer;
  Time arrived_at{};
  /// Others want in, and it was not let in for longest.
  void turn_out();

  /// A slow reader is given up when this long nothing was taken. Called about once a second while
  /// output waits.
  [[nodiscard]] bool is_stalled(Time now);
  [[nodiscard]] bool is_watched() const { return is_watched_; }
  void stop_watching() { is_watched_ = false; }
  void abort() { connection_.abort(); }

  // net::ConnectionHandler
  std::size_t on_bytes(Bytes bytes) override;
  void on_closed(net::CloseCause cause) override;
  void on_drained() override;
  net::HttpAnswer on_http(const net::HttpRequest& request) override;
  [[nodiscard]] bool on_proxied(const net::Address& source) override;

  // broker::Connection
  void send(Bytes bytes, const SharedBuffer* owner) override;
  [[nodiscard]] std::size_t unsent_bytes() const override;
  void close() override { connection_.close(); }
  [[nodiscard]] broker::PeerInfo peer() const override;
  void pause_input() override { connection_.pause(); }
  void resume_input() override { connection_.resume(); }
  void let_in() override;

 private:
  enum class Whereabouts : std::uint8_t { unknown, here, elsewhere };
  [[nodiscard]] Whereabouts find_home(Bytes bytes, broker::WorkerIndex& home) const;
  void move_to(broker::WorkerIndex home);

  [[nodiscard]] ListenerRuntime& listener() const { return listener_.runtime(); }

  ListenerHold listener_;  // goes last: the others refer to it
  net::Connection connection_;
  WorkerThread* worker_ = nullptr;
  std::optional<broker::Channel> channel_;
  std::uint64_t written_before_ = 0;  // when it was last looked at
  Time progress_at_{};
  bool is_home_ = false;
  bool is_watched_ = false;
  bool counts_for_address_ = false;
};

}  // namespace peal::server
