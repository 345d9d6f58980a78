// A log that a test reads: what was said, and why.
#pragma once

#include <algorithm>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "peal/broker/ports/log.hpp"

namespace peal::test {

class RecordingLog final : public broker::Log {
 public:
  struct Line {
    broker::LogLevel level{};
    std::string what;
    std::string reason;
    std::string detail;
  };

  [[nodiscard]] bool wants(broker::LogLevel /*level*/) const override { return true; }
  void write(const broker::LogEvent& event) override {
    const std::scoped_lock lock(mutex_);
    lines_.push_back({.level = event.level,
                      .what = std::string(event.what),
                      .reason = std::string(event.reason),
                      .detail = std::string(event.detail)});
  }

  [[nodiscard]] std::vector<Line> lines() const {
    const std::scoped_lock lock(mutex_);
    return lines_;
  }
  /// How many lines have `part` in their sentence.
  [[nodiscard]] std::ptrdiff_t count(std::string_view part) const {
    const std::scoped_lock lock(mutex_);
    return std::ranges::count_if(
        lines_, [part](const Line& line) { return line.what.find(part) != std::string::npos; });
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Line> lines_;
};

}  // namespace peal::test
