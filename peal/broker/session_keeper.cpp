#include "peal/broker/session_keeper.hpp"

#include <algorithm>
#include <utility>

#include "peal/base/assert.hpp"
#include "peal/broker/absence.hpp"
#include "peal/broker/channel.hpp"
#include "peal/broker/publication.hpp"
#include "peal/broker/worker.hpp"

namespace peal::broker {

namespace {

/// From so many on, those whose time is over are forgotten before one more is remembered.
constexpr std::size_t takeovers_limit = 1000;
/// Places looked at, and filters asked about, before others have their turn: well under a
/// millisecond, but for a session that alone has more filters.
constexpr std::size_t reviews_per_slice = 64;
constexpr std::size_t filters_per_slice = 1024;

}  // namespace

void Session::Absence::on_timer(Timer& timer) {
  auto& due = &timer == &will ? keeper.wills_due_ : keeper.ends_due_;
  due.push_back(handle);
}

/// Clean Start or resumption. [MQTT-3.1.4-4] [MQTT3-3.1.4-3] [MQTT3-3.1.3-2]
mqtt::Result<SessionKeeper::Opened> SessionKeeper::open(Channel& channel, const Opening& opening) {
  SessionTable& sessions = worker_.sessions();
  Session* session = sessions.find(opening.space, opening.client_id);
  if (session != nullptr && has_expired(*session)) {
    end(*session);  // its timer fires later in this iteration [MQTT-3.1.2-23] [MQTT3-4.1.0-1]
    session = nullptr;
  }
  if (session != nullptr && session->user != opening.user) {
    return std::unexpected(mqtt::ReasonCode::not_authorized);
  }
  const Journal& journal = worker_.context().journal;
  if (opening.expiry_interval.count() > 0 && journal.is_durable() && journal.has_failed()) {
    return std::unexpected(mqtt::ReasonCode::server_unavailable);  // it could not be kept
  }
  const bool is_new = session == nullptr;
  if (is_new) {
    if (const auto counted = count(opening.user, true); !counted) {
      return std::unexpected(counted.error());
    }
  }
  if (session != nullptr && session->channel != nullptr) {
    if (!may_be_taken_over(*session, channel)) {
      return std::unexpected(mqtt::ReasonCode::server_busy);
    }
    take_over(*session, opening.clean_start);
    session =
        sessions.find(opening.space, opening.client_id);  // it may have ended with its connection
  }
  if (session != nullptr && session->has_will() &&
      session->away_since + session->extra().will.delay <= worker_.context().clock.now()) {
    publish_will(*session);  // it was due, if only just: a start has found it
  }
  if (session != nullptr && opening.clean_start) {
    end(*session);  // [MQTT-3.1.2-4] [MQTT3-3.1.2-6]
    session = nullptr;
  }
  Opened opened{.session = session, .is_present = session != nullptr};  // [MQTT-3.1.2-5]
  if (session == nullptr) {
    session = &sessions.create(opening.space, opening.client_id);  // [MQTT-3.1.2-6]
    session->user = opening.user;
    worker_.counters().sessions.add();
    if (!is_new) {
      PEAL_ASSERT(count(opening.user, false).has_value());  // in place of the one before
    }
    opened.session = session;
  }
  session->set_grants(opening.grants);
  session->set_rights(opening.rights);
  worker_.subscribing().review_rights(*session);
  // Back in time: a will that still waited is not sent. [MQTT-3.1.3-9]
  session->absence.reset();
  if (session->has_will()) {
    session->extra().will = {};
  }
  session->channel = &channel;
  session->outgoing.count_into(worker_.outbound().kept_in_memory_bytes());
  session->expiry_interval = opening.expiry_interval;
  session->outgoing.rewind();
  worker_.shared().set_presence(*session, true);
  return opened;
}

/// One session more, as far as the limits on all workers together allow it.
mqtt::Result<void> SessionKeeper::count(std::string_view user, bool is_limited) {
  const Context& context = worker_.context();
  Counters& counters = worker_.counters();
  if (is_limited && worker_.memory() != MemoryLevel::enough) {
    counters.refused_sessions_memory.add();
    return std::unexpected(mqtt::ReasonCode::server_busy);
  }
  // It has its place before the limit is asked: two workers may want the last.
  std::atomic<std::size_t>& sessions = context.totals.sessions;
  const std::size_t others = sessions.fetch_add(1, std::memory_order_relaxed);
  if (is_limited && others >= context.settings.session.sessions) {
    sessions.fetch_sub(1, std::memory_order_relaxed);
    counters.refused_sessions.add();
    return std::unexpected(mqtt::ReasonCode::quota_exceeded);
  }
  if (!user.empty() && context.user_sessions != nullptr &&
      !context.user_sessions->add(user, is_limited)) {
    sessions.fetch_sub(1, std::memory_order_relaxed);
    counters.refused_sessions_of_user.add();
    return std::unexpected(mqtt::ReasonCode::quota_exceeded);
  }
  return {};
}

bool SessionKeeper::has_expired(const Session& session) const {
  return session.channel == nullptr && session.expiry_interval != ExpiryInterval::max() &&
         worker_.context().clock.now() >= session.away_since + session.expiry_interval;
}

/// Two clients with one Client Identifier throw each other out for ever, each as soon as it is
/// back. Then the one that is there stays for a while, and whose addresses these are is said.
bool SessionKeeper::may_be_taken_over(const Session& session, const Channel& challenger) {
  const Settings::Fights& limit = worker_.context().settings.fights;
  if (limit.times == 0) {
    return true;
  }
  const Time now = worker_.context().clock.now();
  if (takeovers_.size() >= takeovers_limit) {
    std::erase_if(takeovers_, [&](const auto& each) {
      return now - each.second.since >= limit.within && now >= each.second.none_before;
    });
  }
  Takeovers& lately = takeovers_[session.client_id()];
  if (now < lately.none_before) {
    worker_.counters().refused_fights.add();
    return false;
  }
  if (now - lately.since >= limit.within) {
    lately.since = now;
    lately.count = 0;
  }
  if (++lately.count <= limit.times) {
    return true;
  }
  lately.none_before = lately.since = now + limit.pause;
  lately.count = 0;
  worker_.counters().refused_fights.add();
  const std::string holder(session.channel->connection().peer().address);
  worker_.context().log.write({.level = LogLevel::warning,
                               .what = "two clients fight for one Client Identifier (ban.takeover)",
                               .client_id = session.client_id(),
                               .address = challenger.connection().peer().address,
                               .reason = "the other one is at " + holder,
                               .detail = "give each client an identifier of its own"});
  return false;
}

void SessionKeeper::take_over(Session& session, bool clean_start) {
  worker_.counters().takeovers.add();
  // Back in time with a will that would have waited: not sent. [MQTT-3.1.3-9]
  if (!clean_start && session.has_will() && session.extra().will.delay.count() > 0) {
    session.extra().will = {};
  }
  // With Clean Start the session ends at once, and with it any delay. (MQTT 5 §3.1.3.2.2)
  if (clean_start && session.has_will()) {
    session.extra().will.delay = std::chrono::seconds{0};
  }
  session.channel->taken_over();  // [MQTT-3.1.4-3] [MQTT3-3.1.4-2]
}

void SessionKeeper::leave(Session& session, bool publish_will) {
  session.channel = nullptr;
  worker_.retained_delivery().leave(session);
  if (session.has_will() && !publish_will) {
    session.extra().will = {};  // [MQTT-3.1.2-10] [MQTT-3.14.4-3] [MQTT3-3.14.4-3]
  }
  if (session.expiry_interval.count() ==
      0) {  // never before the connection went [MQTT-4.1.0-1] [MQTT3-4.1.0-2]
    end(session);
    return;
  }
  if (session.has_will() && session.extra().will.delay.count() == 0) {
    this->publish_will(session);
  }
  session.away_since = worker_.context().clock.now();
  begin_absence(session);  // [MQTT-3.1.2-23] [MQTT3-4.1.0-1]
  worker_.records().changed(session);
  worker_.shared().set_presence(session, false);
}

void SessionKeeper::begin_absence(Session& session) {
  const Time now = worker_.context().clock.now();
  session.absence = std::make_unique<Session::Absence>(*this, session.handle());
  if (session.expiry_interval != ExpiryInterval::max()) {
    worker_.timers().arm(session.absence->end,
                         std::max(now, session.away_since + session.expiry_interval));
  }
  if (session.has_will()) {
    worker_.timers().arm(session.absence->will,
                         std::max(now, session.away_since + session.extra().will.delay));
  }
}

Session& SessionKeeper::restore(RestoredSession restored) {
  Space& space = worker_.space(restored.space);
  Session& session = worker_.sessions().create(space, restored.client_id);
  session.stored = restored.id;
  session.user = std::move(restored.user);
  session.set_grants(restored.grants);
  session.expiry_interval = restored.expiry_interval;
  // Its connection ended with the server.
  session.away_since = restored.is_away ? restored.away_since : worker_.context().clock.now();
  if (restored.has_will) {
    session.extra().will = {restored.will, restored.will_delay, restored.will_expiry,
                            restored.will_has_expiry};
  }
  for (const mqtt::PacketId packet_id : restored.received) {
    session.add_unreleased(packet_id);
  }
  session.outgoing.count_into(worker_.outbound().kept_in_memory_bytes());
  for (const StoredCopy& copy : restored.queue) {
    session.outgoing.restore(copy);
  }
  session.outgoing.rewind();
  worker_.counters().sessions.add();
  PEAL_ASSERT(count(session.user, false).has_value());  // no limit is asked
  worker_.counters().queued_messages.add(session.outgoing.count());
  begin_absence(session);
  return session;
}

void SessionKeeper::end(Session& session) {
  if (session.channel != nullptr) {
    session.channel->forget_session();
    session.channel = nullptr;
  }
  if (session.has_will()) {
    publish_will(session);  // the session ended before the delay had passed [MQTT-3.1.2-8]
  }
  worker_.retained_delivery().forget(session);
  worker_.records().ended(session);
  worker_.subscribing().remove_all(session);
  worker_.shared().leave_all(session);
  worker_.counters().queued_messages.subtract(session.outgoing.count());
  worker_.counters().sessions.subtract();
  worker_.context().totals.sessions.fetch_sub(1, std::memory_order_relaxed);
  if (!session.user.empty() && worker_.context().user_sessions != nullptr) {
    worker_.context().user_sessions->remove(session.user);
  }
  worker_.sessions().erase(session);
}

void SessionKeeper::publish_will(Session& session) {
  const WillMessage will =
      std::exchange(session.extra().will, {});  // [MQTT-3.1.2-10] [MQTT3-3.1.2-10]
  // Before it is routed: what others write of it comes later, so it is never published twice.
  worker_.records().changed(session);
  const Context& context = worker_.context();
  MessageFields fields = will.message->fields();
  if (!session.may_publish(fields.topic, fields.retain)) {
    worker_.counters().denied_publishes.add();
    session.note(Trouble::publish_denied, fields.topic.text());
    return;
  }
  if (will.has_expiry) {
    fields.expires = context.clock.now() + will.expiry;
  }
  Publication publication(fields);
  worker_.router().route(session.space(), publication);
}

void SessionKeeper::review_rights(Session& session) {
  session.set_rights(worker_.context().authorizer.rights_of(session.identity()));
  // One that is away is looked at when it comes back; till then it is checked.
  if (session.channel != nullptr) {
    worker_.subscribing().review_rights(session);
    session.channel->rights_changed();
  }
}

void SessionKeeper::rights_changed(const std::optional<std::string>& user) {
  if (!user) {
    // One that begins now has the new rights anyway, wherever its place is.
    reviews_left_ = worker_.sessions().places();
    go_on();
    return;
  }
  worker_.sessions().for_each([&](Session& session) {
    if (session.user == *user) {
      review_rights(session);
    }
  });
}

void SessionKeeper::go_on() {
  const SessionTable& sessions = worker_.sessions();
  std::size_t filters = 0;
  for (std::size_t i = 0; i < reviews_per_slice && reviews_left_ > 0 && filters < filters_per_slice;
       ++i) {
    --reviews_left_;
    review_at_ = review_at_ < sessions.places() ? review_at_ : 0;
    if (Session* session = sessions.at(review_at_++)) {
      filters += session->subscription_count();
      review_rights(*session);
    }
  }
}

void SessionKeeper::disconnect(const DisconnectWhom& is_meant, const Failure& why) {
  worker_.sessions().for_each([&](Session& session) {
    if (session.channel != nullptr && is_meant(session)) {
      worker_.doom(*session.channel, why);
    }
  });
}

void SessionKeeper::settle() {
  if (wills_due_.empty() && ends_due_.empty()) {
    return;
  }
  for (const SessionHandle handle : std::exchange(wills_due_, {})) {
    Session* session = worker_.sessions().find(handle);
    if (session != nullptr && session->channel == nullptr && session->has_will()) {
      publish_will(*session);
    }
  }
  for (const SessionHandle handle : std::exchange(ends_due_, {})) {
    Session* session = worker_.sessions().find(handle);
    if (session != nullptr && session->channel == nullptr) {
      end(*session);
    }
  }
}

}  // namespace peal::broker
