#include "peal/server/memory_watch.hpp"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <limits>
#include <malloc.h>
#include <string>
#include <unistd.h>

namespace peal::server {

namespace {

using broker::MemoryLevel;

constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();
// Far from the limit, and near it: a fast publisher fills 10 MiB in ten milliseconds.
constexpr std::chrono::milliseconds look_every{100};
constexpr std::chrono::milliseconds look_often{10};
constexpr std::chrono::seconds one_second{1};
constexpr std::chrono::seconds longest_pause{10};
constexpr std::size_t near_percent = 70;

/// Where a level begins, and where it ends again.
struct Threshold {
  MemoryLevel level;
  std::size_t up_percent;
  std::size_t down_percent;
};
constexpr Threshold thresholds[] = {{MemoryLevel::exhausted, 95, 90}, {MemoryLevel::tight, 80, 75}};

/// `percent` of `limit` without overflow.
std::size_t part_of(std::size_t limit, std::size_t percent) { return limit / 100 * percent; }

/// The number in the first line of `file`; unlimited when it says "max" or is not there.
std::size_t number_in(const std::filesystem::path& file) {
  std::ifstream stream(file);
  std::size_t number = 0;
  return stream >> number ? number : unlimited;
}

/// "MemTotal:       16316412 kB"
std::size_t memory_of_system(const std::filesystem::path& root) {
  std::ifstream file(root / "proc/meminfo");
  std::string word;
  std::size_t kibibytes = 0;
  while (file >> word) {
    if (word == "MemTotal:" && file >> kibibytes) {
      return kibibytes << 10;
    }
  }
  return unlimited;
}

/// The least limit of a group and those around it, up to the `top` of the hierarchy.
std::size_t least_of(const std::filesystem::path& top, std::string group, const char* file) {
  std::size_t least = number_in(top / file);
  while (group.size() > 1 && group.front() == '/') {
    least = std::min(least, number_in(top / group.substr(1) / file));
    group.resize(group.rfind('/'));
  }
  return least;
}

/// One line of /proc/self/cgroup: "0::/system.slice/peal.service" or "4:memory:/docker/...".
std::size_t limit_of_group(const std::filesystem::path& root, const std::string& line) {
  const std::size_t first = line.find(':');
  const std::size_t second = line.find(':', std::min(first, line.size() - 1) + 1);
  if (second == std::string::npos) {
    return unlimited;
  }
  const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
  const std::string group = line.substr(second + 1);
  if (controllers == ",,") {
    return least_of(root / "sys/fs/cgroup", group, "memory.max");
  }
  const bool is_memory = controllers.find(",memory,") != std::string::npos;
  return is_memory ? least_of(root / "sys/fs/cgroup/memory", group, "memory.limit_in_bytes")
                   : unlimited;
}

}  // namespace

MemoryLevel next_level(MemoryLevel level, std::size_t used, std::size_t limit) {
  for (const Threshold& threshold : thresholds) {
    const bool is_in = level >= threshold.level;
    if (used >= part_of(limit, is_in ? threshold.down_percent : threshold.up_percent)) {
      return threshold.level;
    }
  }
  return MemoryLevel::enough;
}

std::size_t memory_of_machine(const std::filesystem::path& root) {
  std::size_t least = memory_of_system(root);
  std::ifstream groups(root / "proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    if (!line.empty()) {
      least = std::min(least, limit_of_group(root, line));
    }
  }
  return least;
}

std::size_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::size_t all_pages = 0;
  std::size_t resident_pages = 0;
  file >> all_pages >> resident_pages;
  return resident_pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

MemoryWatch::MemoryWatch(std::size_t limit_bytes, Changed changed, StillShort still_short)
    : limit_(limit_bytes),
      changed_(std::move(changed)),
      still_short_(std::move(still_short)),
      thread_([this] { run(); }) {}

MemoryWatch::~MemoryWatch() {
  {
    const std::scoped_lock lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void MemoryWatch::run() {
  std::unique_lock lock(mutex_);
  const auto pause = [this] {
    return used() < part_of(limit(), near_percent) ? look_every : look_often;
  };
  while (!wake_.wait_for(lock, pause(), [this] { return is_stopping_; })) {
    lock.unlock();
    look();
    lock.lock();
  }
}

void MemoryWatch::look() {
  const Clock::time_point now = Clock::now();
  std::size_t used = resident_bytes();
  if (used >= part_of(limit(), near_percent) && now >= give_back_at_) {
    used = give_back(used, now);
  }
  used_.store(used, std::memory_order_relaxed);
  const MemoryLevel before = level();
  const MemoryLevel after = next_level(before, used, limit());
  level_.store(after, std::memory_order_relaxed);
  if (after != before) {
    changed_(after, used, limit());
    still_short_at_ = now + one_second;
  } else if (after == MemoryLevel::exhausted && now >= still_short_at_) {
    still_short_at_ = now + one_second;
    still_short_();
  }
}

/// Gives freed memory back to the system. That takes the allocator's locks, so it is tried less
/// often when there is little to give.    returns   what is used then.
std::size_t MemoryWatch::give_back(std::size_t used, Clock::time_point now) {
  malloc_trim(0);
  const std::size_t left = resident_bytes();
  const bool is_worth_it = left + part_of(limit(), 1) <= used;
  pause_ = is_worth_it ? one_second : std::min(pause_ * 2, longest_pause);
  give_back_at_ = now + pause_;
  return left;
}

}  // namespace peal::server
