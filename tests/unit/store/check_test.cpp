#include "peal/store/check.hpp"

#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include "unit/store/rig.hpp"

#include "peal/store/store_error.hpp"

namespace peal::store {
namespace {

namespace fs = std::filesystem;
using test::make_session;
using test::message;
using test::queue;
using test::Store;
using test::TempDirectory;

void fill(const fs::path& directory, int messages) {
  Store store(directory);
  Journal& journal = store.journal();
  const StoredId id = make_session(journal, "c");
  for (int i = 0; i < messages; ++i) {
    (void)queue(journal, id, message("t", "payload " + std::to_string(i)));
    journal.put_retained({}, message("r/" + std::to_string(i), "p"), {});
  }
  store.commit();
}

/// All that is only in RocksDB's log goes into files with checksums of their own.
void flush(const fs::path& directory) {
  Database database({.directory = directory});
  for (const Family family : {Family::pending, Family::retained, Family::sessions, Family::log}) {
    ASSERT_TRUE(database.db().Flush({}, database.family(family)).ok());
  }
}

TEST(Check, ASoundStoreIsCounted) {
  const TempDirectory temp;
  fill(temp / "store", 10);
  const StoreReport report = check(temp / "store");
  EXPECT_TRUE(report.is_sound());
  EXPECT_EQ(report.schema, 3U);
  EXPECT_EQ(report.rows[index_of(Family::sessions)], 1U);
  EXPECT_EQ(report.rows[index_of(Family::retained)], 10U);
  EXPECT_EQ(report.waiting, 10U);
  EXPECT_EQ(report.records, 20U);
}

TEST(Check, RefusesWhatIsNoStoreOrInUse) {
  const TempDirectory temp;
  EXPECT_THROW((void)check(temp / "store"), StoreError);
  EXPECT_THROW((void)check(temp.path()), StoreError);
  const Store store(temp / "store");
  EXPECT_THROW((void)check(temp / "store"), StoreError);
  EXPECT_THROW((void)repair(temp / "store"), StoreError);
}

TEST(Check, RowsThatCannotBeReadAreNamedAndRepairLeavesThemOut) {
  const TempDirectory temp;
  fill(temp / "store", 3);
  {
    Database database({.directory = temp / "store"});
    for (std::size_t i = 0; i < family_names.size(); ++i) {
      ASSERT_TRUE(
          database.db().Put({}, database.family(static_cast<Family>(i)), "bad", "\x7Fvalue").ok());
    }
  }
  const StoreReport report = check(temp / "store");
  EXPECT_EQ(report.problems_in_all, family_names.size());
  EXPECT_EQ(report.problems[1].table, "log");
  EXPECT_EQ(report.problems[1].key, "626164");
  EXPECT_FALSE(repair(temp / "store").is_sound());
  EXPECT_TRUE(check(temp / "store").is_sound());
  const Store store(temp / "store");
  EXPECT_EQ(store.recovered.sessions[0].queue.size(), 3U);
}

/// Bytes of a table's file change on the disk.
TEST(Check, ADamagedFileIsFoundAndRepairKeepsTheRest) {
  const TempDirectory temp;
  fill(temp / "store", 2000);
  {
    const Store store(temp / "store");
  }
  flush(temp / "store");
  fs::path largest;
  for (const auto& entry : fs::directory_iterator(temp / "store")) {
    if (entry.path().extension() == ".sst" &&
        (largest.empty() || fs::file_size(entry) > fs::file_size(largest))) {
      largest = entry.path();
    }
  }
  ASSERT_FALSE(largest.empty());
  {
    std::fstream file(largest, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(500);
    file.write("damage", 6);
  }
  const StoreReport report = check(temp / "store");
  EXPECT_FALSE(report.is_sound());
  EXPECT_FALSE(repair(temp / "store").is_sound());
  EXPECT_TRUE(check(temp / "store").is_sound());
  const Store store(temp / "store");
}

/// The list of files is lost altogether: only RocksDB's repair can open it.
TEST(Check, RepairOpensWhatDoesNotOpenAndNamesStayUnique) {
  const TempDirectory temp;
  fill(temp / "store", 100);
  StoredId before{};
  {
    Store store(temp / "store");
    before = store.recovered.sessions[0].id;
  }
  flush(temp / "store");
  for (const auto& entry : fs::directory_iterator(temp / "store")) {
    if (entry.path().filename().string().starts_with("MANIFEST")) {
      fs::resize_file(entry.path(), 30);
    }
  }
  EXPECT_FALSE(check(temp / "store").is_sound());
  EXPECT_FALSE(repair(temp / "store").is_sound());
  Store store(temp / "store");
  ASSERT_EQ(store.recovered.sessions.size(), 1U);
  EXPECT_EQ(store.recovered.sessions[0].queue.size(), 100U);
  EXPECT_EQ(store.recovered.retained, 100U);
  EXPECT_GT(store.journal().new_session(), before);
}

}  // namespace
}  // namespace peal::store
