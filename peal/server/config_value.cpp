#include "peal/server/config_value.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "peal/server/config.hpp"

namespace peal::server {

namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array byte_units{Unit{"B", 1}, Unit{"KiB", 1ULL << 10}, Unit{"MiB", 1ULL << 20},
                                Unit{"GiB", 1ULL << 30}};
constexpr std::array time_units{Unit{"ms", 1}, Unit{"s", 1000}, Unit{"m", 60'000},
                                Unit{"h", 3'600'000}, Unit{"d", 86'400'000}};

/// "64KiB" as 64 x 1024; 0 when it is no such thing or too large.
template <std::size_t N>
std::uint64_t with_unit(std::string_view text, const std::array<Unit, N>& units) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view suffix = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const Unit& unit : units) {
    if (error == std::errc{} && suffix == unit.name) {
      const bool fits = number <= std::numeric_limits<std::uint64_t>::max() / 2 / unit.factor;
      return fits ? number * unit.factor : 0;
    }
  }
  return 0;
}

/// A number without a unit.
constexpr std::array no_units{Unit{"", 1}};

template <std::size_t N>
std::optional<Rate> parse_rate(std::string_view text, const std::array<Unit, N>& units) {
  constexpr std::string_view each_second = "/s";
  constexpr std::string_view burst_word = " burst ";
  constexpr std::uint64_t limit = 1'000'000'000'000;
  const std::size_t slash = text.find(each_second);
  if (slash == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view rest = text.substr(slash + each_second.size());
  Rate rate;
  rate.per_second = with_unit(text.substr(0, slash), units);
  rate.burst = rate.per_second;
  if (rest.starts_with(burst_word)) {
    rate.burst = with_unit(rest.substr(burst_word.size()), units);
  } else if (!rest.empty()) {
    return std::nullopt;
  }
  const bool is_sane =
      rate.per_second > 0 && rate.per_second <= limit && rate.burst > 0 && rate.burst <= limit;
  return is_sane ? std::optional(rate) : std::nullopt;
}

bool is_text(const ConfigValue& value) { return value.kind == ConfigValue::Kind::text; }

}  // namespace

void refuse(const ConfigValue& value, const std::string& what) {
  throw ConfigError(value.place + ": " + value.key + ": " + what);
}

void refuse_choice(const ConfigValue& value, const std::vector<std::string_view>& words) {
  std::string list;
  for (const std::string_view word : words) {
    list += (list.empty() ? "\"" : ", \"") + std::string(word) + "\"";
  }
  refuse(value, "must be one of " + list);
}

std::uint64_t read_count(const ConfigValue& value, std::uint64_t low, std::uint64_t high) {
  const bool fits = value.kind == ConfigValue::Kind::integer && value.integer >= 0 &&
                    static_cast<std::uint64_t>(value.integer) >= low &&
                    static_cast<std::uint64_t>(value.integer) <= high;
  if (!fits) {
    refuse(value,
           "must be a whole number from " + std::to_string(low) + " to " + std::to_string(high));
  }
  return static_cast<std::uint64_t>(value.integer);
}

std::size_t read_limit(const ConfigValue& value) {
  if (is_text(value) && value.text == "unlimited") {
    return broker::Settings::unlimited;
  }
  if (value.kind != ConfigValue::Kind::integer || value.integer < 1) {
    refuse(value, "must be a whole number of at least 1, or \"unlimited\"");
  }
  return static_cast<std::size_t>(value.integer);
}

std::size_t read_bytes(const ConfigValue& value) {
  if (is_text(value) && value.text == "unlimited") {
    return broker::Settings::unlimited;
  }
  const std::uint64_t bytes = is_text(value) ? with_unit(value.text, byte_units) : 0;
  if (bytes == 0) {
    refuse(value, "must be a size with its unit, such as \"64KiB\" or \"1MiB\", or \"unlimited\"");
  }
  return bytes;
}

std::chrono::milliseconds read_duration(const ConfigValue& value) {
  const std::uint64_t time = is_text(value) ? with_unit(value.text, time_units) : 0;
  if (time == 0) {
    refuse(value,
           "must be a time with its unit, such as \"200ms\", \"30s\", \"5m\", \"1h\" or \"7d\"");
  }
  return std::chrono::milliseconds(time);
}

Rate read_rate(const ConfigValue& value) {
  const auto rate = is_text(value) ? parse_rate(value.text, no_units) : std::nullopt;
  if (!rate) {
    refuse(value, "must be so many in a second, such as \"20/s\" or \"20/s burst 100\"");
  }
  return *rate;
}

Rate read_bytes_rate(const ConfigValue& value) {
  const auto rate = is_text(value) ? parse_rate(value.text, byte_units) : std::nullopt;
  if (!rate) {
    refuse(value, "must be so much in a second, such as \"64KiB/s\" or \"64KiB/s burst 1MiB\"");
  }
  return *rate;
}

bool read_bool(const ConfigValue& value) {
  if (value.kind != ConfigValue::Kind::boolean) {
    refuse(value, "must be true or false");
  }
  return value.boolean;
}

std::string read_text(const ConfigValue& value) {
  if (!is_text(value)) {
    refuse(value, "must be a text in quotes");
  }
  return value.text;
}

std::vector<std::string> read_list(const ConfigValue& value) {
  if (value.kind != ConfigValue::Kind::text_list) {
    refuse(value, "must be a list of texts, such as [\"a\", \"b\"]");
  }
  return value.list;
}

std::vector<ConfigValue::Pair> read_pairs(const ConfigValue& value,
                                          std::span<const std::string_view> words) {
  const bool is_empty = value.kind == ConfigValue::Kind::text_list && value.list.empty();
  if (value.kind != ConfigValue::Kind::pair_list && !is_empty) {
    refuse(value, "must be a list such as [{ " + std::string(words.front()) + " = \"a/b\" }]");
  }
  for (const ConfigValue::Pair& pair : value.pairs) {
    if (std::ranges::find(words, pair.word) == words.end()) {
      std::string known;
      for (const std::string_view word : words) {
        known += (known.empty() ? "" : ", ") + std::string(word);
      }
      throw ConfigError(pair.place + ": " + value.key + ": no such word: " + pair.word +
                        "; there are " + known);
    }
  }
  return value.pairs;
}

}  // namespace peal::server
