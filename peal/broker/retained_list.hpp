// Retained messages in a row, on their way to a subscriber: who published is kept once for each run
// of messages of the same one, since a list may wait for long for a client that does not read.
//
// Owned by one worker, or by a letter.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "peal/broker/publisher.hpp"

namespace peal::broker {

class RetainedList {
 public:
  void add(Retained retained) {
    if (runs_.empty() || runs_.back().publisher.get() != retained.publisher.get()) {
      runs_.push_back({std::move(retained.publisher), size()});
    }
    messages_.push_back(std::move(retained.message));
    runs_.back().end = size();
  }
  /// All of `others`, behind what there is.
  void add(RetainedList others) {
    while (!others.is_empty()) {
      add(others.take());
    }
  }

  [[nodiscard]] bool is_empty() const { return next_ == messages_.size(); }
  /// The first that was not taken yet.    precondition   there is one.
  [[nodiscard]] Retained take() {
    if (next_ == runs_[run_].end) {
      ++run_;
    }
    return {std::exchange(messages_[next_++], {}), runs_[run_].publisher};
  }
  void clear() { *this = {}; }

 private:
  struct Run {
    PublisherRef publisher;
    std::uint32_t end = 0;  // the first message behind it
  };
  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(messages_.size()); }

  std::vector<MessageRef> messages_;
  std::vector<Run> runs_;
  std::uint32_t next_ = 0;
  std::uint32_t run_ = 0;
};

}  // namespace peal::broker
