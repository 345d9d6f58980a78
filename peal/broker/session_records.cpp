#include "peal/broker/session_records.hpp"

#include "peal/broker/space.hpp"
#include "peal/broker/worker.hpp"

namespace peal::broker {

namespace {

StoredWill stored_will(const WillMessage& will) {
  const MessageFields fields = will.message->fields();
  return {.topic = fields.topic,
          .payload = fields.payload,
          .properties = fields.properties,
          .qos = fields.qos,
          .retain = fields.retain,
          .delay = will.delay,
          .expiry = will.expiry,
          .has_expiry = will.has_expiry};
}

}  // namespace

Journal& SessionRecords::journal() const { return worker_.context().journal; }

void SessionRecords::opened(Session& session) {
  if (!is_durable(session) && session.expiry_interval.count() > 0 && journal().is_durable()) {
    session.stored = journal().new_session();
  }
  changed(session);
}

void SessionRecords::changed(const Session& session) {
  if (!is_durable(session)) {
    return;
  }
  StoredSession record{.id = session.stored,
                       .space = session.space().id,
                       .client_id = session.client_id(),
                       .user = session.user,
                       .grants = session.identity().grants,
                       .expiry_interval = session.expiry_interval,
                       .is_away = session.channel == nullptr,
                       .away_since = session.away_since,
                       .has_will = session.has_will(),
                       .will = {}};
  if (record.has_will) {
    record.will = stored_will(session.extra_if_any()->will);
  }
  journal().put_session(record);
}

void SessionRecords::ended(Session& session) {
  if (is_durable(session)) {
    session.outgoing.for_each_kept([&](const OutgoingMessage& entry) { done(session, entry); });
    journal().erase_session(session.stored);
    session.stored = StoredId::none;
  }
}

void SessionRecords::subscribed(const Session& session, const mqtt::TopicFilter& filter,
                                const mqtt::SubscriptionOptions& options,
                                std::uint32_t identifier) {
  if (is_durable(session)) {
    journal().put_subscription(session.stored, {std::string(filter.text()), options, identifier});
  }
}

void SessionRecords::unsubscribed(const Session& session, const mqtt::TopicFilter& filter) {
  if (is_durable(session)) {
    journal().erase_subscription(session.stored, filter.text());
  }
}

void SessionRecords::received(const Session& session, mqtt::PacketId packet_id) {
  if (is_durable(session)) {
    journal().put_received(session.stored, packet_id);
  }
}

void SessionRecords::released(const Session& session, mqtt::PacketId packet_id) {
  if (is_durable(session)) {
    journal().erase_received(session.stored, packet_id);
  }
}

void SessionRecords::queued(const Session& session, KeptId message, mqtt::QoS qos, bool retain,
                            std::span<const std::uint32_t> identifiers) {
  journal().attach(session.stored, {.message = message,
                                    .qos = qos,
                                    .retain = retain,
                                    .identifiers = {identifiers.begin(), identifiers.end()}});
}

bool SessionRecords::is_logged(mqtt::QoS qos, bool is_kept_there) const {
  return journal().is_durable() && qos != mqtt::QoS::at_most_once &&
         (is_kept_there || qos == mqtt::QoS::exactly_once);
}

void SessionRecords::arrived(KeptId logged) {
  if (logged != KeptId::none) {
    journal().arrived(worker_.context().self, logged);
  }
}

void SessionRecords::in_flight(const Session& session, const OutgoingMessage& entry) {
  if (entry.is_kept && entry.qos == mqtt::QoS::exactly_once) {
    journal().put_flight(session.stored, entry.kept(), entry.packet_id,
                         entry.state == FlowState::released);
  }
}

void SessionRecords::done(const Session& session, const OutgoingMessage& entry) {
  if (entry.is_kept && is_durable(session)) {
    const bool had_flight =
        entry.qos == mqtt::QoS::exactly_once && entry.packet_id != mqtt::PacketId::none;
    journal().done(session.stored, entry.kept(), had_flight);
  }
}

}  // namespace peal::broker
