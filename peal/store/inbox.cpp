#include "peal/store/inbox.hpp"

#include <utility>

namespace peal::store {

bool Inbox::add(unsigned worker, Bundle& bundle) {
  const std::uint64_t size = bundle.bytes();
  {
    const std::scoped_lock lock(mutex_);
    const std::uint64_t waiting = bytes_.load(std::memory_order_relaxed);
    is_closed_ = is_closed_ || (is_bounded_ && waiting + size > bytes_limit_);
    if (is_closed_) {
      bundle.clear();
      return false;
    }
    bundles_.push_back({worker, std::exchange(bundle, Bundle{})});
    if (!spares_.empty()) {
      bundle = std::move(spares_.back());
      spares_.pop_back();
    }
    ++added_;
    bytes_.store(waiting + size, std::memory_order_relaxed);
  }
  changed_.notify_one();
  return true;
}

void Inbox::add(FetchRequest request) {
  {
    const std::scoped_lock lock(mutex_);
    request.after = added_;
    fetches_.push_back(std::move(request));
  }
  changed_.notify_one();
}

void Inbox::set_bounded(bool is_bounded) {
  const std::scoped_lock lock(mutex_);
  is_bounded_ = is_bounded;
}

std::size_t Inbox::close() {
  const std::scoped_lock lock(mutex_);
  is_closed_ = true;
  bytes_.store(0, std::memory_order_relaxed);
  const std::size_t waited = bundles_.size();
  bundles_.clear();
  return waited;
}

bool Inbox::is_closed() {
  const std::scoped_lock lock(mutex_);
  return is_closed_;
}

void Inbox::stop() {
  {
    const std::scoped_lock lock(mutex_);
    is_stopped_ = true;
  }
  changed_.notify_one();
}

bool Inbox::wait_until(std::chrono::steady_clock::time_point due, bool wants_bundles) {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, due, [&] {
    return is_stopped_ || !fetches_.empty() || (wants_bundles && !bundles_.empty());
  });
  return is_stopped_;
}

std::vector<HandedOver> Inbox::take(std::uint64_t bytes_limit) {
  const std::scoped_lock lock(mutex_);
  std::vector<HandedOver> taken;
  std::uint64_t size = 0;
  while (!bundles_.empty() && size < bytes_limit) {
    size += bundles_.front().bundle.bytes();
    taken.push_back(std::move(bundles_.front()));
    bundles_.pop_front();
  }
  bytes_.store(bytes_.load(std::memory_order_relaxed) - size, std::memory_order_relaxed);
  return taken;
}

std::vector<FetchRequest> Inbox::take_fetches() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(fetches_, {});
}

bool Inbox::is_empty() {
  const std::scoped_lock lock(mutex_);
  return bundles_.empty() && fetches_.empty();
}

bool Inbox::is_empty_of_bundles() {
  const std::scoped_lock lock(mutex_);
  return bundles_.empty();
}

void Inbox::recycle(std::vector<HandedOver> bundles) {
  for (HandedOver& each : bundles) {
    each.bundle.clear();
  }
  const std::scoped_lock lock(mutex_);
  for (HandedOver& each : bundles) {
    if (spares_.size() < spares_limit) {
      spares_.push_back(std::move(each.bundle));
    }
  }
}

}  // namespace peal::store
