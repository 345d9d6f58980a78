#include "peal/cli/scan_options.hpp"

#include <gtest/gtest.h>
#include <stdexcept>

namespace peal::cli {
namespace {

struct TargetCase {
  const char* text;
  const char* host;
  int port;  // 0: none
  bool tls = false;
  bool websocket = false;
};

TEST(ScanOptions, AHostMayHaveAPortAndAScheme) {
  for (const TargetCase& wanted : {
           TargetCase{"broker.home", "broker.home", 0},
           TargetCase{"broker.home:1884", "broker.home", 1884},
           TargetCase{"192.0.2.7:65535", "192.0.2.7", 65535},
           TargetCase{"2001:db8::1", "2001:db8::1", 0},
           TargetCase{"[2001:db8::1]", "2001:db8::1", 0},
           TargetCase{"[2001:db8::1]:8883", "2001:db8::1", 8883},
           TargetCase{"mqtt://h", "h", 0},
           TargetCase{"mqtts://h:1", "h", 1, true, false},
           TargetCase{"ws://h", "h", 0, false, true},
           TargetCase{"wss://[::1]:8084", "::1", 8084, true, true},
       }) {
    const ScanTarget target = parse_scan_target(wanted.text);
    EXPECT_EQ(target.host, wanted.host) << wanted.text;
    EXPECT_EQ(target.port.value_or(0), wanted.port) << wanted.text;
    EXPECT_EQ(target.tls, wanted.tls) << wanted.text;
    EXPECT_EQ(target.websocket, wanted.websocket) << wanted.text;
  }
}

TEST(ScanOptions, WhatIsNoHostIsRefused) {
  for (const char* text : {"", ":1883", "h:", "h:0", "h:65536", "h:12x", "h:-1", "[::1", "[::1]x",
                           "[]:1", "http://h", "mqtt://", "mqtt://h/topic"}) {
    EXPECT_THROW((void)parse_scan_target(text), std::runtime_error) << text;
  }
}

TEST(ScanOptions, PortsWhenNoneIsNamed) {
  EXPECT_EQ(default_scan_ports(false, false), (std::vector<std::uint16_t>{1883, 8883}));
  EXPECT_EQ(default_scan_ports(true, false), (std::vector<std::uint16_t>{8883}));
  EXPECT_EQ(default_scan_ports(false, true), (std::vector<std::uint16_t>{8083}));
  EXPECT_EQ(default_scan_ports(true, true), (std::vector<std::uint16_t>{8084}));
}

std::optional<ScanOptions> parse(std::vector<std::string> words, int& exit_code) {
  words.insert(words.begin(), "scan");
  std::vector<char*> arguments;
  for (std::string& word : words) {
    arguments.push_back(word.data());
  }
  return parse_scan_options(static_cast<int>(arguments.size()), arguments.data(), exit_code);
}

TEST(ScanOptions, TheCommandLine) {
  int exit_code = 0;
  const auto options = parse(
      {"wss://h", "--timeout", "0.5", "--fail-on", "low", "--no-passwords", "--json"}, exit_code);
  ASSERT_TRUE(options.has_value());
  EXPECT_EQ(options->host, "h");
  EXPECT_EQ(options->ports, std::vector<std::uint16_t>{8084});
  EXPECT_TRUE(options->only_tls && options->only_websocket);
  EXPECT_EQ(options->timeout, std::chrono::milliseconds(500));
  EXPECT_EQ(options->fail_on, Severity::low);
  EXPECT_FALSE(options->tries_passwords);
  EXPECT_TRUE(options->json);
}

TEST(ScanOptions, DefaultsAndMisuse) {
  int exit_code = 0;
  const auto options = parse({"h"}, exit_code);
  ASSERT_TRUE(options.has_value());
  EXPECT_EQ(options->fail_on, Severity::high);
  EXPECT_TRUE(options->tries_passwords);
  EXPECT_EQ(options->timeout, std::chrono::seconds(3));
  EXPECT_FALSE(parse({}, exit_code).has_value());
  EXPECT_EQ(exit_code, 1);
  EXPECT_FALSE(parse({"h", "--fail-on", "terrible"}, exit_code).has_value());
  EXPECT_EQ(exit_code, 1);
  EXPECT_FALSE(parse({"--help"}, exit_code).has_value());
  EXPECT_EQ(exit_code, 0);
}

}  // namespace
}  // namespace peal::cli
