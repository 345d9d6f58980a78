// Port: what has to outlast the process. A worker writes down every change of its durable sessions,
// their queues and its retained messages; what was written is safe once `committed` has reached
// the place that `written` named, and only then is anything acknowledged.
//
// A session is durable when its Session Expiry Interval is not zero. A message is kept once for
// each worker that has to keep it, and attached to each session that is to get it; it is gone when
// every one of these is done with it.
//
// Calls only append to memory: nothing here waits. One journal per worker, used on its thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "peal/broker/mail.hpp"
#include "peal/broker/message.hpp"

namespace peal::broker {

/// How far a worker's journal was written. Grows.
enum class JournalPosition : std::uint64_t { start = 0 };

/// Names a durable session for ever: never given twice, not even after a restart.
enum class StoredId : std::uint64_t { none = 0 };

/// The will of a durable session, as it was said in CONNECT.
struct StoredWill {
  mqtt::TopicName topic;
  Bytes payload;
  Bytes properties;
  mqtt::QoS qos = mqtt::QoS::at_most_once;
  bool retain = false;
  std::chrono::seconds delay{0};
  std::chrono::seconds expiry{0};
  bool has_expiry = false;
};

/// What a durable session is, apart from its subscriptions and messages. Views.
struct StoredSession {
  StoredId id{};
  NamespaceId space{};
  std::string_view client_id;
  std::string_view user;
  std::string_view grants;
  std::chrono::duration<std::uint32_t> expiry_interval{0};
  bool is_away = false;  // its client is; then since when
  Time away_since{};
  bool has_will = false;
  StoredWill will;
};

/// One subscription, shared ones with their prefix.
struct StoredSubscription {
  std::string filter;
  mqtt::SubscriptionOptions options;
  std::uint32_t identifier = 0;
};

/// One session's copy of a kept message.
struct StoredCopy {
  KeptId message{};
  mqtt::QoS qos = mqtt::QoS::at_most_once;
  bool retain = false;
  bool is_released = false;                         // QoS 2: PUBREC came
  mqtt::PacketId packet_id = mqtt::PacketId::none;  // QoS 2: sent with it
  std::uint32_t bytes = 0;  // what it counts against the queue's limit: topic, properties, payload
  std::vector<std::uint32_t> identifiers;
};

/// What a start finds of one session.
struct RestoredSession {
  StoredId id{};
  NamespaceId space{};
  std::string client_id;
  std::string user;
  std::string grants;
  std::chrono::duration<std::uint32_t> expiry_interval{0};
  bool is_away = false;
  Time away_since{};
  bool has_will = false;
  MessageRef will;
  std::chrono::seconds will_delay{0};
  std::chrono::seconds will_expiry{0};
  bool will_has_expiry = false;
  std::vector<StoredSubscription> subscriptions;
  std::vector<mqtt::PacketId> received;  // QoS 2 from the client, PUBREL awaited
  std::vector<StoredCopy> queue;         // in the order of KeptId
};

/// A message that a worker has handed to another one, which has not written down yet what it did
/// with it: after a crash it is handed on again. What is acknowledged rests on the journal of one
/// worker this way, and nothing is done twice.
struct StoredTransit {
  KeptId message{};
  WorkerIndex to{};
  Forward how;     // without `from` and `logged`
  GroupRef group;  // one: the message is to be dealt in it, and nothing else
};
struct RestoredTransit {
  StoredTransit transit;
  MessageRef message;
};

class Journal {
 public:
  virtual ~Journal() = default;

  /// false: nothing outlasts the process, and nothing is written.
  [[nodiscard]] virtual bool is_durable() const = 0;
  /// true: nothing more can be kept, and what was not committed will not be (a full or broken
  /// disk). May end again by itself.
  [[nodiscard]] virtual bool has_failed() const = 0;

  /// true: the disk cannot keep up; who can be made to wait is.
  [[nodiscard]] virtual bool is_behind() const = 0;

  /// How far it is written, and how far that is safe. `committed` moves between two iterations.
  [[nodiscard]] virtual JournalPosition written() const = 0;
  [[nodiscard]] virtual JournalPosition committed() const = 0;
  [[nodiscard]] virtual StoredId new_session() = 0;
  /// Writes or rewrites the session itself.
  virtual void put_session(const StoredSession& session) = 0;
  /// The session ends, its subscriptions and identifiers with it. Its messages are `done` before.
  virtual void erase_session(StoredId session) = 0;
  virtual void put_subscription(StoredId session, const StoredSubscription& subscription) = 0;
  virtual void erase_subscription(StoredId session, std::string_view filter) = 0;
  /// A QoS 2 message with that identifier came from the client; PUBREL came.
  virtual void put_received(StoredId session, mqtt::PacketId packet_id) = 0;
  virtual void erase_received(StoredId session, mqtt::PacketId packet_id) = 0;

  /// Keeps a message. It has to be attached to a session, or sent, before the iteration ends.
  [[nodiscard]] virtual KeptId keep(const MessageFields& message) = 0;
  /// Queues it for one session, behind all that was attached to it before.
  virtual void attach(StoredId session, const StoredCopy& copy) = 0;
  /// QoS 2: sent with that identifier, or PUBREC came for it.
  virtual void put_flight(StoredId session, KeptId message, mqtt::PacketId packet_id,
                          bool is_released) = 0;
  /// The session is done with its copy. `had_flight`: `put_flight` was called for it.
  virtual void done(StoredId session, KeptId message, bool had_flight) = 0;

  /// The message goes to another worker, whose mail about it comes after this is handed over.
  virtual void send(const StoredTransit& transit) = 0;
  /// Everything that `to` was sent it for is written down now, in the same iteration.
  virtual void arrived(WorkerIndex to, KeptId message) = 0;

  /// The topic's retained message now.
  /// `publisher`   without a Client Identifier: not known, or the server itself.
  virtual void put_retained(NamespaceId space, const MessageFields& message,
                            const ClientIdentity& publisher) = 0;
  virtual void erase_retained(NamespaceId space, mqtt::TopicName topic) = 0;

  /// Asks for the bytes of messages that a session has queued. `Worker::fetched` is called with
  /// them later, on the worker's thread.
  virtual void fetch(SessionHandle session, StoredId stored, std::span<const KeptId> messages) = 0;
};

/// One answer to `fetch`; null: it could not be read, or expired meanwhile.
struct Fetched {
  KeptId message{};
  MessageRef bytes;
};

}  // namespace peal::broker
