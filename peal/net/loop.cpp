#include "peal/net/loop.hpp"

#include <algorithm>
#include <array>
#include <climits>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "peal/base/assert.hpp"
#include "peal/net/connection.hpp"
#include "peal/net/output.hpp"

namespace peal::net {
namespace {

constexpr std::size_t events_per_wait = 512;
constexpr std::size_t outputs_kept = 1024;
// What all connections together may bring in one iteration: who waits for the next one, with a
// message there and back, must not wait for a hundred others' 64 KiB. (A SUBSCRIBE costs most:
// fifty filters in a KiB, a microsecond each.) No connection has less than the smaller number.
constexpr std::size_t iteration_bytes = std::size_t{256} * 1024;
constexpr std::size_t turn_bytes_min = 4096;
constexpr std::uint32_t interest = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

/// Replaces `item` by null wherever it stands.
template <typename T>
void forget(std::vector<T*>& list, const T* item) {
  std::replace_if(
      list.begin(), list.end(), [item](const T* entry) { return entry == item; },
      static_cast<T*>(nullptr));
}

int milliseconds_for_epoll(std::chrono::milliseconds timeout) {
  return static_cast<int>(std::clamp<std::int64_t>(timeout.count(), -1, INT_MAX));
}

}  // namespace

Loop::Loop()
    : epoll_fd_(epoll_create1(EPOLL_CLOEXEC)),
      wake_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      read_buffer_(std::make_unique_for_overwrite<std::uint8_t[]>(headroom_bytes + read_bytes)),
      write_buffer_(std::make_unique_for_overwrite<std::uint8_t[]>(read_bytes)) {
  PEAL_ASSERT(epoll_fd_ >= 0 && wake_fd_ >= 0);
  // Edge-triggered: every write to the eventfd is an event of its own, so it is never read.
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  event.data.ptr = nullptr;
  PEAL_ASSERT(epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, wake_fd_, &event) == 0);
}

Loop::~Loop() {
  ::close(wake_fd_);
  ::close(epoll_fd_);
}

bool Loop::add(int fd, EventSource& source) {
  epoll_event event{};
  event.events = interest;
  event.data.ptr = &source;
  return epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) == 0;
}

void Loop::remove(int fd, EventSource& source) {
  epoll_event unused{};
  epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, &unused);
  for (epoll_event& event : batch_) {
    if (event.data.ptr == &source) {
      event.data.ptr = nullptr;
    }
  }
  if (source.has_turn_) {
    forget(again_, &source);
    forget(ready_again_, &source);
    source.has_turn_ = false;
    source.turn_events_ = 0;
  }
}

void Loop::again(EventSource& source) {
  if (!source.has_turn_) {
    source.has_turn_ = true;
    again_.push_back(&source);
  }
}

void Loop::poll(std::chrono::milliseconds timeout) {
  const bool work_is_due =
      !again_.empty() || !dirty_.empty() || !closed_.empty() || !later_.empty();
  std::array<epoll_event, events_per_wait> events;
  ++calls.waits;
  const int count = epoll_wait(epoll_fd_, events.data(), static_cast<int>(events.size()),
                               work_is_due ? 0 : milliseconds_for_epoll(timeout));
  asleep_.store(false, std::memory_order_relaxed);
  if (after_wait_) {
    after_wait_();
  }
  handshakes_left_ = handshakes_per_iteration;
  ready_again_.swap(again_);
  batch_ = std::span(events).first(count > 0 ? static_cast<std::size_t>(count) : 0);
  const std::size_t turns = std::max<std::size_t>(batch_.size() + ready_again_.size(), 1);
  turn_bytes_ = std::clamp(iteration_bytes / turns, turn_bytes_min, read_bytes);
  while (!batch_.empty()) {
    const epoll_event event = batch_.front();
    batch_ = batch_.subspan(1);
    if (event.data.ptr != nullptr) {
      serve(*static_cast<EventSource*>(event.data.ptr), event.events);
    }
  }
  serve_again();
}

void Loop::serve(EventSource& source, std::uint32_t events) {
  if (source.has_turn_) {
    // One turn in an iteration: the one that `again` promised brings these events too.
    source.turn_events_ |= events;
    return;
  }
  source.on_event(events);
}

void Loop::serve_again() {
  for (std::size_t i = 0; i < ready_again_.size(); ++i) {
    EventSource* source = ready_again_[i];
    if (source != nullptr) {
      source->has_turn_ = false;
      source->on_event(std::exchange(source->turn_events_, 0U) | EPOLLIN);
    }
  }
  ready_again_.clear();
}

void Loop::wake() {
  if (asleep_.exchange(false, std::memory_order_seq_cst)) {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wake_fd_, &one, sizeof one);
  }
}

void Loop::flush() {
  for (std::size_t i = 0; i < dirty_.size(); ++i) {
    if (dirty_[i] != nullptr) {
      dirty_[i]->dirty_ = false;
      dirty_[i]->flush();
    }
  }
  dirty_.clear();
}

void Loop::sweep() {
  while (!closed_.empty() || !later_.empty()) {
    for (std::size_t i = 0; i < closed_.size(); ++i) {
      if (closed_[i] != nullptr) {
        std::exchange(closed_[i], nullptr)->finish();
      }
    }
    closed_.clear();
    auto actions = std::exchange(later_, {});
    for (auto& action : actions) {
      action();
    }
  }
}

void Loop::forget_connection(Connection& connection) {
  forget(dirty_, &connection);
  forget(closed_, &connection);
}

bool Loop::take_handshake_turn() {
  if (handshakes_left_ == 0) {
    return false;
  }
  --handshakes_left_;
  return true;
}

std::unique_ptr<Output> Loop::lend_output() {
  if (outputs_.empty()) {
    return std::make_unique<Output>();
  }
  auto output = std::move(outputs_.back());
  outputs_.pop_back();
  return output;
}

void Loop::give_back(std::unique_ptr<Output> output) {
  if (outputs_.size() < outputs_kept) {
    output->clear();
    outputs_.push_back(std::move(output));
  }
}

}  // namespace peal::net
