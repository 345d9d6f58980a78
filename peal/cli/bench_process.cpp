#include "peal/cli/bench_process.hpp"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sched.h>
#include <signal.h>
#include <stdexcept>
#include <string>
#include <sys/resource.h>
#include <system_error>
#include <thread>

namespace peal::cli {
namespace {

using namespace std::chrono_literals;

std::filesystem::path proc(pid_t pid) { return "/proc/" + std::to_string(pid); }

/// The state letter behind the name in parentheses of a `stat` file.
char thread_state(const std::filesystem::path& task) {
  std::ifstream file(task / "stat");
  std::string line;
  std::getline(file, line);
  const std::size_t name_end = line.rfind(')');
  return name_end == std::string::npos || name_end + 2 >= line.size() ? '?' : line[name_end + 2];
}

bool is_stopped(pid_t pid) {
  std::error_code ignored;
  for (const auto& task : std::filesystem::directory_iterator(proc(pid) / "task", ignored)) {
    const char state = thread_state(task.path());
    if (state != 'T' && state != 't') {
      return false;
    }
  }
  return true;
}

void send_signal(pid_t pid, int signal) {
  if (::kill(pid, signal) != 0) {
    throw std::system_error(errno, std::generic_category(), "signal to the broker");
  }
}

}  // namespace

std::chrono::nanoseconds BrokerProcess::cpu_time() const { return sum_schedstat(1); }

std::chrono::nanoseconds BrokerProcess::wanted_time() const { return sum_schedstat(2); }

/// The first `fields` numbers of every thread: time on a CPU, time in a run queue.
std::chrono::nanoseconds BrokerProcess::sum_schedstat(int fields) const {
  std::int64_t total = 0;
  std::error_code ignored;
  if (is_known()) {
    for (const auto& task : std::filesystem::directory_iterator(proc(pid_) / "task", ignored)) {
      std::ifstream file(task.path() / "schedstat");
      for (int field = 0; field < fields; ++field) {
        std::int64_t nanoseconds = 0;
        file >> nanoseconds;
        total += nanoseconds;
      }
    }
  }
  return std::chrono::nanoseconds(total);
}

std::chrono::nanoseconds BrokerProcess::settled_cpu_time() const {
  std::chrono::nanoseconds last = cpu_time();
  for (int reading = 0; reading < 20 && is_known(); ++reading) {
    std::this_thread::sleep_for(10ms);
    const std::chrono::nanoseconds now = cpu_time();
    if (now == last) {
      break;
    }
    last = now;
  }
  return last;
}

std::uint64_t BrokerProcess::number_from(const char* file_name, std::string_view name) const {
  std::ifstream file(proc(pid_) / file_name);
  std::string word;
  std::uint64_t number = 0;
  while (is_known() && file >> word) {
    if (word == name) {
      file >> number;
      break;
    }
  }
  return number;
}

std::uint64_t BrokerProcess::resident_bytes() const {
  return number_from("status", "VmRSS:") * 1024;
}

std::uint64_t BrokerProcess::written_bytes() const { return number_from("io", "write_bytes:"); }

void BrokerProcess::stop() const {
  if (!is_known()) {
    return;
  }
  send_signal(pid_, SIGSTOP);
  for (int tries = 0; tries < 5000; ++tries) {
    if (is_stopped(pid_)) {
      return;
    }
    std::this_thread::sleep_for(1ms);
  }
  throw std::runtime_error("the broker does not stop");
}

void BrokerProcess::resume() const {
  if (is_known()) {
    send_signal(pid_, SIGCONT);
  }
}

void pin_to_cpu(unsigned cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  if (::sched_setaffinity(0, sizeof set, &set) != 0) {
    throw std::system_error(errno, std::generic_category(), "CPU " + std::to_string(cpu));
  }
}

void raise_open_file_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const rlimit wanted{.rlim_cur = 1'000'000, .rlim_max = 1'000'000};
  if (limit.rlim_max >= wanted.rlim_cur || ::setrlimit(RLIMIT_NOFILE, &wanted) != 0) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
}

}  // namespace peal::cli
