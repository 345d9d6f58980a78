#include "peal/store/wal_scan.hpp"

#include <fstream>
#include <gtest/gtest.h>
#include <iterator>

#include "unit/store/rig.hpp"

#include "peal/store/check.hpp"
#include "peal/store/store_error.hpp"

namespace peal::store {
namespace {

namespace fs = std::filesystem;
using test::make_session;
using test::message;
using test::queue;
using test::Store;
using test::TempDirectory;

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void write_file(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

/// A store as a killed process leaves it: some commits, each synced, all of them in one log.
class WalScanTest : public testing::Test {
 protected:
  static constexpr int commits = 6;

  WalScanTest() {
    Store store(temp_ / "store");
    Journal& journal = store.journal();
    const StoredId session = make_session(journal, "c");
    for (int i = 0; i < commits; ++i) {
      (void)queue(journal, session, message("a/b", std::string(40, 'x')));
      store.commit();
    }
    fs::copy(temp_ / "store", copy_, fs::copy_options::recursive);
    for (const auto& entry : fs::directory_iterator(copy_)) {
      if (entry.path().extension() == ".log" && entry.file_size() > 0) {
        log_ = entry.path();
      }
    }
    bytes_ = read_file(log_);
  }

  /// Where the last commit begins.
  std::uint64_t last_commit() {
    write_file(log_, bytes_.substr(0, bytes_.size() - 1));
    const auto broken = find_wal_break(copy_);
    write_file(log_, bytes_);
    return broken ? broken->offset : 0;
  }
  void flip(std::size_t at) {
    std::string changed = bytes_;
    changed[at] = static_cast<char>(changed[at] ^ 0x10);
    write_file(log_, changed);
  }

  TempDirectory temp_;
  fs::path copy_ = temp_ / "copy";
  fs::path log_;
  std::string bytes_;
};

TEST_F(WalScanTest, WholeLogsHaveNoBreak) {
  ASSERT_FALSE(log_.empty());
  EXPECT_FALSE(find_wal_break(copy_));
  EXPECT_FALSE(find_wal_break(temp_ / "nowhere"));
}

TEST_F(WalScanTest, EveryFlippedByteIsDamageUnlessOnlyTheLastCommitHasIt) {
  const std::uint64_t last = last_commit();
  ASSERT_GT(last, bytes_.size() / 2);
  for (std::size_t at = 0; at < bytes_.size(); ++at) {
    flip(at);
    const auto broken = find_wal_break(copy_);
    ASSERT_TRUE(broken) << at;
    EXPECT_EQ(broken->is_damage, at < last) << at;
    EXPECT_LE(broken->offset, at);
    EXPECT_EQ(broken->file, log_);
  }
}

TEST_F(WalScanTest, ALogThatEndsAnywhereIsTornAndNotDamaged) {
  for (std::size_t size = 0; size < bytes_.size(); ++size) {
    write_file(log_, bytes_.substr(0, size));
    const auto broken = find_wal_break(copy_);
    EXPECT_FALSE(broken && broken->is_damage) << size;
  }
  write_file(log_, bytes_ + std::string(5000, '\0'));  // room that was never written
  EXPECT_FALSE(find_wal_break(copy_));
}

TEST_F(WalScanTest, ADamagedLogIsRefusedAndLeftAsItIs) {
  flip(bytes_.size() / 2);
  const std::string damaged = read_file(log_);
  try {
    const Store store(copy_);
    FAIL() << "it opened";
  } catch (const StoreError& refusal) {
    const std::string text = refusal.what();
    EXPECT_TRUE(text.contains(log_.string() + " at byte ")) << text;
    EXPECT_TRUE(text.contains("peal store repair")) << text;
  }
  EXPECT_EQ(read_file(log_), damaged);
  const StoreReport report = check(copy_);
  ASSERT_EQ(report.problems.size(), 1U);
  EXPECT_TRUE(report.problems[0].what.contains("at byte ")) << report.problems[0].what;
  EXPECT_EQ(read_file(log_), damaged);
  EXPECT_FALSE(repair(copy_).is_sound());
  const Store store(copy_);
  EXPECT_EQ(store.recovered.sessions.size(), 1U);
}

TEST_F(WalScanTest, ATornEndIsCutAndSaidSo) {
  write_file(log_, bytes_.substr(0, bytes_.size() - 3));
  std::string log;
  RecoveryOptions options;
  options.log = [&](broker::LogLevel, std::string_view text) { log += text; };
  const Store store(copy_, {}, nullptr, options);
  EXPECT_EQ(store.recovered.sessions.at(0).queue.size(), std::size_t{commits - 1});
  EXPECT_TRUE(log.contains("is left out")) << log;
}

TEST_F(WalScanTest, AfterACleanEndTheLastCommitIsKnownToBeSafe) {
  fs::remove_all(copy_);
  fs::copy(temp_ / "store", copy_, fs::copy_options::recursive);
  bytes_ = read_file(log_);
  const std::string payload(40, 'x');
  const std::size_t in_last_commit = bytes_.rfind(payload);
  ASSERT_NE(in_last_commit, std::string::npos);
  flip(in_last_commit);
  const auto broken = find_wal_break(copy_);
  ASSERT_TRUE(broken);
  EXPECT_TRUE(broken->is_damage);
}

/// A batch that a full disk cut is written again into another log: nothing is missing.
TEST_F(WalScanTest, WhatWasWrittenAgainIsNotMissing) {
  const std::uint64_t last = last_commit();
  const fs::path next = copy_ / "999999.log";
  write_file(next, bytes_.substr(last));
  write_file(log_, bytes_.substr(0, bytes_.size() - 5));
  EXPECT_FALSE(find_wal_break(copy_));
}

}  // namespace
}  // namespace peal::store
