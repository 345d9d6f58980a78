// A directory of secrets: modes, whole files, one writer, and sentences for what is in the way.
#include "peal/net/private_directory.hpp"

#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/temporary_folder.hpp"

namespace peal::net {
namespace {

namespace fs = std::filesystem;

unsigned mode_of(const std::string& path) {
  struct stat status{};
  EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
  return status.st_mode & 07777U;
}

class PrivateDirectoryTest : public testing::Test {
 protected:
  test::TemporaryFolder folder;
  PrivateDirectory directory{(folder / "secrets").string()};
};

TEST_F(PrivateDirectoryTest, is_for_its_owner_alone) {
  ASSERT_TRUE(directory.make());
  EXPECT_EQ(mode_of(directory.path()), 0700U);
  ASSERT_TRUE(directory.write("key", "secret"));
  EXPECT_EQ(mode_of(directory.path_of("key")), 0600U);
  EXPECT_EQ(directory.read("key"), "secret");
  ASSERT_EQ(::chmod(directory.path().c_str(), 0755), 0);
  ASSERT_TRUE(directory.make());
  EXPECT_EQ(mode_of(directory.path()), 0700U);
}

TEST_F(PrivateDirectoryTest, replaces_whole_files_and_leaves_nothing_beside) {
  ASSERT_TRUE(directory.make());
  ASSERT_TRUE(directory.write("b", std::string(100'000, 'x')));
  ASSERT_TRUE(directory.write("b", "short"));
  ASSERT_TRUE(directory.write("a", ""));
  EXPECT_EQ(directory.read("b"), "short");
  EXPECT_TRUE(directory.has("a"));
  EXPECT_FALSE(directory.has("c"));
  EXPECT_EQ(directory.names(), (std::vector<std::string>{"a", "b"}));
}

TEST_F(PrivateDirectoryTest, removes_what_a_crash_left) {
  ASSERT_TRUE(directory.make());
  std::ofstream(directory.path_of(".new-abc123")) << "half";
  std::ofstream(directory.path_of(".other")) << "not ours";
  EXPECT_EQ(directory.names(), std::vector<std::string>{});
  directory.remove_leftovers();
  EXPECT_FALSE(directory.has(".new-abc123"));
  EXPECT_TRUE(directory.has(".other"));
}

TEST_F(PrivateDirectoryTest, what_root_makes_belongs_to_its_owner) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "only root can give files away";
  }
  constexpr uid_t somebody = 12345;
  ASSERT_TRUE(directory.make());
  ASSERT_EQ(::chown(directory.path().c_str(), somebody, somebody), 0);
  ASSERT_TRUE(directory.lock());
  ASSERT_TRUE(directory.write("key", "secret"));
  const PrivateDirectory inner(directory.path_of("inner"));
  ASSERT_TRUE(inner.make());
  for (const char* name : {"lock", "key", "inner"}) {
    struct stat status{};
    ASSERT_EQ(::stat(directory.path_of(name).c_str(), &status), 0);
    EXPECT_EQ(status.st_uid, somebody) << name;
  }
}

TEST_F(PrivateDirectoryTest, has_one_writer_at_a_time) {
  ASSERT_TRUE(directory.make());
  const auto is_free = [&] {
    const int fd = ::open(directory.path_of("lock").c_str(), O_RDWR);
    const bool got = ::flock(fd, LOCK_EX | LOCK_NB) == 0;
    ::close(fd);
    return got;
  };
  {
    const auto lock = directory.lock();
    ASSERT_TRUE(lock) << lock.error();
    EXPECT_FALSE(is_free());
  }
  EXPECT_TRUE(is_free());
}

TEST_F(PrivateDirectoryTest, says_what_is_in_the_way) {
  EXPECT_TRUE(directory.read("key").error().contains("No such file"));
  EXPECT_TRUE(directory.write("key", "x").error().contains("No such file"));
  EXPECT_FALSE(directory.lock());
  const PrivateDirectory deep((folder / "a/b").string());
  EXPECT_TRUE(deep.make().error().contains("a/b cannot be made"));
  std::ofstream(folder / "secrets") << "a file";
  EXPECT_TRUE(directory.make().error().contains("is not a directory"));
  fs::remove(folder / "secrets");
  ASSERT_TRUE(directory.make());
  fs::create_directory(directory.path_of("folder"));
  EXPECT_TRUE(directory.read("folder").error().contains("is not a regular file"));
  ASSERT_EQ(::mkfifo(directory.path_of("pipe").c_str(), 0600), 0);
  EXPECT_TRUE(directory.read("pipe").error().contains("is not a regular file"));
  std::ofstream(directory.path_of("huge")) << std::string((1U << 20U) + 1, 'x');
  EXPECT_TRUE(directory.read("huge").error().contains("longer than a megabyte"));
  fs::create_symlink("/nonexistent", directory.path_of("lock"));
  EXPECT_FALSE(directory.lock());  // never through a link
}

}  // namespace
}  // namespace peal::net
