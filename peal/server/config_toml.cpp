#include "peal/server/config_toml.hpp"

#include <algorithm>

#include "peal/mqtt/escaped.hpp"

namespace peal::server {

namespace {

/// A list of strings, or of tables with one string each.
void take_list(ConfigValue& value, const toml::array& list, const ConfigSource& source) {
  const bool has_tables = !list.empty() && list.front().is_table();
  value.kind = has_tables ? ConfigValue::Kind::pair_list : ConfigValue::Kind::text_list;
  for (const toml::node& item : list) {
    const toml::table* table = item.as_table();
    if (!has_tables && item.is_string()) {
      value.list.push_back(item.as_string()->get());
    } else if (has_tables && table != nullptr && table->size() == 1 &&
               table->begin()->second.is_string()) {
      value.pairs.push_back({place_of(item, source), std::string(table->begin()->first.str()),
                             table->begin()->second.as_string()->get()});
    } else {
      value.kind = ConfigValue::Kind::other;
      return;
    }
  }
}

std::string toml_text(std::string_view text) {
  return '"' + mqtt::escaped(text, std::string_view::npos) + '"';
}

template <typename List, typename Text>
std::string joined(const List& list, Text text) {
  std::string all;
  for (const auto& each : list) {
    all += (all.empty() ? "" : ", ") + text(each);
  }
  return '[' + all + ']';
}

}  // namespace

std::string place_of(const toml::node& node, const ConfigSource& source) {
  const auto begin = node.source().begin;
  return source.has_lines
             ? source.name + ":" + std::to_string(begin.line) + ":" + std::to_string(begin.column)
             : source.name;
}

ConfigValue value_of(std::string key, const toml::node& node, const ConfigSource& source) {
  ConfigValue value;
  value.key = std::move(key);
  value.place = place_of(node, source);
  if (const auto* text = node.as_string()) {
    value.kind = ConfigValue::Kind::text;
    value.text = text->get();
  } else if (const auto* integer = node.as_integer()) {
    value.kind = ConfigValue::Kind::integer;
    value.integer = integer->get();
  } else if (const auto* boolean = node.as_boolean()) {
    value.kind = ConfigValue::Kind::boolean;
    value.boolean = boolean->get();
  } else if (const auto* list = node.as_array()) {
    take_list(value, *list, source);
  }
  return value;
}

std::string text_of(const ConfigValue& value) {
  switch (value.kind) {
    case ConfigValue::Kind::text:
      return toml_text(value.text);
    case ConfigValue::Kind::integer:
      return std::to_string(value.integer);
    case ConfigValue::Kind::boolean:
      return value.boolean ? "true" : "false";
    case ConfigValue::Kind::text_list:
      return joined(value.list, toml_text);
    case ConfigValue::Kind::pair_list:
      return joined(value.pairs, [](const ConfigValue::Pair& pair) {
        return "{ " + pair.word + " = " + toml_text(pair.text) + " }";
      });
    case ConfigValue::Kind::other:
      break;
  }
  return {};
}

std::vector<std::pair<std::string, const toml::node*>> in_order(const toml::table& table) {
  std::vector<std::pair<std::string, const toml::node*>> nodes;
  for (const auto& [name, node] : table) {
    nodes.emplace_back(std::string(name.str()), &node);
  }
  std::ranges::stable_sort(nodes, [](const auto& a, const auto& b) {
    const auto of_a = a.second->source().begin;
    const auto of_b = b.second->source().begin;
    return std::pair(of_a.line, of_a.column) < std::pair(of_b.line, of_b.column);
  });
  return nodes;
}

}  // namespace peal::server
