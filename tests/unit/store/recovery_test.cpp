#include "peal/store/recovery.hpp"

#include <gtest/gtest.h>
#include <map>
#include <random>
#include <rocksdb/db.h>
#include <set>

#include "unit/store/rig.hpp"

#include "peal/store/check.hpp"
#include "peal/store/page.hpp"
#include "peal/store/store_error.hpp"

namespace peal::store {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using test::FaultyFileSystem;
using test::make_session;
using test::message;
using test::queue;
using test::Store;
using test::TempDirectory;

using Retained = std::map<std::pair<NamespaceId, std::string>, std::string>;

RecoveryOptions collecting(Retained& retained) {
  RecoveryOptions options;
  options.retained = [&](NamespaceId space, const broker::MessageFields& fields,
                         const broker::ClientIdentity&) {
    retained[{space, std::string(fields.topic.text())}] = as_text(fields.payload);
  };
  return options;
}

TEST(Recovery, AnEmptyStoreHasNothing) {
  const TempDirectory temp;
  const Store store(temp / "store");
  EXPECT_TRUE(store.recovered.sessions.empty());
  EXPECT_EQ(store.recovered.retained, 0U);
}

broker::StoredTransit transit_of(KeptId message, std::uint8_t to) {
  return {.message = message,
          .to = broker::WorkerIndex{to},
          .how = {.space = NamespaceId{3}, .for_sessions = true, .for_retained = true},
          .group = {}};
}

TEST(Recovery, WhatWasOnItsWayIsFoundUntilItArrived) {
  const TempDirectory temp;
  KeptId first{};
  KeptId second{};
  {
    Store store(temp / "store", {.workers = 3});
    Journal& sender = store.journal(2);
    first = sender.keep(message("a", "one"));
    broker::StoredTransit to_keep = transit_of(first, 0);
    to_keep.how.publisher = broker::Publisher::make({"client", "user", "rights"});
    sender.send(to_keep);
    sender.send(transit_of(first, 1));
    second = sender.keep(message("b", "two"));
    broker::StoredTransit dealt = transit_of(second, 0);
    dealt.how = {.space = NamespaceId{3}};
    dealt.group = {broker::WorkerIndex{1}, NamespaceId{3}, 0x1234'5678'9ABC'DEF0};
    sender.send(dealt);
    store.commit(2);
    const StoredId session = make_session(store.journal(1), "c");
    (void)queue(store.journal(1), session, message("a", "one"));
    store.journal(1).arrived(broker::WorkerIndex{1}, first);
    store.commit(1);
  }
  {
    Store store(temp / "store", {.workers = 3});
    ASSERT_EQ(store.recovered.transits.size(), 2U);
    EXPECT_EQ(store.recovered.sessions.at(0).queue.size(), 1U);
    const broker::RestoredTransit& one = store.recovered.transits[0];
    EXPECT_EQ(one.transit.message, first);
    EXPECT_EQ(one.transit.to, broker::WorkerIndex{0});
    EXPECT_EQ(one.transit.how.space, NamespaceId{3});
    EXPECT_TRUE(one.transit.how.for_sessions);
    EXPECT_FALSE(one.transit.how.for_groups);
    EXPECT_TRUE(one.transit.how.for_retained);
    EXPECT_EQ(one.transit.group.number, 0U);
    ASSERT_TRUE(one.transit.how.publisher);
    EXPECT_EQ(one.transit.how.publisher->identity().client_id, "client");
    EXPECT_EQ(one.transit.how.publisher->identity().user, "user");
    EXPECT_EQ(one.transit.how.publisher->identity().grants, "rights");
    EXPECT_EQ(as_text(one.message->payload()), "one");
    const broker::RestoredTransit& two = store.recovered.transits[1];
    EXPECT_EQ(two.transit.message, second);
    EXPECT_FALSE(two.transit.how.publisher);
    EXPECT_EQ(two.transit.group.owner, broker::WorkerIndex{1});
    EXPECT_EQ(two.transit.group.number, 0x1234'5678'9ABC'DEF0U);
    store.journal(0).arrived(broker::WorkerIndex{0}, first);
    store.journal(0).arrived(broker::WorkerIndex{0}, second);
    store.commit(0);
  }
  const Store store(temp / "store");
  EXPECT_TRUE(store.recovered.transits.empty());
}

/// The receiver's page goes before the sender's: what it said must stay.
TEST(Recovery, WhatArrivedStaysSoWhateverPageGoesFirst) {
  const TempDirectory temp;
  for (const bool at_once : {false, true}) {
    const auto directory = temp / (at_once ? "at_once" : "one_by_one");
    {
      Store store(directory, {.workers = 2});
      const StoredId session = make_session(store.journal(1), "keeps the page");
      (void)queue(store.journal(1), session, message("old", "x"));
      for (int i = 0; i < 10; ++i) {
        const KeptId id = store.journal(1).keep(message("a", "x"));
        store.journal(1).send(transit_of(id, 0));
        store.journal(1).dispatch();
        store.journal(0).arrived(broker::WorkerIndex{0}, id);
        store.journal(0).dispatch();
        if (!at_once) {
          store.commit(0);
        }
      }
      store.commit(0);
      store.commit(1);
      store.wait([&] { return store.writer.counters().pages_live > 0U; });
    }
    const Store store(directory);
    EXPECT_TRUE(store.recovered.transits.empty()) << at_once;
    EXPECT_EQ(store.recovered.sessions.at(0).queue.size(), 1U);
  }
}

TEST(Recovery, EverythingOfASessionComesBack) {
  const TempDirectory temp;
  StoredId id{};
  KeptId first{};
  KeptId second{};
  {
    Store store(temp / "store");
    Journal& journal = store.journal();
    id = journal.new_session();
    broker::StoredSession written;
    written.id = id;
    written.space = NamespaceId{2};
    written.client_id = "client";
    written.user = "user";
    journal.put_session(written);
    journal.put_subscription(id, test::subscription("a/#", 4));
    journal.put_subscription(id, test::subscription("b"));
    journal.erase_subscription(id, "b");
    journal.put_received(id, mqtt::PacketId{1});
    journal.put_received(id, mqtt::PacketId{2});
    journal.erase_received(id, mqtt::PacketId{1});
    first = journal.keep(message("a/b", "one"));
    journal.attach(id, test::copy_of(first, mqtt::QoS::exactly_once, {4}));
    second = queue(journal, id, message("a/c", "two"));
    journal.put_flight(id, first, mqtt::PacketId{9}, false);
    journal.put_flight(id, first, mqtt::PacketId{9}, true);
    store.commit();
  }
  const Store store(temp / "store");
  ASSERT_EQ(store.recovered.sessions.size(), 1U);
  const broker::RestoredSession& session = store.recovered.sessions[0];
  EXPECT_EQ(session.id, id);
  EXPECT_EQ(session.space, NamespaceId{2});
  EXPECT_EQ(session.client_id, "client");
  EXPECT_EQ(session.user, "user");
  ASSERT_EQ(session.subscriptions.size(), 1U);
  EXPECT_EQ(session.subscriptions[0].filter, "a/#");
  EXPECT_EQ(session.subscriptions[0].identifier, 4U);
  EXPECT_EQ(session.received, std::vector{mqtt::PacketId{2}});
  ASSERT_EQ(session.queue.size(), 2U);
  EXPECT_EQ(session.queue[0].message, first);
  EXPECT_EQ(session.queue[0].packet_id, mqtt::PacketId{9});
  EXPECT_TRUE(session.queue[0].is_released);
  EXPECT_EQ(session.queue[0].bytes, 6U);
  EXPECT_EQ(session.queue[0].identifiers, std::vector<std::uint32_t>{4});
  EXPECT_EQ(session.queue[1].message, second);
  EXPECT_EQ(session.queue[1].packet_id, mqtt::PacketId::none);
}

TEST(Recovery, AnErasedSessionLeavesNothing) {
  const TempDirectory temp;
  {
    Store store(temp / "store");
    Journal& journal = store.journal();
    const StoredId id = make_session(journal, "c");
    journal.put_subscription(id, test::subscription("a"));
    journal.put_received(id, mqtt::PacketId{1});
    const KeptId kept = queue(journal, id, message("t", "p"));
    journal.put_flight(id, kept, mqtt::PacketId{1}, false);
    store.commit();
    journal.done(id, kept, true);
    journal.erase_session(id);
    store.commit();
  }
  {
    const Store store(temp / "store");
  }
  const StoreReport report = check(temp / "store");
  EXPECT_TRUE(report.is_sound());
  for (const Family family : {Family::log, Family::sessions, Family::subscriptions,
                              Family::received, Family::pending, Family::flights}) {
    EXPECT_EQ(report.rows[index_of(family)], 0U) << name_of(family);
  }
}

TEST(Recovery, ExpiredMessagesAreLeftOut) {
  const TempDirectory temp;
  const Time now = std::chrono::time_point_cast<Duration>(std::chrono::steady_clock::now());
  {
    Store store(temp / "store");
    Journal& journal = store.journal();
    const StoredId id = make_session(journal, "c");
    broker::MessageFields fields = message("t", "late");
    fields.expires = now + 1h;
    (void)queue(journal, id, fields);
    const KeptId sent = queue(journal, id, fields);
    journal.put_flight(id, sent, mqtt::PacketId{1}, false);
    journal.put_retained({}, fields, {});
    journal.put_retained({}, message("u", "always"), {});
    store.commit();
  }
  Retained retained;
  RecoveryOptions options = collecting(retained);
  options.now = now + 2h;
  const Store store(temp / "store", {}, nullptr, options);
  EXPECT_EQ(store.recovered.expired, 2U);
  ASSERT_EQ(store.recovered.sessions[0].queue.size(), 1U);  // what was sent is brought to its end
  EXPECT_EQ(store.recovered.sessions[0].queue[0].packet_id, mqtt::PacketId{1});
  EXPECT_EQ(retained, (Retained{{{NamespaceId{}, "u"}, "always"}}));
}

/// What a store should hold, kept beside it.
struct Model {
  std::map<StoredId, std::set<KeptId>> queues;
  Retained retained;
  friend bool operator==(const Model&, const Model&) = default;
};

Model found_in(const fs::path& directory, rocksdb::Env* env = nullptr) {
  Model model;
  Database database({.directory = directory, .env = env});
  const Recovered recovered = recover(database, collecting(model.retained));
  for (const broker::RestoredSession& session : recovered.sessions) {
    auto& queue = model.queues[session.id];
    for (const broker::StoredCopy& copy : session.queue) {
      EXPECT_TRUE(queue.empty() || *queue.rbegin() < copy.message);
      queue.insert(copy.message);
    }
  }
  return model;
}

/// One iteration of a worker's random work.
void work(Journal& journal, Model& model, std::vector<StoredId>& sessions, std::mt19937& random) {
  const auto pick = [&] { return sessions[random() % sessions.size()]; };
  if (sessions.empty() || (sessions.size() < 10 && random() % 10 == 0)) {
    sessions.push_back(make_session(journal, "c" + std::to_string(random())));
    model.queues[sessions.back()];
  }
  for (unsigned i = 0; i < random() % 4; ++i) {
    const KeptId kept = journal.keep(message("t", std::string(random() % 200, 'p')));
    for (const StoredId session : sessions) {
      if (session == sessions.front() || random() % 2 == 0) {
        journal.attach(session, test::copy_of(kept));
        model.queues[session].insert(kept);
      }
    }
  }
  for (unsigned i = 0; i < random() % 12; ++i) {
    const StoredId session = pick();
    auto& waiting = model.queues[session];
    if (!waiting.empty()) {
      auto at = waiting.begin();
      std::advance(
          at, static_cast<std::ptrdiff_t>(random() % std::min<std::size_t>(waiting.size(), 5)));
      journal.done(session, *at, false);
      waiting.erase(at);
    }
  }
  if (random() % 4 == 0) {
    const std::string topic = "r" + std::to_string(random() % 20);
    const std::string payload = std::to_string(random());
    if (random() % 4 == 0) {
      journal.erase_retained({}, mqtt::TopicName::trusted(topic));
      model.retained.erase({NamespaceId{}, topic});
    } else {
      journal.put_retained({}, message(topic, payload), {});
      model.retained[{NamespaceId{}, topic}] = payload;
    }
  }
}

/// The process is killed: everything it wrote is there. Several runs, spilling all the time.
TEST(Recovery, AfterAKillTheStoreIsWhatTheModelSays) {
  for (unsigned seed = 1; seed <= 4; ++seed) {
    std::mt19937 random(seed);
    const TempDirectory temp;
    Model model;
    std::vector<std::vector<StoredId>> sessions(2);
    std::string directory = "run0";
    for (int run = 1; run <= 3; ++run) {
      Store store(temp / directory, {.workers = 2, .log_bytes_limit = 3000 * seed});
      for (int step = 0; step < 150; ++step) {
        const unsigned worker = random() % 2 == 0 ? 0 : 1;
        work(store.journal(worker), model, sessions[worker], random);
        store.journal(worker).dispatch();
      }
      store.commit(0);
      store.commit(1);
      directory = "run" + std::to_string(run);
      fs::copy(temp / ("run" + std::to_string(run - 1)), temp / directory,
               fs::copy_options::recursive);
      fs::copy(temp / directory, temp / (directory + "x"), fs::copy_options::recursive);
      const Model found = found_in(temp / (directory + "x"));
      EXPECT_EQ(found, model) << seed << " " << run;
      // Replayed once, the store says the same.
      EXPECT_EQ(found_in(temp / (directory + "x")), model);
    }
  }
}

/// The power goes: what was committed is there; that copies are done with may be forgotten.
TEST(Recovery, AfterAPowerCutNothingCommittedIsLost) {
  for (unsigned seed = 1; seed <= 4; ++seed) {
    std::mt19937 random(seed);
    const TempDirectory temp;
    const auto files = std::make_shared<FaultyFileSystem>();
    const auto env = rocksdb::NewCompositeEnv(files);
    Store store(temp / "store", {.log_bytes_limit = 5000}, env.get());
    Model model;
    std::vector<StoredId> sessions;
    for (int step = 0; step < 100; ++step) {
      work(store.journal(), model, sessions, random);
      store.commit();
      if (step % 20 != 19) {
        continue;
      }
      const auto cut = temp / ("cut" + std::to_string(step));
      files->copy_as_after_power_cut(temp / "store", cut);
      const Model found = found_in(cut);
      EXPECT_EQ(found.retained, model.retained);
      ASSERT_EQ(found.queues.size(), model.queues.size());
      for (const auto& [session, waiting] : model.queues) {
        EXPECT_TRUE(std::ranges::includes(found.queues.at(session), waiting));
      }
    }
  }
}

/// Killed in the middle of emptying the log: some pages have moved, others not.
TEST(Recovery, BeingKilledInTheMiddleOfItChangesNothing) {
  std::mt19937 random(3);
  const TempDirectory temp;
  Model model;
  {
    Store store(temp / "store");
    std::vector<StoredId> sessions;
    for (int step = 0; step < 100; ++step) {
      work(store.journal(), model, sessions, random);
      store.commit();
    }
  }
  // The first half of the pages is moved by hand, as `replay` does.
  {
    Database database({.directory = temp / "store"});
    std::vector<std::pair<std::string, std::string>> pages;
    std::unique_ptr<rocksdb::Iterator> rows(
        database.db().NewIterator({}, database.family(Family::log)));
    for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
      pages.emplace_back(rows->key().ToString(), rows->value().ToString());
    }
    ASSERT_GT(pages.size(), 4U);
    // A start on the whole log, in a copy, says what moves.
    fs::copy(temp / "store", temp / "copy", fs::copy_options::recursive);
    EXPECT_EQ(found_in(temp / "copy"), model);
    Database copy({.directory = temp / "copy"});
    std::unique_ptr<rocksdb::Iterator> pending(
        copy.db().NewIterator({}, copy.family(Family::pending)));
    const WallClock clock = WallClock::now();
    for (std::size_t i = 0; i < pages.size() / 2; ++i) {
      auto reader = for_each_record(as_bytes(pages[i].second), clock, [&](const Record& record) {
        const auto* attach = std::get_if<AttachRecord>(&record);
        if (attach == nullptr) {
          return;
        }
        const std::string key = copy_key(attach->session, attach->copy.message);
        std::string value;
        if (copy.db().Get({}, copy.family(Family::pending), key, &value).ok()) {
          ASSERT_TRUE(database.db().Put({}, database.family(Family::pending), key, value).ok());
        }
      });
      ASSERT_TRUE(reader);
      ASSERT_TRUE(database.db().Delete({}, database.family(Family::log), pages[i].first).ok());
    }
  }
  EXPECT_EQ(found_in(temp / "store"), model);
}

TEST(Recovery, APageWithAWrongByteIsRefusedUnlessSalvaged) {
  const TempDirectory temp;
  {
    Store store(temp / "store");
    Journal& journal = store.journal();
    const StoredId id = make_session(journal, "c");
    (void)queue(journal, id, message("t", "one"));
    store.commit();
    (void)queue(journal, id, message("t", "two"));
    store.commit();
    store.writer.stop();
    std::string key = page_key(StreamId{1}, PageNumber{1});
    std::string page;
    ASSERT_TRUE(store.database.db().Get({}, store.database.family(Family::log), key, &page).ok());
    page.back() = static_cast<char>(page.back() ^ 1);
    ASSERT_TRUE(store.database.db().Put({}, store.database.family(Family::log), key, page).ok());
  }
  {
    Database database({.directory = temp / "store"});
    try {
      (void)recover(database, {});
      FAIL() << "it was not refused";
    } catch (const StoreError& error) {
      const std::string text = error.what();
      EXPECT_NE(text.find("000000010000000000000001"), std::string::npos) << text;
      EXPECT_NE(text.find("checksum"), std::string::npos) << text;
      EXPECT_NE(text.find("peal store repair"), std::string::npos) << text;
    }
  }
  std::string log;
  RecoveryOptions options;
  options.salvages = true;
  options.log = [&](broker::LogLevel, std::string_view text) { log = text; };
  const Store store(temp / "store", {}, nullptr, options);
  EXPECT_EQ(store.recovered.unreadable, 1U);
  EXPECT_NE(log.find("checksum"), std::string::npos);
  EXPECT_EQ(store.recovered.sessions[0].queue.size(), 1U);
}

TEST(Recovery, NewNamesComeAfterOldOnes) {
  const TempDirectory temp;
  KeptId old{};
  StoredId session{};
  {
    Store store(temp / "store", {.workers = 3});
    session = make_session(store.journal(2), "c");
    old = queue(store.journal(2), session, message("t", "p"));
    store.commit(2);
  }
  {
    Store store(temp / "store", {.workers = 1});
    EXPECT_GT(queue(store.journal(), session, message("t", "p")), old);
    EXPECT_GT(store.journal().new_session(), session);
    // A message of an earlier run is done with as any other.
    store.journal().done(session, old, false);
    store.commit();
  }
  EXPECT_EQ(check(temp / "store").waiting, 1U);
}

}  // namespace
}  // namespace peal::store
