// Levels of memory, what a machine or its cgroup allows, and the watch itself.
#include "peal/server/memory_watch.hpp"

#include <fstream>
#include <gtest/gtest.h>

#include "support/temporary_folder.hpp"

namespace peal::server {
namespace {

using broker::MemoryLevel;

#ifdef __has_feature  // Clang, with which the sanitizers are
constexpr bool keeps_what_is_freed =
    __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool keeps_what_is_freed = false;
#endif

TEST(MemoryLevel, RisesAtOneMarkAndFallsAtALowerOne) {
  struct Step {
    std::size_t used;
    MemoryLevel level;
  };
  MemoryLevel level = MemoryLevel::enough;
  for (const Step& step :
       {Step{0, MemoryLevel::enough}, Step{799, MemoryLevel::enough}, Step{800, MemoryLevel::tight},
        Step{750, MemoryLevel::tight}, Step{749, MemoryLevel::enough},
        Step{950, MemoryLevel::exhausted}, Step{900, MemoryLevel::exhausted},
        Step{899, MemoryLevel::tight}, Step{949, MemoryLevel::tight},
        Step{2000, MemoryLevel::exhausted}, Step{10, MemoryLevel::enough}}) {
    level = next_level(level, step.used, 1000);
    EXPECT_EQ(level, step.level) << step.used;
  }
}

/// A /proc and a /sys as a test wants them.
class Machine {
 public:
  explicit Machine(const std::string& groups) {
    write("proc/meminfo", "MemTotal:       1000 kB\nMemFree:         10 kB\n");
    write("proc/self/cgroup", groups);
  }
  void write(const std::string& path, const std::string& text) {
    const std::filesystem::path file = folder_ / path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  [[nodiscard]] std::size_t memory() const { return memory_of_machine(folder_ / ""); }

 private:
  test::TemporaryFolder folder_;
};

TEST(MemoryOfMachine, IsAllOfItWithoutAGroup) {
  EXPECT_EQ(Machine("").memory(), 1'024'000U);
  EXPECT_EQ(Machine("0::/\n").memory(), 1'024'000U);
}

TEST(MemoryOfMachine, IsTheLeastLimitOfItsGroups) {
  Machine machine("0::/a.slice/peal.service\n");
  machine.write("sys/fs/cgroup/a.slice/peal.service/memory.max", "max\n");
  EXPECT_EQ(machine.memory(), 1'024'000U);
  machine.write("sys/fs/cgroup/a.slice/memory.max", "5000\n");
  EXPECT_EQ(machine.memory(), 5000U);
  machine.write("sys/fs/cgroup/a.slice/peal.service/memory.max", "4000\n");
  EXPECT_EQ(machine.memory(), 4000U);
  machine.write("sys/fs/cgroup/memory.max", "3000\n");  // the root as a container sees it
  EXPECT_EQ(machine.memory(), 3000U);
}

TEST(MemoryOfMachine, ReadsTheFirstVersionToo) {
  Machine machine("12:cpu,cpuacct:/x\n4:memory:/docker/abc\n0::/\n");
  machine.write("sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes", "6000\n");
  machine.write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(machine.memory(), 6000U);
}

TEST(MemoryOfMachine, LivesWithWhatItDoesNotUnderstand) {
  EXPECT_EQ(Machine("nonsense\n:\n::\n1:memory\n1:memory:x\n0::y\n").memory(), 1'024'000U);
  EXPECT_GT(memory_of_machine(), std::size_t{1} << 20);
}

/// Waits for what the watch's thread says.
class Told {
 public:
  MemoryWatch::Changed note() {
    return [this](MemoryLevel level, std::size_t used, std::size_t) {
      const std::scoped_lock lock(mutex_);
      levels.push_back(level);
      EXPECT_GT(used, 0U);
      changed_.notify_all();
    };
  }
  MemoryWatch::StillShort note_still() {
    return [this] {
      const std::scoped_lock lock(mutex_);
      ++still_short;
      changed_.notify_all();
    };
  }
  template <typename Condition>
  bool wait(Condition condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [&] { return condition(*this); });
  }
  std::vector<MemoryLevel> levels;
  int still_short = 0;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
};

TEST(MemoryWatch, TellsWhenTheProcessIsBeyondItsLimit) {
  Told told;
  const MemoryWatch watch(resident_bytes() / 2, told.note(), told.note_still());
  EXPECT_TRUE(told.wait([](const Told& it) { return !it.levels.empty(); }));
  EXPECT_TRUE(told.wait([](const Told& it) { return it.still_short > 0; }));
  EXPECT_EQ(told.levels, std::vector{MemoryLevel::exhausted});
  EXPECT_EQ(watch.level(), MemoryLevel::exhausted);
  EXPECT_GT(watch.used(), watch.limit());
}

TEST(MemoryWatch, TellsWhenMemoryIsFreeAgain) {
  constexpr std::size_t ballast_bytes = std::size_t{128} << 20;
  std::vector<std::vector<char>> ballast;
  const std::size_t before = resident_bytes();
  Told told;
  const MemoryWatch watch(before + ballast_bytes, told.note(), told.note_still());
  // In small pieces, which an allocator keeps when they are freed.
  for (std::size_t bytes = 0; bytes < ballast_bytes; bytes += 4096) {
    ballast.emplace_back(4096 - 64, 'x');
  }
  EXPECT_TRUE(told.wait([](const Told& it) {
    return !it.levels.empty() && it.levels.back() != MemoryLevel::enough;
  }));
  ballast.clear();
  if (!keeps_what_is_freed) {
    EXPECT_TRUE(told.wait([](const Told& it) { return it.levels.back() == MemoryLevel::enough; }));
  }
}

}  // namespace
}  // namespace peal::server
