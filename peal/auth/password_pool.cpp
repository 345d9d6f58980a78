#include "peal/auth/password_pool.hpp"

#include <sys/resource.h>
#include <unistd.h>
#include <utility>

namespace peal::auth {

namespace {

/// Of these threads, on Linux' scale: workers, at 0, get many times the share.
constexpr int niceness = 10;

}  // namespace

PasswordPool::PasswordPool(unsigned threads, std::size_t waiting_limit)
    : waiting_limit_(waiting_limit) {
  for (unsigned i = 0; i < threads; ++i) {
    threads_.emplace_back([this](const std::stop_token& stop) { run(stop); });
  }
}

PasswordPool::~PasswordPool() {
  for (std::jthread& thread : threads_) {
    thread.request_stop();
  }
}

bool PasswordPool::add(Job job) {
  {
    const std::scoped_lock lock(mutex_);
    if (waiting_.size() >= waiting_limit_) {
      return false;
    }
    waiting_.push_back(std::move(job));
  }
  changed_.notify_one();
  return true;
}

void PasswordPool::run(const std::stop_token& stop) {
  (void)setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), niceness);
  while (true) {
    Job job;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, stop, [this] { return !waiting_.empty(); });
      if (stop.stop_requested()) {
        return;
      }
      job = std::move(waiting_.front());
      waiting_.pop_front();
    }
    job();
  }
}

}  // namespace peal::auth
