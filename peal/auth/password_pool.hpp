// Threads on which passwords are hashed: slow by intention, so never on a worker's. What waits is
// bounded, and the threads stand behind the workers when the processors are short, so that a flood
// of logins does not delay messages.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace peal::auth {

class PasswordPool {
 public:
  using Job = std::move_only_function<void()>;

  PasswordPool(unsigned threads, std::size_t waiting_limit);
  /// Waits for the jobs that run; those that wait are dropped.
  ~PasswordPool();
  PasswordPool(const PasswordPool&) = delete;
  PasswordPool& operator=(const PasswordPool&) = delete;

  /// false: as many wait as may.    threads   any.
  [[nodiscard]] bool add(Job job);

 private:
  void run(const std::stop_token& stop);

  std::size_t waiting_limit_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Job> waiting_;
  std::vector<std::jthread> threads_;
};

}  // namespace peal::auth
