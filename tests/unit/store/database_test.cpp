#include "peal/store/database.hpp"

#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <set>
#include <sys/stat.h>
#include <unistd.h>

#include "unit/store/rig.hpp"

#include "peal/store/directory.hpp"
#include "peal/store/record.hpp"
#include "peal/store/store_error.hpp"

namespace peal::store {
namespace {

namespace fs = std::filesystem;
using test::TempDirectory;

std::string refusal(const fs::path& directory, bool may_create = true) {
  try {
    const Database database({.directory = directory, .may_create = may_create});
  } catch (const StoreError& error) {
    return error.what();
  }
  return "";
}

void expect_names(const std::string& text, const fs::path& path, std::string_view what) {
  EXPECT_NE(text.find(path.string()), std::string::npos) << text;
  EXPECT_NE(text.find(what), std::string::npos) << text;
}

TEST(Database, MakesItsDirectoryForItsOwnerAlone) {
  const TempDirectory temp;
  const fs::path directory = temp / "deep" / "store";
  {
    const Database database({.directory = directory});
  }
  struct ::stat status{};
  ASSERT_EQ(::stat(directory.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0700U);
  EXPECT_EQ(refusal(directory), "");
  EXPECT_EQ(refusal(directory, false), "");
}

TEST(Database, TakesAnEmptyDirectoryForItsOwnerAlone) {
  const TempDirectory temp;
  fs::permissions(temp.path(), fs::perms{0755});
  {
    const Database database({.directory = temp.path()});
  }
  EXPECT_EQ(fs::status(temp.path()).permissions(), fs::perms::owner_all);
}

TEST(Database, OnlyLooksWhereItIsAskedTo) {
  const TempDirectory temp;
  const auto names = [&] {
    std::set<std::string> all;
    for (const auto& entry : fs::directory_iterator(temp / "store")) {
      all.insert(entry.path().filename());
    }
    return all;
  };
  const auto look = [&] {
    Database database({.directory = temp / "store", .is_read_only = true});
    return database.number("a", 0);
  };
  EXPECT_THROW((void)look(), StoreError);
  EXPECT_FALSE(fs::exists(temp / "store"));
  {
    Database database({.directory = temp / "store"});
    database.set_number("a", 7);
  }
  const auto before = names();
  EXPECT_EQ(look(), 7U);
  EXPECT_EQ(names(), before);
  Database database({.directory = temp / "store", .is_read_only = true});
  EXPECT_THROW(database.set_number("a", 8), StoreError);
}

TEST(Database, StreamsAreNeverGivenTwice) {
  const TempDirectory temp;
  {
    Database database({.directory = temp / "store"});
    EXPECT_EQ(database.allot_streams(2), StreamId{1});
    EXPECT_EQ(database.allot_streams(1), StreamId{3});
  }
  Database database({.directory = temp / "store"});
  EXPECT_EQ(database.allot_streams(4), StreamId{4});
}

TEST(Database, StreamsEndSomeTime) {
  const TempDirectory temp;
  Database database({.directory = temp / "store"});
  database.raise_next_stream(StreamId{stream_limit - 2});
  EXPECT_EQ(database.allot_streams(2), StreamId{stream_limit - 2});
  EXPECT_THROW((void)database.allot_streams(1), StoreError);
}

TEST(Database, RefusesANewerSchema) {
  const TempDirectory temp;
  {
    Database database({.directory = temp / "store"});
    std::string value;
    encode_number(value, schema_version + 1);
    ASSERT_TRUE(database.db().Put({}, database.family(Family::meta), "schema", value).ok());
  }
  expect_names(refusal(temp / "store"), temp / "store", "schema version 4");
}

TEST(Database, RefusesADirectoryOfAnotherProgramAndWritesNothing) {
  const TempDirectory temp;
  std::ofstream(temp / "notes.txt") << "mine";
  expect_names(refusal(temp.path()), temp.path(), "not a store of Peal");
  EXPECT_EQ(std::distance(fs::directory_iterator(temp.path()), fs::directory_iterator{}), 1);
}

TEST(Database, RefusesADatabaseOfAnotherProgram) {
  const TempDirectory temp;
  std::ofstream(temp / "CURRENT") << "MANIFEST-000001\n";
  expect_names(refusal(temp.path()), temp.path(), "not a store of Peal");
  EXPECT_FALSE(fs::exists(temp / "LOCK"));
}

TEST(Database, RefusesAFile) {
  const TempDirectory temp;
  std::ofstream(temp / "file") << "x";
  expect_names(refusal(temp / "file"), temp / "file", "is not a directory");
  expect_names(refusal(temp / "file" / "below"), temp / "file", "cannot be");
}

TEST(Database, RefusesOneThatIsInUse) {
  const TempDirectory temp;
  const Database database({.directory = temp / "store"});
  expect_names(refusal(temp / "store"), temp / "store", "another process uses it");
}

TEST(Database, RefusesWhatIsNotThereUnlessItMayMakeIt) {
  const TempDirectory temp;
  expect_names(refusal(temp / "store", false), temp / "store", "does not exist");
  expect_names(refusal(temp.path(), false), temp.path(), "is not a store");
  EXPECT_FALSE(fs::exists(temp / "store"));
}

TEST(Database, RefusesOneWithoutPermission) {
  if (::geteuid() == 0) {
    GTEST_SKIP() << "root may do anything";
  }
  const TempDirectory temp;
  fs::permissions(temp.path(), fs::perms::owner_read | fs::perms::owner_exec);
  expect_names(refusal(temp.path()), temp.path(), "user that the server runs as");
  fs::permissions(temp.path(), fs::perms::owner_all);
}

TEST(Database, SaysWhatToDoAboutADamagedOne) {
  const TempDirectory temp;
  {
    const Database database({.directory = temp / "store"});
  }
  for (const auto& entry : fs::directory_iterator(temp / "store")) {
    if (entry.path().filename().string().starts_with("MANIFEST")) {
      fs::resize_file(entry.path(), 20);
    }
  }
  expect_names(refusal(temp / "store"), temp / "store", "peal store repair");
}

}  // namespace
}  // namespace peal::store
