// What tells two configurations apart, and what a key is called in the tables.
#include "peal/server/config_changes.hpp"

#include <gtest/gtest.h>

namespace peal::server {
namespace {

ConfigEntry entry(std::string key, std::string text, std::uint64_t digest = 0) {
  return {.key = std::move(key), .text = std::move(text), .place = "f:1:1", .digest = digest};
}

std::vector<std::string> lines(const std::vector<ConfigEntry>& before,
                               const std::vector<ConfigEntry>& after) {
  std::vector<std::string> lines;
  for (const ConfigChange& change : config_changes(before, after)) {
    lines.push_back(line_of(change) + (change.needs_restart ? " (restart)" : ""));
  }
  return lines;
}

using Lines = std::vector<std::string>;

TEST(ConfigChanges, WhatIsNotSaidHasItsDefault) {
  EXPECT_EQ(lines({}, {entry("limits.packet", "\"1MiB\"")}), Lines{});
  EXPECT_EQ(lines({}, {entry("limits.packet", "\"2MiB\"")}),
            Lines{"limits.packet: \"1MiB\" -> \"2MiB\""});
  EXPECT_EQ(lines({entry("limits.packet", "\"2MiB\"")}, {}),
            Lines{"limits.packet: \"2MiB\" -> \"1MiB\""});
  EXPECT_EQ(lines({}, {entry("workers", "3")}), Lines{"workers: one per core -> 3 (restart)"});
}

TEST(ConfigChanges, ElementsComeAndGoAsAWhole) {
  const std::vector<ConfigEntry> a{entry("listener[a]", ""), entry("listener[a].bind", "\"x:1\"")};
  const std::vector<ConfigEntry> b{entry("listener[b]", ""), entry("listener[b].bind", "\"x:1\"")};
  EXPECT_EQ(lines(a, b), (Lines{"listener[b]: added", "listener[a]: removed"}));
  std::vector<ConfigEntry> other = a;
  other.push_back(entry("listener[a].max_connections", "5"));
  EXPECT_EQ(lines(a, other), Lines{"listener[a].max_connections: \"unlimited\" -> 5"});
  EXPECT_EQ(lines(a, a), Lines{});
}

TEST(ConfigChanges, SecretsAreComparedAndNotShown) {
  ConfigEntry before = entry("auth.source[1].headers", "[\"a\"]", 1);
  ConfigEntry after = entry("auth.source[1].headers", "[\"a\"]", 2);
  before.is_secret = after.is_secret = true;
  const ConfigEntry source = entry("auth.source[1]", "");
  EXPECT_EQ(lines({source, before}, {source, after}),
            Lines{"auth.source[1].headers: (secret) -> (secret) (which stands for another value)"});
  after.digest = 0;  // not known
  EXPECT_EQ(lines({source, before}, {source, after}), Lines{});
}

TEST(ConfigChanges, KnowsTheKeyOfAnEntry) {
  EXPECT_EQ(plain_key("limits.packet"), "limits.packet");
  EXPECT_EQ(plain_key("listener[secure].tls.cert"), "listener.tls.cert");
  EXPECT_EQ(plain_key("listener[a.b]#2.bind"), "listener.bind");
  EXPECT_EQ(plain_key("auth.source[12].type"), "auth.source.type");
  EXPECT_EQ(plain_key("role[x]"), "role");
}

TEST(ConfigChanges, KeysSayWhatTheyTake) {
  for (const KeyInfo& info : all_keys()) {
    if (info.key == "limits.packet") {
      EXPECT_TRUE(info.type.starts_with("a size with its unit"));
      EXPECT_EQ(info.default_text, "\"1MiB\"");
      EXPECT_EQ(info.variable, "PEAL_LIMITS__PACKET");
    } else if (info.key == "ban.flapping") {
      EXPECT_TRUE(info.type.starts_with("like \"10 per 5m -> 15m\""));
    } else if (info.key == "role.users") {
      EXPECT_TRUE(info.type.starts_with("a list of texts"));
    } else if (info.key == "acl.file") {
      EXPECT_EQ(info.type, "a text in quotes");
    }
  }
}

}  // namespace
}  // namespace peal::server
