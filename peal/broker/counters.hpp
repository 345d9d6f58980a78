// What a worker counts. One writer (the worker); whoever reads sums over the workers.
#pragma once

#include <atomic>
#include <cstdint>

namespace peal::broker {

/// A number with one writer: reading from another thread is allowed, adding from another is not.
class Counter {
 public:
  void add(std::uint64_t n = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void subtract(std::uint64_t n = 1) { add(0 - n); }
  [[nodiscard]] std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// Retained messages of all workers together: what the limits on them are compared with.
struct RetainedTotals {
  std::atomic<std::size_t> messages{0};
  std::atomic<std::size_t> bytes{0};
};

/// What all workers have together of what is limited.
struct Totals {
  std::atomic<std::size_t> sessions{0};
  std::atomic<std::size_t> subscriptions{0};
};

struct Counters {
  Counter connections;        // now
  Counter sessions;           // now
  Counter subscriptions;      // now
  Counter retained_messages;  // now
  Counter retained_bytes;     // now
  Counter queued_messages;    // now, in flight included
  Counter messages_received;
  Counter messages_sent;
  Counter refused_connects;
  Counter exceeded_limits;           // packets beyond what one may carry, in time or size
  Counter refused_retained;          // retained.messages, retained.bytes, retained.message
  Counter unauthenticated;           // connections that were not let in yet, now
  Counter evicted_unauthenticated;   // limits.unauthenticated
  Counter refused_sessions;          // session.sessions
  Counter refused_sessions_of_user;  // session.per_user
  Counter refused_sessions_memory;   // limits.memory
  Counter refused_subscriptions;     // limits.subscriptions and the one of a session
  Counter waited_memory;             // publishers that were not read, limits.memory
  Counter dropped_memory;            // QoS 0, limits.memory
  Counter refused_http;              // limits.http_connections
  Counter refused_connections;       // limits.connections, the listener's max_connections
  Counter refused_per_address;       // limits.connections_per_address
  Counter refused_connect_rate;      // limits.connect_rate_per_address
  Counter refused_proxies;           // the listener's proxy_from
  Counter closed_stalled;            // queue.unsent_timeout
  Counter closed_revoked;            // whose certificate was revoked while they were connected
  Counter protocol_errors;
  Counter denied_publishes;
  Counter denied_subscribes;
  Counter throttled_publishes;  // that made a client wait (the rate of a role)
  Counter denied_deliveries;    // of messages that waited while a right was withdrawn
  Counter withheld_retained;  // deliveries whose publisher lost its right, retained.check_publisher
  Counter dropped_queue_full;
  Counter dropped_unsent_full;  // QoS 0 towards a slow reader
  Counter dropped_expired;
  Counter dropped_too_large;  // beyond the client's Maximum Packet Size
  Counter dropped_offline_qos0;
  Counter dropped_retained_full;
  Counter dropped_shared_no_member;
  Counter takeovers;
  Counter refused_fights;  // of clients that take one session from each other
  Counter keep_alive_timeouts;
};

}  // namespace peal::broker
