#include "peal/cli/new_file.hpp"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <stdexcept>
#include <sys/stat.h>

#include "support/temporary_folder.hpp"

namespace peal::cli {
namespace {

TEST(NewFile, IsForItsOwnerAlone) {
  const test::TemporaryFolder folder;
  const std::string path = folder / "key";
  NewFile(path).write("secret");
  struct stat status{};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  std::ifstream file(path);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), "secret");
}

TEST(NewFile, ReplacesNothing) {
  const test::TemporaryFolder folder;
  const std::string path = folder / "key";
  NewFile(path).write("first");
  EXPECT_THROW(NewFile{path}, std::runtime_error);
  std::filesystem::create_symlink(folder / "elsewhere", folder / "link");
  EXPECT_THROW(NewFile{folder / "link"}, std::runtime_error);
  EXPECT_THROW(NewFile{folder / "no/such"}, std::runtime_error);
  std::ifstream file(path);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), "first");
}

TEST(NewFile, IsGoneWhenNothingWasWritten) {
  const test::TemporaryFolder folder;
  const std::string path = folder / "key";
  {
    const NewFile unused(path);
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace peal::cli
