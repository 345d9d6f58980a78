#include "peal/server/config_reference.hpp"

#include <fmt/format.h>
#include <type_traits>

#include "peal/server/config_keys.hpp"

namespace peal::server {

namespace {

constexpr std::string_view head = R"(# Configuration keys

Made from the table in `peal/server/config_keys.cpp`; a test holds the two together.

The file is TOML, every key is optional, and each of the server's can also be given as `--set KEY=VALUE` or in a variable: `limits.packet` in
`PEAL_LIMITS__PACKET`. Sizes and times carry their unit (`"64KiB"`, `"30s"`); where a limit may be absent, write `"unlimited"`. An unknown key is
an error that names file, line and the nearest known key. In any text `${env:NAME}` stands for a variable, `${file:PATH}` for what is in a file.
[Configure](../guide/configure.md) tells more.

A running server takes everything new with `peal config reload`, but for keys marked with *: they wait for the next start.
)";

template <typename Key>
std::string_view mark_of(const Key& key) {
  if constexpr (std::is_same_v<Key, ServerKey>) {
    return key.needs_restart ? " *" : "";
  }
  return "";
}

template <typename Key>
std::string table_of(std::span<const Key> keys) {
  std::string table = "\n| key | default | meaning |\n| --- | --- | --- |\n";
  for (const Key& key : keys) {
    const std::string standard =
        key.default_text.empty() ? "" : fmt::format("`{}`", key.default_text);
    table += fmt::format("| `{}`{} | {} | {} |\n", key.name, mark_of(key), standard, key.meaning);
  }
  return table;
}

}  // namespace

std::string config_reference() {
  std::string page(head);
  page += "\n## The server\n" + table_of(server_keys());
  page +=
      "\n## A listener\n\nEach `[[listener]]` replaces the default ones. TLS keys stand in "
      "`[listener.tls]`.\n" +
      table_of(listener_keys());
  page +=
      "\n## Where users come from\n\nEach `[[auth.source]]`, asked in the order of the file.\n" +
      table_of(auth_source_keys());
  page +=
      "\n## A role\n\nOnce there are users, roles or an `acl.file`, nothing is allowed but what a "
      "rule "
      "allows; of rules that contradict each other `deny` holds. Each `[[role]]`:\n" +
      table_of(role_keys());
  return page;
}

}  // namespace peal::server
