// One rule: who may or may not publish or subscribe where. Its pattern is a Topic Filter in which
// %u stands for the user name and %c for the Client Identifier (the grammar of Mosquitto's
// acl_file).
//
// What is put in place of %u or %c is text, never a wildcard and never more than a level. A name
// that could be taken for that (it is empty, begins with $, or has +, #, / or NUL in it) fits no
// allow rule that asks for it, and every deny rule: nothing opens by an odd name.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "peal/broker/ports/authorizer.hpp"
#include "peal/mqtt/topic_filter.hpp"

namespace peal::auth {

enum class Effect : std::uint8_t { deny, allow };

enum class Action : std::uint8_t { publish = 1, subscribe = 2, both = 3 };

[[nodiscard]] constexpr bool includes(Action rule, Action asked) {
  return (static_cast<unsigned>(rule) & static_cast<unsigned>(asked)) != 0;
}

/// A value; its questions cost O(levels), take no memory and may be asked on any thread.
class TopicPattern {
 public:
  /// errors   a clause for a person: no Topic Filter, or a shared one.
  [[nodiscard]] static std::expected<TopicPattern, std::string> parse(std::string_view text);

  /// For whom, and what an odd name does: fit nothing (allow) or everything (deny).
  struct Asking {
    broker::ClientIdentity client;
    Effect effect = Effect::allow;
  };

  /// Whether the topic is one of the pattern's, `$`-rule included. [MQTT-4.7.2-1]
  [[nodiscard]] bool matches(const Asking& asking, mqtt::TopicName topic) const;
  /// Whether every topic of the filter (without its share) is one of the pattern's.
  [[nodiscard]] bool covers(const Asking& asking, const mqtt::TopicFilter& filter) const;
  /// Whether some topic of the filter is one of the pattern's. "+" and "/#" are said to meet,
  /// though all that they share is the empty topic, which cannot be: one more question at delivery.
  [[nodiscard]] bool overlaps(const Asking& asking, const mqtt::TopicFilter& filter) const;

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  explicit TopicPattern(std::string_view text);

  std::string text_;
  bool has_user_ = false;
  bool has_client_id_ = false;
};

struct AccessRule {
  Effect effect = Effect::deny;
  Action action = Action::both;
  TopicPattern pattern;
  std::string place;  // "peal.toml:12:3", "acl:4"
  std::string text;   // as a person wrote it: "allow publish devices/%u/#"
};

}  // namespace peal::auth
