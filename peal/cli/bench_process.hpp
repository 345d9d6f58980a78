// The broker as a process: what it has used, and stopping and resuming it. Linux's /proc.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>
#include <sys/types.h>

namespace peal::cli {

class BrokerProcess {
 public:
  /// `pid` 0 stands for "not known": then every figure is 0, and stop and resume do nothing.
  explicit BrokerProcess(pid_t pid) : pid_(pid) {}

  [[nodiscard]] bool is_known() const { return pid_ != 0; }

  /// Time on a CPU of all threads that exist, to the nanosecond.
  [[nodiscard]] std::chrono::nanoseconds cpu_time() const;

  /// The same, and the time its threads waited for a CPU that others had: how long it wanted to
  /// run.
  [[nodiscard]] std::chrono::nanoseconds wanted_time() const;

  /// `cpu_time` once the broker is idle: until two readings some milliseconds apart agree.
  [[nodiscard]] std::chrono::nanoseconds settled_cpu_time() const;

  [[nodiscard]] std::uint64_t resident_bytes() const;

  /// What it caused to be written to disks, its own page cache counted once.
  [[nodiscard]] std::uint64_t written_bytes() const;

  /// Returns when every thread stands still.    errors   throws when the process cannot be stopped.
  void stop() const;
  void resume() const;

 private:
  [[nodiscard]] std::uint64_t number_from(const char* file_name, std::string_view name) const;
  [[nodiscard]] std::chrono::nanoseconds sum_schedstat(int fields) const;

  pid_t pid_;
};

/// Keeps the calling thread on `cpu`.    errors   throws when there is no such CPU.
void pin_to_cpu(unsigned cpu);

/// As many open files as the system grants, for very many connections.
void raise_open_file_limit();

}  // namespace peal::cli
