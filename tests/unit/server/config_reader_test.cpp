// Where the configuration is said: the file, conf.d, the environment, `--set`; which of them
// counts, what it is noted as, and that everything wrong is told at once.
#include "peal/server/config_reader.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

#include "support/temporary_folder.hpp"

namespace peal::server {
namespace {

class ConfigFolder : public testing::Test {
 protected:
  void SetUp() override { sources.file = folder / "peal.toml"; }

  void write(const std::string& name, std::string_view text) const {
    const std::filesystem::path path = folder / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  [[nodiscard]] Config load() const { return load_config(sources); }
  /// Without the folder's name.
  [[nodiscard]] std::vector<std::string> problems() const {
    try {
      (void)load();
    } catch (const ConfigError& error) {
      std::vector<std::string> problems = error.problems();
      for (std::string& problem : problems) {
        if (const std::size_t at = problem.find(folder / ""); at != std::string::npos) {
          problem.erase(at, std::string(folder / "").size());
        }
      }
      return problems;
    }
    return {};
  }
  static const ConfigEntry* find(const Config& config, std::string_view key) {
    const auto found = std::ranges::find(config.entries, key, &ConfigEntry::key);
    return found == config.entries.end() ? nullptr : &*found;
  }
  static std::string place_of(const Config& config, std::string_view key) {
    const ConfigEntry* entry = find(config, key);
    return entry == nullptr ? "nowhere" : entry->place;
  }

  test::TemporaryFolder folder;
  ConfigSources sources;
};

TEST_F(ConfigFolder, TheStrongerWordCounts) {
  write("peal.toml",
        "[queue]\nmessages = 1\n[session]\ninflight = 1\n[log]\nrate = 1\n"
        "[retained]\nmessages = 1\n");
  write("conf.d/20-b.toml", "queue.messages = 3\nsession.inflight = 3\nlog.rate = 3\n");
  write("conf.d/10-a.toml", "queue.messages = 2\n");
  write("conf.d/readme.txt", "no TOML\n");
  write("conf.d/.hidden.toml", "no TOML\n");
  sources.variables = {"PEAL_SESSION__INFLIGHT=4", "PEAL_LOG__RATE=4", "HOME=/", "PEAL_PORT=tcp"};
  sources.settings = {"log.rate=5"};
  const Config config = load();
  EXPECT_EQ(config.settings.retained.messages, 1U);
  EXPECT_EQ(config.settings.queue.messages, 3U);
  EXPECT_EQ(config.settings.session.inflight, 4U);
  EXPECT_EQ(config.log_rate, 5U);
  EXPECT_TRUE(place_of(config, "retained.messages").ends_with("peal.toml:8:12"));
  EXPECT_TRUE(place_of(config, "queue.messages").ends_with("conf.d/20-b.toml:1:18"));
  EXPECT_EQ(place_of(config, "session.inflight"), "PEAL_SESSION__INFLIGHT");
  EXPECT_EQ(place_of(config, "log.rate"), "--set log.rate=5");
  EXPECT_EQ(place_of(config, "queue.bytes"), "nowhere");
}

TEST_F(ConfigFolder, ListsGrow) {
  write("peal.toml", "[[listener]]\nname = 'a'\nbind = '127.0.0.1:1'\n");
  write("conf.d/more.toml",
        "[[listener]]\nname = 'a'\nbind = '127.0.0.1:2'\n[[auth.source]]\ntype = 'users'\n");
  const Config config = load();
  ASSERT_EQ(config.listeners.size(), 2U);
  EXPECT_EQ(config.listeners[1].bind, "127.0.0.1:2");
  EXPECT_NE(find(config, "listener[a]"), nullptr);
  ASSERT_NE(find(config, "listener[a]#2.bind"), nullptr);
  EXPECT_EQ(find(config, "listener[a]#2.bind")->text, "\"127.0.0.1:2\"");
  EXPECT_NE(find(config, "auth.source[1].type"), nullptr);
}

TEST_F(ConfigFolder, EverythingWrongIsToldAtOnce) {
  write("peal.toml", "[session]\ninflght = 1\ninflight = 0\n[[listener]]\nbind = 5\n");
  write("conf.d/a.toml", "queue = [\n");
  write("conf.d/b.toml", "limits.packet = 3\n");
  sources.variables = {"PEAL_LIMITS__PACKT=1MiB", "PEAL_QUEUE__MESSAGES=none"};
  sources.settings = {"log.level=loud", "nonsense"};
  const std::vector<std::string> found = problems();
  for (const char* part :
       {"peal.toml:2:11: session.inflght: no such key; did you mean",
        "peal.toml:3:12: session.inflight: must be", "peal.toml:5:8: bind: must be a text",
        "conf.d/a.toml:1:11: ", "conf.d/b.toml:1:17: limits.packet: must be a size",
        "PEAL_LIMITS__PACKT: no such key; did you mean PEAL_LIMITS__PACKET?",
        "PEAL_QUEUE__MESSAGES: queue.messages: must be", "log.level: must be one of",
        "--set nonsense: must be KEY=VALUE"}) {
    const bool is_told = std::ranges::any_of(
        found, [&](const std::string& problem) { return problem.contains(part); });
    EXPECT_TRUE(is_told) << part << " in\n" << testing::PrintToString(found);
  }
}

TEST_F(ConfigFolder, SecretsComeFromElsewhere) {
  write("password", "wind chime\n");
  ::setenv("CONFIG_TEST_TOKEN", "sixteen tons", 1);
  write("peal.toml", "[[auth.source]]\ntype = 'http'\nurl = 'https://u:${file:" +
                         (folder / "password").string() +
                         "}@auth.example/'\n"
                         "headers = ['Authorization: Bearer ${env:CONFIG_TEST_TOKEN}', '$${a}']\n");
  const Config config = load();
  const AuthSourceConfig& source = config.auth.sources.at(0);
  EXPECT_EQ(source.url, "https://u:wind chime@auth.example/");
  EXPECT_EQ(source.headers,
            (std::vector<std::string>{"Authorization: Bearer sixteen tons", "${a}"}));
  EXPECT_EQ(config.secrets.size(), 2U);
  for (const ConfigEntry& entry : config.entries) {
    EXPECT_FALSE(entry.text.contains("chime") || entry.text.contains("tons")) << entry.text;
  }
  EXPECT_TRUE(find(config, "auth.source[1].headers")->is_secret);
  const std::uint64_t before = find(config, "auth.source[1].url")->digest;
  write("password", "other\n");
  EXPECT_NE(find(load(), "auth.source[1].url")->digest, before);
}

TEST_F(ConfigFolder, SecretsThatAreNotThere) {
  write("peal.toml",
        "acl.file = '${env:CONFIG_TEST_UNSET}'\nstore.dir = '${file:" + (folder / "none").string() +
            "}'\nserver.reference = '${vault:x}'\n"
            "mqtt.response_information = 'a ${'\n");
  const std::string all = testing::PrintToString(problems());
  for (const char* part : {":1:12: acl.file: the variable CONFIG_TEST_UNSET is not set",
                           "/none cannot be read: No such file",
                           ":3:20: server.reference: ${...} is ${env:NAME} or ${file:PATH}",
                           ":4:29: mqtt.response_information: ${ has no end"}) {
    EXPECT_TRUE(all.contains(part)) << part << " in " << all;
  }
}

TEST_F(ConfigFolder, FilesThatCannotBeRead) {
  EXPECT_TRUE(problems().at(0).contains("peal.toml: cannot be read: No such file"));
  std::filesystem::create_directory(folder / "peal.toml");
  EXPECT_TRUE(problems().at(0).contains("peal.toml: cannot be read: Is a directory"));
  std::filesystem::remove(folder / "peal.toml");
  write("peal.toml", "");
  EXPECT_EQ(problems(), std::vector<std::string>{});
  sources.refuses_empty_file = true;
  EXPECT_TRUE(problems().at(0).contains("is empty; is it being written?"));
  write("peal.toml", std::string("a = '\xFF'\n"));
  EXPECT_FALSE(problems().empty());
}

TEST_F(ConfigFolder, AFileCutAnywhereIsNoCrash) {
  const std::string whole =
      "[[listener]]\nbind = '127.0.0.1:1'\n[listener.tls]\ncert = 'a'\nkey = 'b'\n"
      "[limits]\npacket = \"1MiB\"\n[[role]]\nname = 'r'\nusers = ['u']\nallow = [{ all = '#' }]\n";
  for (std::size_t size = 0; size < whole.size(); ++size) {
    write("peal.toml", whole.substr(0, size));
    (void)problems();
  }
  write("peal.toml", whole);
  EXPECT_EQ(problems(), std::vector<std::string>{});
}

TEST_F(ConfigFolder, OthersDecideNothing) {
  write("peal.toml", "");
  write("conf.d/a.toml", "queue.messages = 2\n");
  std::filesystem::permissions(folder / "conf.d", std::filesystem::perms::all);
  EXPECT_TRUE(problems().at(0).contains("others may write here"));
}

TEST_F(ConfigFolder, TheCommandLineIsNoted) {
  sources.file.reset();
  sources.workers = 2;
  sources.data = "/d";
  sources.port = 0;
  const Config config = load();
  EXPECT_EQ(place_of(config, "workers"), "--workers");
  EXPECT_EQ(find(config, "store.dir")->text, "\"/d\"");
  EXPECT_EQ(place_of(config, "listener[default 127.0.0.1:0].bind"), "-p");
}

}  // namespace
}  // namespace peal::server
