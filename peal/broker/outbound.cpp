#include "peal/broker/outbound.hpp"

#include <algorithm>
#include <utility>

#include "peal/broker/channel.hpp"
#include "peal/broker/commits.hpp"
#include "peal/broker/send_packet.hpp"
#include "peal/broker/session.hpp"
#include "peal/broker/worker.hpp"

namespace peal::broker {

using mqtt::QoS;

namespace {

/// So many messages of a queue are brought from disk at a time.
constexpr std::size_t fetched_at_once = 64;

/// null: the client is away, or has no CONNACK yet.
Channel* connected_channel(const Session& session) {
  const bool is_connected =
      session.channel != nullptr && session.channel->state() == ChannelState::connected;
  return is_connected ? session.channel : nullptr;
}

}  // namespace

bool Outbound::deliver(Session& session, Publication& publication, const OutboundCopy& copy) {
  const MessageFields& fields = publication.fields();
  if (!session.may_receive(fields.topic)) {
    return false;
  }
  if (fields.retain && worker_.retained_delivery().has_job(session)) {
    worker_.retained_delivery().note_live(session, fields.topic);
  }
  return copy.qos == QoS::at_most_once ? send_at_most_once(session, publication, copy)
                                       : enqueue(session, publication, copy);
}

bool Outbound::takes_run(const Session& session, const PublishRun& run) const {
  const Channel* channel = connected_channel(session);
  if (channel == nullptr) {
    return !worker_.context().settings.queue.qos0_offline;
  }
  return !channel->aliases_out_enabled() &&
         run.packet_bytes_bound() <= channel->maximum_packet_size();
}

void Outbound::deliver(Session& session, RunEncodings& run) {
  Counters& counters = worker_.counters();
  const PublishRun& came = run.as_it_came();
  if (!session.may_receive(came.topic())) {
    return;
  }
  if (connected_channel(session) == nullptr) {
    counters.dropped_offline_qos0.add(came.count);
  } else if (!can_take_now(session)) {
    counters.dropped_unsent_full.add(came.count);
    session.note(Trouble::unsent_full, came.topic().text(), came.count);
  } else {
    session.channel->send(run.packets(session.channel->version()));
    counters.messages_sent.add(came.count);
  }
}

/// Sends what came before, and looks whether the client's socket keeps up.
bool Outbound::can_take_now(Session& session) {
  if (session.is_listed) {
    session.is_listed = false;  // what came before a message goes before it
    pump(session);
  }
  return session.channel->connection().unsent_bytes() <
         worker_.queue_limit(worker_.context().settings.queue.unsent_bytes);
}

/// Not held back by a full window. [MQTT-3.3.4-10] [MQTT-4.9.0-3] [MQTT-4.3.1-1] [MQTT3-4.3.1-1]
bool Outbound::send_at_most_once(Session& session, Publication& publication,
                                 const OutboundCopy& copy) {
  Counters& counters = worker_.counters();
  const Context& context = worker_.context();
  Channel* channel = connected_channel(session);
  if (channel == nullptr) {
    if (context.settings.queue.qos0_offline && copy.group == nullptr) {
      return enqueue(session, publication, copy);
    }
    counters.dropped_offline_qos0.add();
    return false;
  }
  if (!can_take_now(session)) {
    counters.dropped_unsent_full.add();
    session.note(Trouble::unsent_full, publication.fields().topic.text());
    return false;
  }
  if (copy.group != nullptr) {
    worker_.shared().done(session, *copy.group);  // sent is done
  }
  if (copy.identifiers.empty() && !channel->aliases_out_enabled()) {
    const auto encoded =
        publication.encoded(channel->version(), copy.retain, context.clock.now(), context.arena);
    if (encoded.bytes.size() > channel->maximum_packet_size()) {
      counters.dropped_too_large.add();  // [MQTT-3.1.2-24] [MQTT-3.1.2-25]
      return true;
    }
    channel->send(encoded.bytes, encoded.owner);
    counters.messages_sent.add();
    return true;
  }
  send_publish(*channel, publication.fields(),
               {.retain = copy.retain, .identifiers = copy.identifiers});
  return true;
}

bool Outbound::enqueue(Session& session, Publication& publication, const OutboundCopy& copy) {
  if (!make_room(session, publication.message()->bytes())) {
    return false;
  }
  if (SessionRecords::is_durable(session) && copy.qos != QoS::at_most_once) {
    keep(session, publication, copy);
  } else {
    session.outgoing.push(publication.message(), copy.qos, copy.retain, copy.identifiers,
                          copy.group);
  }
  worker_.counters().queued_messages.add();
  if (session.channel != nullptr && !session.is_listed) {
    session.is_listed = true;
    listed_.push_back(session.handle());
  }
  return true;
}

/// Queues a copy that the journal keeps; beyond the budget of memory its bytes are left to the
/// disk.
void Outbound::keep(Session& session, Publication& publication, const OutboundCopy& copy) {
  const Context& context = worker_.context();
  const MessageRef& message = publication.kept_message(context.journal);
  Outgoing& outgoing = session.outgoing;
  outgoing.push(message, copy.qos, copy.retain, copy.identifiers, copy.group);
  worker_.records().queued(session, message->kept(), copy.qos, copy.retain, copy.identifiers);
  const bool is_soon = session.channel != nullptr && outgoing.waiting_count() <= fetched_at_once;
  outgoing.keep_last(!is_soon && copy.group == nullptr &&
                     kept_in_memory_bytes_ + Message::memory_bytes(message->bytes()) >
                         context.settings.queue.memory_bytes / context.worker_count);
}

bool Outbound::make_room(Session& session, std::size_t bytes) {
  const Settings::Queue& limits = worker_.context().settings.queue;
  Outgoing& outgoing = session.outgoing;
  const std::size_t messages_limit = worker_.queue_limit(limits.messages);
  const std::size_t bytes_limit = worker_.queue_limit(limits.bytes);
  auto is_full = [&] {
    return outgoing.waiting_count() >= messages_limit ||
           (outgoing.waiting_bytes() + bytes > bytes_limit && outgoing.waiting_count() > 0);
  };
  if (!is_full()) {
    return true;
  }
  // What nobody wants any more goes first.
  for (const OutgoingMessage& entry : outgoing.take_expired(worker_.context().clock.now())) {
    worker_.counters().dropped_expired.add();
    session.note(Trouble::expired, "");
    discard(session, entry);
  }
  while (is_full()) {
    worker_.counters().dropped_queue_full.add();
    session.note(Trouble::queue_full, "");
    if (limits.on_full == OnFull::disconnect && session.channel != nullptr) {
      worker_.doom(*session.channel,
                   {mqtt::ReasonCode::quota_exceeded, "queue.messages or queue.bytes"});
    }
    if (limits.on_full != OnFull::drop_oldest) {
      return false;
    }
    discard(session, outgoing.take_waiting());
  }
  return true;
}

/// Drops a message that was taken off.
void Outbound::discard(Session& session, const OutgoingMessage& entry) {
  if (const OutgoingDetails* details = session.outgoing.details_of(entry);
      details != nullptr && details->is_shared) {
    worker_.shared().done(session, details->group);
  }
  worker_.records().done(session, entry);
  session.outgoing.drop(entry);
  worker_.counters().queued_messages.subtract();
}

void Outbound::done(Session& session, OutgoingMessage& entry) {
  if (const OutgoingDetails* details = session.outgoing.details_of(entry);
      details != nullptr && details->is_shared) {
    worker_.shared().done(session, details->group);
  }
  worker_.records().done(session, entry);
  session.outgoing.finish(entry);
  worker_.counters().queued_messages.subtract();
}

void Outbound::pump_listed() {
  while (!listed_.empty() && worker_.context().arena.used() < flush_from_bytes) {
    Session* session = worker_.sessions().find(listed_.back());
    listed_.pop_back();
    if (session != nullptr && std::exchange(session->is_listed, false) &&
        session->channel != nullptr) {
      pump(*session);
    }
  }
}

void Outbound::pump(Session& session) {
  Channel& channel = *session.channel;
  const std::size_t unsent_limit =
      worker_.queue_limit(worker_.context().settings.queue.unsent_bytes);
  while (channel.state() == ChannelState::connected &&
         channel.connection().unsent_bytes() < unsent_limit &&
         (send_again(channel) || send_next(channel))) {
  }
  worker_.retained_delivery().go_on(session);
}

/// Sends the next unfinished message of an earlier connection once more. [MQTT-4.4.0-1]
/// [MQTT3-4.4.0-1]
/// It goes through its handshake even if it expired meanwhile. [MQTT-4.3.3-7] [MQTT-4.3.3-13]
bool Outbound::send_again(Channel& channel) {
  Outgoing& outgoing = channel.session().outgoing;
  OutgoingMessage* entry = outgoing.next_resend();
  if (entry == nullptr || outgoing.outstanding() >= channel.window()) {
    return false;
  }
  if (entry->state == FlowState::released) {
    // That it was released may not be stored yet.
    worker_.commits().when_safe(after_commit::Answer{.to = channel.reference(),
                                                     .type = mqtt::PacketType::pubrel,
                                                     .packet_id = entry->packet_id,
                                                     .reason = mqtt::ReasonCode::success});
    outgoing.resent();
    return true;
  }
  if (entry->is_on_disk()) {
    return fetch(channel.session());
  }
  if (entry->is_kept && entry->qos == QoS::exactly_once) {
    outgoing.resent();
    worker_.commits().when_safe(after_commit::Send{channel.reference(), entry->packet_id, true});
    return true;
  }
  // Never refused by its size: a client that now allows less than before gets it dropped as if
  // delivered.
  const bool fits = send_publish(channel, entry->message()->fields(),
                                 {.packet_id = entry->packet_id,
                                  .qos = entry->qos,
                                  .retain = entry->retain,
                                  .dup = true,  // [MQTT-3.3.1-1] [MQTT-3.3.1-3] [MQTT3-3.3.1-1]
                                  .identifiers = outgoing.identifiers_of(*entry)});
  if (fits) {
    outgoing.resent();
  } else {
    done(channel.session(), *entry);
  }
  return true;
}

/// Sends the next waiting message, if the client's window has a place. [MQTT-3.3.4-9]
/// [MQTT-4.9.0-2]
bool Outbound::send_next(Channel& channel) {
  Session& session = channel.session();
  Outgoing& outgoing = session.outgoing;
  const OutgoingMessage* next = outgoing.next_waiting();
  if (next == nullptr || outgoing.next_resend() != nullptr) {
    return false;
  }
  if (next->is_on_disk()) {
    return fetch(session);
  }
  if (next->message()->is_expired(worker_.context().clock.now())) {
    worker_.counters().dropped_expired.add();  // [MQTT-3.3.2-5]
    session.note(Trouble::expired, next->message()->topic().text());
    discard(session, outgoing.take_waiting());
    return true;
  }
  if (!session.may_receive(next->message()->topic())) {  // not any more
    worker_.counters().denied_deliveries.add();
    session.note(Trouble::delivery_denied, next->message()->topic().text());
    discard(session, outgoing.take_waiting());
    return true;
  }
  if (next->qos == QoS::at_most_once) {
    const OutgoingMessage entry = outgoing.take_waiting();
    send_publish(channel, entry.message()->fields(),
                 {.retain = entry.retain, .identifiers = outgoing.identifiers_of(entry)});
    outgoing.drop(entry);
    worker_.counters().queued_messages.subtract();
    return true;
  }
  if (outgoing.outstanding() >= channel.window()) {
    return false;
  }
  OutgoingMessage& entry = outgoing.begin_flight();
  if (entry.qos == QoS::exactly_once && worker_.context().journal.is_durable()) {
    // Not before the publisher's identifier is stored, or it might come again after a crash. Nor
    // its own: under another one the client would take it for another message.
    worker_.records().in_flight(session, entry);
    worker_.commits().when_safe(after_commit::Send{channel.reference(), entry.packet_id});
    return true;
  }
  send_first(channel, entry, false);
  return true;
}

void Outbound::send_first(Channel& channel, OutgoingMessage& entry, bool dup) {
  const Outgoing& outgoing = channel.session().outgoing;
  const bool fits = send_publish(channel, entry.message()->fields(),
                                 {.packet_id = entry.packet_id,
                                  .qos = entry.qos,
                                  .retain = entry.retain,
                                  .dup = dup,
                                  .identifiers = outgoing.identifiers_of(entry)});
  if (!fits) {
    done(channel.session(), entry);  // [MQTT-3.1.2-25]
  }
}

void Outbound::send_stored(Channel& channel, mqtt::PacketId packet_id, bool dup) {
  OutgoingMessage* entry = channel.session().outgoing.in_flight(packet_id);
  if (entry != nullptr && entry->state == FlowState::sent && entry->message() != nullptr &&
      channel.state() == ChannelState::connected) {
    send_first(channel, *entry, dup);
  }
}

/// Asks for the next messages whose bytes are on disk. returns   false: nothing to send till then.
bool Outbound::fetch(Session& session) {
  if (!session.is_fetching) {
    session.is_fetching = true;
    worker_.context().journal.fetch(session.handle(), session.stored,
                                    session.outgoing.wanted_from_disk(fetched_at_once));
  }
  return false;
}

void Outbound::fetched(Session& session, std::span<const Fetched> messages) {
  session.is_fetching = false;
  for (const Fetched& fetched : messages) {
    if (fetched.bytes) {
      session.outgoing.load(fetched.message, fetched.bytes);
    } else if (OutgoingMessage* entry = session.outgoing.in_flight_on_disk(fetched.message)) {
      done(session, *entry);
    } else {
      // Expired meanwhile: as such it is dropped when its turn comes.
      MessageFields gone;
      gone.expires = Time::min();
      session.outgoing.load(fetched.message, Message::make(gone));
    }
  }
  if (session.channel != nullptr) {
    pump(session);
  }
}

/// returns   false when the packet is larger than the client allows; it was not sent then.
bool Outbound::send_publish(Channel& channel, const MessageFields& fields, PublishHeader header) {
  const Context& context = worker_.context();
  const Time now = context.clock.now();
  TopicAliasesOut::Alias alias;
  if (channel.aliases_out_enabled()) {
    alias =
        channel.aliases_out.find(fields.topic, channel.topic_alias_maximum());  // [MQTT-3.1.2-26]
    header.topic_alias = alias.number;
    header.is_topic_left_out = alias.is_known;
  }
  Bytes bytes = encode_publish(fields, header, channel.version(), now, context.arena);
  if (bytes.size() > channel.maximum_packet_size() && header.topic_alias != 0 && !alias.is_known) {
    alias = {};  // it may fit without the new alias's three bytes
    header.topic_alias = 0;
    bytes = encode_publish(fields, header, channel.version(), now, context.arena);
  }
  if (bytes.size() > channel.maximum_packet_size()) {
    worker_.counters().dropped_too_large.add();  // [MQTT-3.1.2-24]
    channel.session().note(Trouble::too_large, fields.topic.text());
    return false;
  }
  if (alias.number != 0 && !alias.is_known) {
    channel.aliases_out.keep(fields.topic);
  }
  channel.send(bytes);
  worker_.counters().messages_sent.add();
  return true;
}

}  // namespace peal::broker
