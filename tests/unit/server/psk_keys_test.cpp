#include "peal/server/psk_keys.hpp"

#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "support/temporary_folder.hpp"

namespace peal::server {
namespace {

TEST(PskKeys, AreThoseOfEverySource) {
  const test::TemporaryFolder folder;
  const auto file = [&](const std::string& name, const std::string& text) {
    std::ofstream(folder / name) << text;
    EXPECT_EQ(::chmod((folder / name).c_str(), 0600), 0);
    return AuthSourceConfig{.place = "", .type = "psk", .path = folder / name, .headers = {}};
  };
  AuthConfig config;
  EXPECT_FALSE(config.has_keys());
  config.sources = {file("one", "bell:0011223344556677\n"),
                    {.place = "", .type = "file", .path = "/nonexistent", .headers = {}},
                    file("two", "bell:ffffffffffffffff\nhorn:8899aabbccddeeff\n")};
  EXPECT_TRUE(config.has_keys());
  PskKeys keys;
  EXPECT_TRUE(keys.find("bell").empty());
  keys.use(PskKeys::read(config));
  EXPECT_EQ(keys.find("bell"), (std::vector<std::uint8_t>{0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66,
                                                          0x77}));  // the first source's
  EXPECT_EQ(keys.find("horn").size(), 8U);
  EXPECT_TRUE(keys.find("gong").empty());
  config.sources = {file("one", "bell:xx\n")};
  EXPECT_THROW((void)PskKeys::read(config), ConfigError);
  EXPECT_EQ(keys.find("horn").size(), 8U);
}

}  // namespace
}  // namespace peal::server
