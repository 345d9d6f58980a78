// One value of the configuration file on its way into a setting: its type is checked, its unit is
// read, and what is wrong is said with the place where it stands.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace peal::server {

/// A scalar, a list of strings or one of pairs, as the file has it.
struct ConfigValue {
  enum class Kind : std::uint8_t { text, integer, boolean, text_list, pair_list, other };
  struct Pair {
    std::string place;
    std::string word;
    std::string text;
  };
  std::string key;    // "session.inflight"
  std::string place;  // "peal.toml:12:9", "--set"
  Kind kind = Kind::other;
  std::string text;
  std::int64_t integer = 0;
  bool boolean = false;
  std::vector<std::string> list;
  std::vector<Pair> pairs;  // [{ word = "text" }, ...]
};

/// Throws ConfigError: "peal.toml:12:9: session.inflight: WHAT".
[[noreturn]] void refuse(const ConfigValue& value, const std::string& what);

/// A whole number within `low` and `high`.
[[nodiscard]] std::uint64_t read_count(const ConfigValue& value, std::uint64_t low,
                                       std::uint64_t high);
/// A count of at least 1, or "unlimited".
[[nodiscard]] std::size_t read_limit(const ConfigValue& value);
/// "64KiB", "1MiB", "1GiB", "100B", or "unlimited".
[[nodiscard]] std::size_t read_bytes(const ConfigValue& value);
/// "10s", "200ms", "5m", "1h", "7d".
[[nodiscard]] std::chrono::milliseconds read_duration(const ConfigValue& value);
/// So much in a second, and so much at once.
struct Rate {
  std::uint64_t per_second = 0;
  std::uint64_t burst = 0;
};
/// "20/s burst 100", or "20/s": as much at once. At most a million million.
[[nodiscard]] Rate read_rate(const ConfigValue& value);
/// The same of sizes: "64KiB/s burst 1MiB".
[[nodiscard]] Rate read_bytes_rate(const ConfigValue& value);
[[nodiscard]] bool read_bool(const ConfigValue& value);
[[nodiscard]] std::string read_text(const ConfigValue& value);
[[nodiscard]] std::vector<std::string> read_list(const ConfigValue& value);
/// Pairs whose word is one of `words`; an empty list is one, too.
[[nodiscard]] std::vector<ConfigValue::Pair> read_pairs(const ConfigValue& value,
                                                        std::span<const std::string_view> words);

/// One of a few words.
template <typename T>
struct Choice {
  std::string_view word;
  T meaning;
};
[[noreturn]] void refuse_choice(const ConfigValue& value,
                                const std::vector<std::string_view>& words);

template <typename T, std::size_t N>
[[nodiscard]] T read_choice(const ConfigValue& value, const Choice<T> (&choices)[N]) {
  std::vector<std::string_view> words;
  for (const Choice<T>& choice : choices) {
    if (value.kind == ConfigValue::Kind::text && value.text == choice.word) {
      return choice.meaning;
    }
    words.push_back(choice.word);
  }
  refuse_choice(value, words);
}

}  // namespace peal::server
