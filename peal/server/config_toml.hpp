// From a document of TOML to values, and back to text.
//
// For the .cpp files of this layer only: it brings toml++.
#pragma once

#include <string>
#include <toml++/toml.h>
#include <utility>
#include <vector>

#include "peal/server/config_value.hpp"

namespace peal::server {

/// What a document is called, and whether its lines mean anything to who reads that.
struct ConfigSource {
  std::string name;
  bool has_lines = true;
};

/// "peal.toml:12:9", or just the name.
[[nodiscard]] std::string place_of(const toml::node& node, const ConfigSource& source);

[[nodiscard]] ConfigValue value_of(std::string key, const toml::node& node,
                                   const ConfigSource& source);

/// The value as TOML.
[[nodiscard]] std::string text_of(const ConfigValue& value);

/// As they stand in the file, so that problems are told from its top to its end.
[[nodiscard]] std::vector<std::pair<std::string, const toml::node*>> in_order(
    const toml::table& table);

}  // namespace peal::server
