// Brings messages to one session's client: at once where it may, through the session's queue where
// it must.
//
// Keeps what the client asked for (Receive Maximum, Maximum Packet Size, Topic Alias Maximum) and
// what the operator allows (queue limits, unsent bytes). A slow client costs its own limit and no
// more.
#pragma once

#include <span>
#include <vector>

#include "peal/broker/mail.hpp"
#include "peal/broker/outgoing.hpp"
#include "peal/broker/publication.hpp"

namespace peal::broker {

class Channel;
class Session;
class Worker;

/// How one receiver gets a message.
struct OutboundCopy {
  mqtt::QoS qos = mqtt::QoS::at_most_once;
  bool retain = false;
  std::span<const std::uint32_t> identifiers = {};
  const GroupRef* group = nullptr;  // dealt out by a shared subscription
};

class Outbound {
 public:
  explicit Outbound(Worker& worker) : worker_(worker) {}

  /// Sends or queues one copy.
  /// returns   false when the session could not take it (away or full): another member of its group
  /// may.
  bool deliver(Session& session, Publication& publication, const OutboundCopy& copy);

  /// Whether a run may be given to the session as a whole: nothing in its packets depends on who
  /// gets them, and none is too large. Stays so until the next `settle`.
  [[nodiscard]] bool takes_run(const Session& session, const PublishRun& run) const;
  /// Sends it, or drops it, as every one of its messages would be.    precondition   `takes_run`.
  void deliver(Session& session, RunEncodings& run);

  /// Sends what waits, as far as the client's window and its socket allow: first what has to be
  /// sent again, in its order, then what is new. [MQTT-4.6.0-6]
  void pump(Session& session);

  /// Pumps every session that was given messages since. Stops once much output lies in the arena:
  /// to be called again after a flush. So the packets of one session are made one behind the other
  /// and written as one piece, however the messages came.
  void pump_listed();

  /// The identifier of a QoS 2 message is stored: it is sent.
  void send_stored(Channel& channel, mqtt::PacketId packet_id, bool dup);
  /// Messages of the session's queue came from disk.
  void fetched(Session& session, std::span<const Fetched> messages);

  /// Where the queues of all sessions count what they have in memory.
  [[nodiscard]] std::size_t& kept_in_memory_bytes() { return kept_in_memory_bytes_; }

  /// A message is finished: by its acknowledgement or because it was dropped.
  void done(Session& session, OutgoingMessage& entry);

 private:
  [[nodiscard]] bool can_take_now(Session& session);
  bool send_at_most_once(Session& session, Publication& publication, const OutboundCopy& copy);
  bool enqueue(Session& session, Publication& publication, const OutboundCopy& copy);
  bool make_room(Session& session, std::size_t bytes);
  bool fetch(Session& session);
  void send_first(Channel& channel, OutgoingMessage& entry, bool dup);
  void keep(Session& session, Publication& publication, const OutboundCopy& copy);
  bool send_again(Channel& channel);
  bool send_next(Channel& channel);
  bool send_publish(Channel& channel, const MessageFields& fields, PublishHeader header);
  void discard(Session& session, const OutgoingMessage& entry);

  Worker& worker_;
  std::size_t kept_in_memory_bytes_ = 0;  // of kept messages that wait: what the budget limits
  std::vector<SessionHandle> listed_;     // each once, see Session::is_listed
};

}  // namespace peal::broker
