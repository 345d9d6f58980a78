// Writes into the journal what happens to durable sessions. Every call does nothing for the others,
// so whoever changes a session says so here and asks no question.
//
// A session becomes durable when it begins with a Session Expiry Interval, and stays so to its end.
// Used on its worker.
#pragma once

#include "peal/broker/ports/journal.hpp"
#include "peal/broker/session.hpp"

namespace peal::broker {

class Worker;

class SessionRecords {
 public:
  explicit SessionRecords(Worker& worker) : worker_(worker) {}

  /// Whether the session outlasts the process.
  [[nodiscard]] static bool is_durable(const Session& session) {
    return session.stored != StoredId::none;
  }

  /// A client has the session now; it may begin to be durable.
  void opened(Session& session);
  /// Its client went, or its will was published: written anew as it is.
  void changed(const Session& session);
  void ended(Session& session);

  void subscribed(const Session& session, const mqtt::TopicFilter& filter,
                  const mqtt::SubscriptionOptions& options, std::uint32_t identifier);
  void unsubscribed(const Session& session, const mqtt::TopicFilter& filter);

  void received(const Session& session, mqtt::PacketId packet_id);
  void released(const Session& session, mqtt::PacketId packet_id);

  /// The last message of its queue is in the journal as `message`.
  void queued(const Session& session, KeptId message, mqtt::QoS qos, bool retain,
              std::span<const std::uint32_t> identifiers);
  /// Whether a message is written down as on its way before it goes to another worker.
  /// `is_kept_there`   somebody there keeps it, or may. One of QoS 2 is written down in any case,
  /// so
  ///                   that nobody is sent what might come again after a crash.
  [[nodiscard]] bool is_logged(mqtt::QoS qos, bool is_kept_there) const;
  /// What this worker was sent that message for is written down. None: it was not logged.
  void arrived(KeptId logged);

  /// A QoS 2 message is to be sent, or PUBREC came for it.
  void in_flight(const Session& session, const OutgoingMessage& entry);
  /// The session is done with a message.
  void done(const Session& session, const OutgoingMessage& entry);

 private:
  [[nodiscard]] Journal& journal() const;

  Worker& worker_;
};

}  // namespace peal::broker
