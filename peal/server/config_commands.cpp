#include "peal/server/config_commands.hpp"

#include <boost/json.hpp>
#include <stdexcept>

namespace peal::server {

namespace {

namespace json = boost::json;

/// An answer is one line of at most a megabyte.
constexpr std::size_t answer_bytes_limit = std::size_t{900} << 10;

LiveConfig& live(const ControlContext& context) {
  if (context.config == nullptr) {
    throw std::runtime_error("no server runs");
  }
  return *context.config;
}

std::string_view word_of(ConfigChange::Kind kind) {
  constexpr std::string_view words[] = {"changed", "added", "removed"};
  return words[static_cast<std::size_t>(kind)];
}

/// As many as there is room for.
template <typename Each>
json::object limited(std::string_view name, const std::vector<Each>& all) {
  json::array list = json_of(all);
  std::size_t bytes = 0;
  std::size_t count = 0;
  while (count < all.size() && bytes <= answer_bytes_limit) {
    bytes += json::serialize(list[count]).size() + 1;
    ++count;
  }
  json::object answer;
  answer["left_out"] = all.size() - count;
  list.resize(count);
  answer[name] = std::move(list);
  return answer;
}

}  // namespace

json::array json_of(const std::vector<ConfigChange>& changes) {
  json::array list;
  for (const ConfigChange& change : changes) {
    list.emplace_back(json::object{{"kind", word_of(change.kind)},
                                   {"key", change.key},
                                   {"before", change.before},
                                   {"after", change.after},
                                   {"place", change.place},
                                   {"needs_restart", change.needs_restart}});
  }
  return list;
}

json::array json_of(const std::vector<ConfigEntry>& entries) {
  json::array list;
  for (const ConfigEntry& entry : entries) {
    list.emplace_back(json::object{{"key", entry.key},
                                   {"value", shown(entry)},
                                   {"place", entry.place},
                                   {"is_secret", entry.is_secret}});
  }
  return list;
}

json::object reload_config(const ControlContext& context, const json::object& /*request*/) {
  return limited("changes", live(context).reload("peal config reload").changes);
}

json::object pending_config(const ControlContext& context, const json::object& /*request*/) {
  return limited("changes", live(context).pending());
}

json::object list_config(const ControlContext& context, const json::object& /*request*/) {
  return limited("entries", live(context).entries());
}

}  // namespace peal::server
