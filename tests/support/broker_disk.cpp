#include "support/broker_disk.hpp"

#include <algorithm>

#include "peal/base/assert.hpp"

namespace peal::broker::test {

namespace {

void let_go(FakeDisk::State& state, KeptId message) {
  const auto found = state.messages.find(message);
  if (found != state.messages.end() && --found->second.holders == 0) {
    state.messages.erase(found);
  }
}

/// A message that nobody else counts, so that names given to it are this one's.
MessageRef copy_of(const MessageRef& message) {
  return message ? Message::make(message->fields()) : MessageRef{};
}

}  // namespace

bool FakeDisk::commit_page() {
  if (pages_.empty() || has_failed) {
    return false;
  }
  for (; log_begin_ < pages_.front(); ++log_begin_) {
    Write write = std::move(log_.front());
    log_.pop_front();
    write.change(state);
    committed[write.worker] = write.position;
  }
  pages_.pop_front();
  return true;
}

void FakeJournal::put_session(const StoredSession& session) {
  RestoredSession record;
  record.id = session.id;
  record.space = session.space;
  record.client_id = session.client_id;
  record.user = session.user;
  record.expiry_interval = session.expiry_interval;
  record.is_away = session.is_away;
  record.away_since = session.away_since;
  record.has_will = session.has_will;
  if (session.has_will) {
    const StoredWill& will = session.will;
    record.will = Message::make({.topic = will.topic,
                                 .payload = will.payload,
                                 .properties = will.properties,
                                 .qos = will.qos,
                                 .retain = will.retain});
    record.will_delay = will.delay;
    record.will_expiry = will.expiry;
    record.will_has_expiry = will.has_expiry;
  }
  const bool keeps_will = forgets_wills_end && !session.has_will;
  write([record = std::move(record), keeps_will](FakeDisk::State& state) {
    RestoredSession& place = state.sessions[record.id].session;
    RestoredSession before = place;
    place = record;
    if (keeps_will && before.has_will) {
      place.has_will = true;
      place.will = before.will;
    }
  });
}

void FakeJournal::erase_session(StoredId session) {
  write([session](FakeDisk::State& state) { state.sessions.erase(session); });
}

void FakeJournal::put_subscription(StoredId session, const StoredSubscription& subscription) {
  write([session, subscription](FakeDisk::State& state) {
    state.sessions[session].subscriptions[subscription.filter] = subscription;
  });
}

void FakeJournal::erase_subscription(StoredId session, std::string_view filter) {
  write([session, filter = std::string(filter)](FakeDisk::State& state) {
    state.sessions[session].subscriptions.erase(filter);
  });
}

void FakeJournal::put_received(StoredId session, mqtt::PacketId packet_id) {
  write([session, packet_id, forgets = forgets_received](FakeDisk::State& state) {
    if (!forgets) {
      state.sessions[session].received[static_cast<std::uint16_t>(packet_id)] = packet_id;
    }
  });
}

void FakeJournal::erase_received(StoredId session, mqtt::PacketId packet_id) {
  write([session, packet_id](FakeDisk::State& state) {
    state.sessions[session].received.erase(static_cast<std::uint16_t>(packet_id));
  });
}

KeptId FakeJournal::keep(const MessageFields& message) {
  const auto name = static_cast<KeptId>(++disk_.last_name);
  write([name, kept = Message::make(message)](FakeDisk::State& state) {
    state.messages[name] = {kept, 0};
  });
  return name;
}

void FakeJournal::attach(StoredId session, const StoredCopy& copy) {
  write([session, copy](FakeDisk::State& state) {
    FakeDisk::StoredMessage& message = state.messages[copy.message];
    ++message.holders;
    StoredCopy& place = state.sessions[session].queue[copy.message];
    place = copy;
    place.bytes = static_cast<std::uint32_t>(message.bytes->bytes());
  });
}

void FakeJournal::put_flight(StoredId session, KeptId message, mqtt::PacketId packet_id,
                             bool is_released) {
  write([=](FakeDisk::State& state) {
    StoredCopy& copy = state.sessions[session].queue[message];
    copy.packet_id = packet_id;
    copy.is_released = is_released;
  });
}

void FakeJournal::done(StoredId session, KeptId message, bool) {
  write([=](FakeDisk::State& state) {
    const auto found = state.sessions.find(session);
    if (found != state.sessions.end() && found->second.queue.erase(message) > 0) {
      let_go(state, message);
    }
  });
}

void FakeJournal::send(const StoredTransit& transit) {
  write([transit](FakeDisk::State& state) {
    PEAL_ASSERT(!state.transits.contains({transit.message, transit.to}));
    FakeDisk::StoredMessage& message = state.messages[transit.message];
    ++message.holders;
    state.transits[{transit.message, transit.to}] = {transit, message.bytes};
  });
}

void FakeJournal::arrived(WorkerIndex to, KeptId message) {
  write([=](FakeDisk::State& state) {
    if (state.transits.erase({message, to}) > 0) {
      let_go(state, message);
    }
  });
}

void FakeJournal::put_retained(NamespaceId space, const MessageFields& message,
                               const ClientIdentity& publisher) {
  const Retained kept{Message::make(message),
                      publisher.client_id.empty() ? PublisherRef{} : Publisher::make(publisher)};
  write([space, kept](FakeDisk::State& state) {
    state.retained[{space, std::string(kept.message->topic().text())}] = kept;
  });
}

void FakeJournal::erase_retained(NamespaceId space, mqtt::TopicName topic) {
  write([space, topic = std::string(topic.text())](FakeDisk::State& state) {
    state.retained.erase({space, topic});
  });
}

void FakeJournal::fetch(SessionHandle session, StoredId, std::span<const KeptId> messages) {
  fetches_.push_back({session, {messages.begin(), messages.end()}, written_});
}

MessageRef FakeJournal::find(KeptId message) const {
  const auto found = disk_.state.messages.find(message);
  return found == disk_.state.messages.end() ? MessageRef{} : copy_of(found->second.bytes);
}

}  // namespace peal::broker::test
