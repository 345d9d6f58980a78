#include "peal/store/journal.hpp"

#include <utility>

#include "peal/base/assert.hpp"
#include "peal/store/record.hpp"
#include "peal/store/transit.hpp"

namespace peal::store {

namespace {

/// Numbers left when the journal asks for a new start: enough for all who still write.
constexpr std::uint64_t numbers_in_reserve = 1'000'000'000;

}  // namespace

Journal::Journal(Writer& writer, unsigned worker)
    : writer_(writer), worker_(worker), stream_(writer.stream(worker)) {}

bool Journal::has_failed() const {
  return writer_.has_failed() || writer_.is_short_of_room() ||
         messages_ > sequence_limit - numbers_in_reserve;
}

void Journal::dispatch() {
  if (written_ != handed_over_) {
    bundle_.end = handed_over_ = written_;
    writer_.hand_over(worker_, bundle_);
  }
  for (FetchRequest& request : fetches_) {
    writer_.fetch(std::move(request));
  }
  fetches_.clear();
}

void Journal::wrote_done() { written_ = broker::JournalPosition{std::to_underlying(written_) + 1}; }

void Journal::wrote() {
  wrote_done();
  bundle_.needs_sync = true;
}

void Journal::put(Family family, std::string_view key) {
  bundle_.changes.put(family, key, value_);
  value_.clear();
  wrote();
}

StoredId Journal::new_session() {
  ++sessions_;
  PEAL_ASSERT(sessions_ < sequence_limit);
  return StoredId{std::to_underlying(kept_id(stream_, sessions_))};
}

void Journal::put_session(const broker::StoredSession& session) {
  encode_session(value_, session, writer_.clock());
  put(Family::sessions, session_key(session.id));
}

void Journal::erase_session(StoredId session) {
  const std::string first = session_key(session);
  const std::string behind = behind_session_key(session);
  bundle_.changes.erase(Family::sessions, first);
  bundle_.changes.erase_range(Family::subscriptions, first, behind);
  bundle_.changes.erase_range(Family::received, first, behind);
  wrote();
}

void Journal::put_subscription(StoredId session, const broker::StoredSubscription& subscription) {
  encode_subscription(value_, subscription);
  put(Family::subscriptions, subscription_key(session, subscription.filter));
}

void Journal::erase_subscription(StoredId session, std::string_view filter) {
  bundle_.changes.erase(Family::subscriptions, subscription_key(session, filter));
  wrote();
}

void Journal::put_received(StoredId session, mqtt::PacketId packet_id) {
  value_.push_back(static_cast<char>(format_version));
  put(Family::received, received_key(session, packet_id));
}

void Journal::erase_received(StoredId session, mqtt::PacketId packet_id) {
  bundle_.changes.erase(Family::received, received_key(session, packet_id));
  wrote();
}

KeptId Journal::keep(const broker::MessageFields& message) {
  ++messages_;
  PEAL_ASSERT(messages_ < sequence_limit);
  const KeptId id = kept_id(stream_, messages_);
  append_message(bundle_.records, id, message, writer_.clock());
  ++bundle_.record_count;
  bundle_.first = bundle_.first == KeptId::none ? id : bundle_.first;
  bundle_.last = id;
  bundle_.payload_bytes += message.payload.size();
  wrote();
  return id;
}

void Journal::attach(StoredId session, const broker::StoredCopy& copy) {
  // The page that holds a message is the one that tells whose it is.
  PEAL_ASSERT(bundle_.first != KeptId::none && copy.message >= bundle_.first &&
              copy.message <= bundle_.last);
  append_attach(bundle_.records, session, copy);
  ++bundle_.record_count;
  ++bundle_.references;
  wrote();
}

void Journal::put_flight(StoredId session, KeptId message, mqtt::PacketId packet_id,
                         bool is_released) {
  encode_flight(value_, {packet_id, is_released});
  put(Family::flights, copy_key(session, message));
}

void Journal::done(StoredId session, KeptId message, bool had_flight) {
  append_done(bundle_.records, session, message);
  ++bundle_.record_count;
  bundle_.dones.push_back({session, message});
  if (had_flight) {
    bundle_.changes.erase(Family::flights, copy_key(session, message));
  }
  wrote_done();
}

void Journal::send(const broker::StoredTransit& transit) {
  attach(transit_session(transit.to), transit_copy(transit));
}

void Journal::arrived(broker::WorkerIndex to, KeptId message) {
  // The page that says so is of the sender's stream: it stays as long as the message's does.
  bundle_.arrived.push_back({transit_session(to), message});
  wrote_done();
}

void Journal::put_retained(NamespaceId space, const broker::MessageFields& message,
                           const broker::ClientIdentity& publisher) {
  encode_retained(value_, message, publisher, writer_.clock());
  bundle_.payload_bytes += message.payload.size();
  put(Family::retained, retained_key(space, message.topic.text()));
}

void Journal::erase_retained(NamespaceId space, mqtt::TopicName topic) {
  bundle_.changes.erase(Family::retained, retained_key(space, topic.text()));
  wrote();
}

void Journal::fetch(broker::SessionHandle session, StoredId stored,
                    std::span<const KeptId> messages) {
  fetches_.push_back({.worker = worker_,
                      .session = session,
                      .stored = stored,
                      .messages = {messages.begin(), messages.end()}});
}

}  // namespace peal::store
