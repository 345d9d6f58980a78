#include "peal/cli/bench_report.hpp"

#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace peal::cli {
namespace {

std::string as_number(double value) {
  return std::isfinite(value) ? fmt::format("{:.6g}", value) : std::string("null");
}

}  // namespace

void BenchReport::add(std::string_view name, double value) {
  fields_.emplace_back(name, as_number(value));
}

void BenchReport::add(std::string_view name, std::uint64_t value) {
  fields_.emplace_back(name, fmt::format("{}", value));
}

void BenchReport::add(std::string_view name, std::string_view text) {
  fields_.emplace_back(name, fmt::format("\"{}\"", text));
}

void BenchReport::add(std::string_view name, const std::vector<double>& values) {
  std::vector<std::string> numbers;
  for (const double value : values) {
    numbers.push_back(as_number(value));
  }
  fields_.emplace_back(name, fmt::format("[{}]", fmt::join(numbers, ", ")));
}

void BenchReport::add_traffic(const BenchOptions& options) {
  add("mode", bench_name(options.mode));
  add("shape", bench_name(options.shape));
  add("clients", std::uint64_t{options.clients});
  add("qos", static_cast<std::uint64_t>(options.qos));
  add("payload_bytes", std::uint64_t{options.payload_bytes});
  add("protocol_version", static_cast<std::uint64_t>(options.version));
}

void BenchReport::add_tally(const Tally& tally, std::uint64_t expected) {
  add("delivered", tally.delivered);
  add("lost", expected > tally.delivered ? expected - tally.delivered : 0);
  add("duplicated", tally.duplicated);
  add("reordered", tally.reordered);
  add("misdirected", tally.misdirected);
}

std::string BenchReport::as_json() const {
  std::vector<std::string> members;
  for (const auto& [name, value] : fields_) {
    members.push_back(fmt::format("\"{}\": {}", name, value));
  }
  return fmt::format("{{{}}}\n", fmt::join(members, ", "));
}

std::string BenchReport::as_text() const {
  std::string text;
  for (const auto& [name, value] : fields_) {
    text += fmt::format("{:<28}{}\n", name, value);
  }
  return text;
}

}  // namespace peal::cli
