#include "peal/store/writer.hpp"

#include <atomic>
#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <thread>

#include "unit/store/rig.hpp"

namespace peal::store {
namespace {

using namespace std::chrono_literals;
using broker::JournalPosition;
using test::FaultyFileSystem;
using test::make_session;
using test::message;
using test::queue;
using test::Store;
using test::TempDirectory;

class WriterTest : public testing::Test {
 protected:
  const TempDirectory temp_;
  std::shared_ptr<FaultyFileSystem> files_ = std::make_shared<FaultyFileSystem>();
  std::unique_ptr<rocksdb::Env> env_ = rocksdb::NewCompositeEnv(files_);

  std::unique_ptr<Store> open(WriterOptions options = {}) {
    return std::make_unique<Store>(temp_ / "store", std::move(options), env_.get());
  }
};

TEST_F(WriterTest, CommitsOnlyWhenTheSyncHasReturned) {
  const auto store = open();
  files_->hold_syncs();
  Journal& journal = store->journal();
  (void)make_session(journal, "c");
  journal.dispatch();
  files_->wait_for_held_sync();
  EXPECT_EQ(journal.committed(), JournalPosition::start);
  files_->let_syncs();
  store->wait([&] { return journal.committed() == journal.written(); });
}

TEST_F(WriterTest, TakesNothingInWhileThereIsTooLittleRoom) {
  std::atomic<std::uint64_t> room = 400;
  const auto store = open({.min_free_bytes = 400, .free_bytes = [&] { return room.load(); }});
  Journal& journal = store->journal();
  (void)make_session(journal, "c");
  store->commit();
  EXPECT_FALSE(journal.has_failed());
  room = 399;
  store->wait([&] { return journal.has_failed(); });
  // What came before somebody looked is kept.
  (void)make_session(journal, "d");
  store->commit();
  EXPECT_TRUE(journal.has_failed());
  room = 500;
  store->wait([&] { return !journal.has_failed(); });
  EXPECT_NE(store->log().find("nothing is taken in"), std::string::npos);
  EXPECT_EQ(store->writer.counters().shortages, 1U);
}

TEST_F(WriterTest, WhatComesWhileOneSyncRunsIsCommittedByTheNext) {
  const auto store = open({.workers = 2});
  files_->hold_syncs();
  Journal& first = store->journal(0);
  const StoredId session = make_session(first, "c");
  first.dispatch();
  files_->wait_for_held_sync();
  for (int i = 0; i < 200; ++i) {
    (void)queue(first, session, message("t", "p"));
    first.dispatch();
    (void)make_session(store->journal(1), "d");
    store->journal(1).dispatch();
  }
  const auto before = store->writer.counters().syncs.load();
  files_->let_syncs();
  store->wait([&] {
    return first.committed() == first.written() &&
           store->journal(1).committed() == store->journal(1).written();
  });
  EXPECT_LE(store->writer.counters().syncs.load() - before, 3U);
}

TEST_F(WriterTest, WhatIsHandedOverLaterIsCommittedLaterWhoeverItComesFrom) {
  const auto store = open({.workers = 2});
  files_->hold_syncs();
  (void)make_session(store->journal(0), "c");
  store->journal(0).dispatch();
  files_->wait_for_held_sync();
  (void)make_session(store->journal(1), "d");
  store->journal(1).dispatch();
  EXPECT_LT(store->journal(1).committed(), store->journal(1).written());
  files_->let_syncs();
  store->wait([&] { return store->journal(1).committed() == store->journal(1).written(); });
  EXPECT_EQ(store->journal(0).committed(), store->journal(0).written());
}

TEST_F(WriterTest, ABrokenDiskCommitsNothingEverAgain) {
  for (const bool is_sync : {true, false}) {
    const TempDirectory temp;
    Store store(temp / "store", {}, env_.get());
    Journal& journal = store.journal();
    const StoredId session = make_session(journal, "c");
    store.commit();
    const JournalPosition before = journal.committed();
    const auto error = rocksdb::IOStatus::IOError("Input/output error");
    is_sync ? files_->fail_syncs(error) : files_->fail_appends(error);
    (void)queue(journal, session, message("t", "p"));
    journal.dispatch();
    store.wait([&] { return journal.has_failed(); });
    files_->work();
    (void)queue(journal, session, message("t", "p"));
    journal.dispatch();
    store.writer.stop();
    EXPECT_EQ(journal.committed(), before);
    EXPECT_TRUE(journal.has_failed());
    EXPECT_EQ(store.writer.counters().dropped_bundles.load(), 2U);
    EXPECT_NE(store.log().find("started anew"), std::string::npos) << store.log();
  }
}

TEST_F(WriterTest, AFullDiskIsTriedAgainUntilThereIsRoom) {
  for (const bool is_sync : {true, false}) {
    const TempDirectory temp;
    {
      Store store(temp / "store", {}, env_.get());
      Journal& journal = store.journal();
      const StoredId session = make_session(journal, "c");
      store.commit();
      const JournalPosition before = journal.committed();
      const auto error = rocksdb::IOStatus::NoSpace("No space left on device");
      is_sync ? files_->fail_syncs(error) : files_->fail_appends(error);
      (void)queue(journal, session, message("t", "1"));
      journal.dispatch();
      store.wait([&] { return journal.has_failed(); });
      (void)queue(journal, session, message("t", "2"));
      journal.dispatch();
      EXPECT_EQ(journal.committed(), before);
      files_->work();
      store.wait([&] { return journal.committed() == journal.written(); });
      store.wait([&] { return !journal.has_failed(); });
      EXPECT_NE(store.log().find("room again"), std::string::npos) << store.log();
      (void)queue(journal, session, message("t", "3"));
      store.commit();
    }
    const Store again(temp / "store", {}, env_.get());
    ASSERT_EQ(again.recovered.sessions.size(), 1U);
    EXPECT_EQ(again.recovered.sessions[0].queue.size(), 3U);
  }
}

TEST_F(WriterTest, WhileTheDiskIsFullNotMoreThanTheLimitWaits) {
  const auto store = open({.backlog_bytes_limit = 10'000});
  Journal& journal = store->journal();
  const StoredId session = make_session(journal, "c");
  store->commit();
  files_->fail_syncs(rocksdb::IOStatus::NoSpace("No space left on device"));
  (void)queue(journal, session, message("t", "1"));
  journal.dispatch();
  store->wait([&] { return journal.has_failed(); });
  const std::string payload(3000, 'x');
  std::vector<JournalPosition> positions;
  for (int i = 0; i < 6; ++i) {
    (void)queue(journal, session, message("t", payload));
    positions.push_back(journal.written());
    journal.dispatch();
  }
  EXPECT_GT(store->writer.counters().dropped_bundles.load(), 2U);
  files_->work();
  // What was accepted is committed; what was dropped, and all behind it, never.
  store->wait([&] { return journal.committed() >= positions[1]; });
  store->writer.stop();
  EXPECT_LT(journal.committed(), positions[4]);
  EXPECT_TRUE(journal.has_failed());
}

TEST_F(WriterTest, ThatCopiesAreDoneWithNeedsNoSync) {
  const auto store = open();
  Journal& journal = store->journal();
  const StoredId session = make_session(journal, "c");
  const KeptId kept = queue(journal, session, message("t", "p"));
  (void)queue(journal, session, message("t", "p"));
  store->commit();
  const auto syncs = store->writer.counters().syncs.load();
  journal.done(session, kept, false);
  store->commit();
  EXPECT_EQ(store->writer.counters().syncs.load(), syncs);
}

TEST_F(WriterTest, SyncsEverySoOftenWhenToldSo) {
  const auto store = open({.sync = SyncMode::interval, .sync_interval = 20ms});
  (void)make_session(store->journal(), "c");
  store->commit();
  store->journal();
  const auto give_up = std::chrono::steady_clock::now() + 20s;
  while (store->writer.counters().syncs.load() == 0 && std::chrono::steady_clock::now() < give_up) {
    std::this_thread::yield();
  }
  EXPECT_GT(store->writer.counters().syncs.load(), 0U);
}

TEST_F(WriterTest, APageThatNobodyWaitsForIsNotWritten) {
  const auto store = open();
  Journal& journal = store->journal();
  const StoredId session = make_session(journal, "c");
  store->commit();
  const auto commits = store->writer.counters().commits.load();
  const KeptId kept = queue(journal, session, message("t", "p"));
  journal.done(session, kept, false);
  store->commit();
  EXPECT_EQ(store->writer.counters().commits.load(), commits);
}

void expect_fetched(Store& store, StoredId session, const std::vector<KeptId>& kept,
                    const std::vector<std::string>& payloads) {
  store.journal().fetch({7, 1}, session, kept);
  store.journal().dispatch();
  store.wait([&] { return store.fetched() == 1; });
  const auto fetched = store.take_fetched();
  EXPECT_EQ(fetched[0].session, (broker::SessionHandle{7, 1}));
  ASSERT_EQ(fetched[0].messages.size(), payloads.size());
  for (std::size_t i = 0; i < payloads.size(); ++i) {
    const broker::Fetched& each = fetched[0].messages[i];
    EXPECT_EQ(each.message, kept[i]);
    EXPECT_EQ(each.bytes ? as_text(each.bytes->payload()) : "(none)", payloads[i]);
  }
}

TEST_F(WriterTest, FetchesFromPagesAndFromWhatWasSpilled) {
  std::vector<KeptId> kept;
  StoredId session{};
  {
    const auto store = open({.log_bytes_limit = 500});
    Journal& journal = store->journal();
    session = make_session(journal, "c");
    std::vector<std::string> payloads;
    for (int i = 0; i < 20; ++i) {
      payloads.push_back("payload " + std::to_string(i));
      kept.push_back(queue(journal, session, message("t", payloads.back())));
      if (i % 3 == 0) {
        store->commit();
      }
    }
    // Without waiting for the commit: it is read behind it.
    expect_fetched(*store, session, kept, payloads);
    store->commit();
    const auto give_up = std::chrono::steady_clock::now() + 20s;
    while (store->writer.counters().log_bytes.load() > 500 &&
           std::chrono::steady_clock::now() < give_up) {
      std::this_thread::yield();
    }
    EXPECT_GT(store->writer.counters().spilled.load(), 0U);
    expect_fetched(*store, session, kept, payloads);
    expect_fetched(*store, session, {KeptId{12345}}, {"(none)"});
    journal.done(session, kept[0], false);
    journal.done(session, kept[19], false);
    store->commit();
    expect_fetched(*store, session, {kept[0], kept[1]}, {"(none)", "payload 1"});
  }
  const auto again = open();
  ASSERT_EQ(again->recovered.sessions.size(), 1U);
  EXPECT_EQ(again->recovered.sessions[0].queue.size(), 18U);
  expect_fetched(*again, session, {kept[18], kept[19]}, {"payload 18", "(none)"});
}

TEST_F(WriterTest, OldPagesAreSpilledWithoutAnythingBeingWritten) {
  const auto store = open({.page_age_limit = 10ms});
  Journal& journal = store->journal();
  (void)queue(journal, make_session(journal, "c"), message("t", "p"));
  store->commit();
  const auto give_up = std::chrono::steady_clock::now() + 20s;
  while (store->writer.counters().spilled.load() == 0 &&
         std::chrono::steady_clock::now() < give_up) {
    std::this_thread::yield();
  }
  EXPECT_EQ(store->writer.counters().spilled.load(), 1U);
}

TEST_F(WriterTest, StopCommitsWhatWasHandedOver) {
  const auto store = open();
  Journal& journal = store->journal();
  const StoredId session = make_session(journal, "c");
  for (int i = 0; i < 500; ++i) {
    (void)queue(journal, session, message("t", "p"));
    journal.dispatch();
  }
  store->writer.stop();
  EXPECT_EQ(journal.committed(), journal.written());
}

}  // namespace
}  // namespace peal::store
