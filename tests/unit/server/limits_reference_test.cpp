// The table of limits tells the truth: keys, counters and tests are there, and so is the page.
#include "peal/server/limits_reference.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

#include "peal/server/config_keys.hpp"

namespace peal::server {
namespace {

const std::filesystem::path source = PEAL_SOURCE_DIR;

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

bool is_key(std::string_view key) {
  constexpr std::string_view listener = "listener.";
  if (key.starts_with(listener)) {
    return std::ranges::any_of(listener_keys(), [&](const ListenerKey& each) {
      return each.name == key.substr(listener.size());
    });
  }
  return std::ranges::any_of(server_keys(),
                             [&](const ServerKey& each) { return each.name == key; });
}

TEST(LimitsReference, NamesKeysThatThereAre) {
  for (const LimitRow& row : limit_rows()) {
    EXPECT_TRUE(row.key.empty() || is_key(row.key)) << row.key;
    EXPECT_NE(row.key.empty(), row.fixed.empty()) << row.what;
    EXPECT_FALSE(row.what.empty());
    EXPECT_FALSE(row.beyond.empty()) << row.what;
  }
}

TEST(LimitsReference, LeavesNoLimitOut) {
  for (const ServerKey& key : server_keys()) {
    const bool is_limit = key.name.starts_with("limits.") || key.default_text == "\"unlimited\"";
    EXPECT_TRUE(!is_limit || std::ranges::any_of(limit_rows(), [&](const LimitRow& row) {
      return row.key == key.name;
    })) << key.name;
  }
}

TEST(LimitsReference, NamesACounterForEveryLimitThatIsSet) {
  // What is lowered and told to the client is passed by nobody, and neither is a line of the log.
  constexpr std::string_view uncounted[] = {"how long a session is kept", "WebSocket frame",
                                            "log lines a second from one cause"};
  const std::string counters =
      text_of(source / "peal/broker/counters.hpp") + text_of(source / "peal/store/counters.hpp");
  for (const LimitRow& row : limit_rows()) {
    const bool is_counted = row.of_workers != nullptr || row.of_store != nullptr;
    EXPECT_EQ(is_counted, !row.counter.empty()) << row.what;
    EXPECT_TRUE(is_counted || row.key.empty() ||
                std::ranges::find(uncounted, row.what) != std::ranges::end(uncounted))
        << row.what;
    EXPECT_NE(counters.find(" " + std::string(row.counter)), std::string::npos) << row.counter;
  }
}

TEST(LimitsReference, NamesTestsThatThereAre) {
  for (const LimitRow& row : limit_rows()) {
    EXPECT_NE(text_of(source / row.test_file).find(row.test), std::string::npos)
        << row.what << ": " << row.test_file << ": " << row.test;
  }
}

TEST(LimitsReference, IsThePageInTheDocumentation) {
  const std::filesystem::path page = source / "docs" / "reference" / "limits.md";
  if (std::getenv("PEAL_WRITE_DOCS") != nullptr) {
    std::ofstream(page) << limits_reference();
  }
  EXPECT_EQ(text_of(page), limits_reference()) << "run the test once with PEAL_WRITE_DOCS=1";
}

}  // namespace
}  // namespace peal::server
