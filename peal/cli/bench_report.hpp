// What a measurement found, as lines for people or one JSON object for programs.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "peal/cli/bench_options.hpp"
#include "peal/cli/bench_sequence.hpp"

namespace peal::cli {

class BenchReport {
 public:
  void add(std::string_view name, double value);
  void add(std::string_view name, std::uint64_t value);
  void add(std::string_view name, std::string_view text);
  void add(std::string_view name, const std::vector<double>& values);

  /// Shape, clients, QoS, size and version: what every traffic measurement is about.
  void add_traffic(const BenchOptions& options);
  /// Delivered, lost, duplicated, reordered, misdirected.
  void add_tally(const Tally& tally, std::uint64_t expected);

  [[nodiscard]] std::string as_json() const;
  [[nodiscard]] std::string as_text() const;

 private:
  std::vector<std::pair<std::string, std::string>> fields_;  // name, value as JSON
};

}  // namespace peal::cli
