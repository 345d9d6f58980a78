// What topics cost: checking a Topic Name once, comparing it with a Topic Filter.
#include <benchmark/benchmark.h>

#include "peal/mqtt/topic_filter.hpp"
#include "peal/mqtt/topic_name.hpp"

namespace peal::mqtt {
namespace {

constexpr std::string_view topic_text = "plant/hall-3/press-17/temperature";

void check_topic_name(benchmark::State& state) {
  std::string_view text = topic_text;
  for (auto _ : state) {
    benchmark::DoNotOptimize(text);
    benchmark::DoNotOptimize(TopicName::parse(text));
  }
}
BENCHMARK(check_topic_name);

void match_filter(benchmark::State& state, std::string_view filter_text) {
  const auto filter = TopicFilter::parse(filter_text);
  const TopicName topic = TopicName::trusted(topic_text);
  for (auto _ : state) {
    benchmark::DoNotOptimize(matches(*filter, topic));
  }
}
BENCHMARK_CAPTURE(match_filter, exact, topic_text);
BENCHMARK_CAPTURE(match_filter, single_level, "plant/+/press-17/+");
BENCHMARK_CAPTURE(match_filter, multi_level, "plant/hall-3/#");

}  // namespace
}  // namespace peal::mqtt
