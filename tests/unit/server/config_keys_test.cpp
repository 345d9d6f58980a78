// Every key of the table, given what it cannot be: a message that names the key and its place.
#include "peal/server/config_keys.hpp"

#include <fstream>
#include <gtest/gtest.h>
#include <set>
#include <string>
#include <vector>

#include "support/temporary_folder.hpp"

#include "peal/server/config_changes.hpp"

namespace peal::server {
namespace {

/// Keys that take any text.
const std::set<std::string_view> free_text{"mqtt.response_information",
                                           "server.reference",
                                           "store.dir",
                                           "auth.anonymous_user",
                                           "acl.file",
                                           "listener.name",
                                           "listener.bind",
                                           "listener.ws_path",
                                           "listener.tls.cert",
                                           "listener.tls.key",
                                           "listener.tls.client_ca",
                                           "listener.tls.crl",
                                           "auth.source.path",
                                           "auth.source.username",
                                           "auth.source.jwks",
                                           "auth.source.issuer",
                                           "auth.source.audience",
                                           "auth.source.url",
                                           "auth.source.ca",
                                           "role.name"};

/// A file with one key in it, in its second line.
std::string file_with(const std::string& key, const std::string& value) {
  for (const std::string list : {"listener", "auth.source", "role"}) {
    if (key.starts_with(list + ".")) {
      return "[[" + list + "]]\n" + key.substr(list.size() + 1) + " = " + value + "\n";
    }
  }
  return "\n" + key + " = " + value + "\n";
}

std::string error_of(const std::string& key, const std::string& value) {
  const test::TemporaryFolder folder;
  ConfigSources sources;
  sources.file = folder / "peal.toml";
  std::ofstream(*sources.file) << file_with(key, value);
  try {
    (void)load_config(sources);
  } catch (const ConfigError& problem) {
    return problem.what();
  }
  return "no error";
}

/// "limits.packet" as its errors call it: without the list it stands in.
std::string said_name(const std::string& key) {
  for (const std::string list : {"listener.", "auth.source.", "role."}) {
    if (key.starts_with(list)) {
      return key.substr(list.size());
    }
  }
  return key;
}

TEST(ConfigKeys, SayWhereAndWhatAWrongValueIs) {
  for (const KeyInfo& info : all_keys()) {
    const std::string& key = info.key;
    const std::string place =
        "peal.toml:2:" + std::to_string(said_name(key).size() + 4) + ": " + said_name(key) + ": ";
    std::vector<std::string> wrong{"1.5",         "-1",         "1979-05-27", "[[1]]",
                                   "[{ a = 1 }]", "[1, \"a\"]", "[true]"};
    if (!free_text.contains(key)) {
      wrong.insert(wrong.end(), {"\"99999999999999999999GiB\"", "\"?\"", "\"\"", "\"-1s\""});
    }
    for (const std::string& value : wrong) {
      const std::string error = error_of(key, value);
      EXPECT_TRUE(error.contains(place)) << key << " = " << value << ": " << error;
    }
    const std::string misspelt = error_of(key + "x", "1");
    EXPECT_TRUE(misspelt.contains(": no such key; did you mean ")) << misspelt;
  }
}

TEST(ConfigKeys, AreExplained) {
  for (const KeyInfo& info : all_keys()) {
    EXPECT_FALSE(info.meaning.empty()) << info.key;
    EXPECT_FALSE(info.type.empty()) << info.key;
    EXPECT_FALSE(info.type.contains(": ")) << info.type;
  }
}

TEST(ConfigKeys, HaveAVariableEach) {
  EXPECT_EQ(variable_of("limits.packet"), "PEAL_LIMITS__PACKET");
  EXPECT_EQ(variable_of("limits.connections_per_address"), "PEAL_LIMITS__CONNECTIONS_PER_ADDRESS");
  std::set<std::string> variables;
  for (const ServerKey& key : server_keys()) {
    EXPECT_TRUE(variables.insert(variable_of(key.name)).second) << key.name;
  }
}

TEST(ConfigKeys, SayWhichOfThemNeedARestart) {
  std::set<std::string_view> keys;
  for (const ServerKey& key : server_keys()) {
    if (key.needs_restart) {
      keys.insert(key.name);
    }
  }
  // Server::State::keep_what_needs_restart keeps these.
  EXPECT_EQ(keys, (std::set<std::string_view>{"workers", "store.dir", "store.sync", "store.cache",
                                              "store.min_free", "service.sandbox"}));
}

}  // namespace
}  // namespace peal::server
