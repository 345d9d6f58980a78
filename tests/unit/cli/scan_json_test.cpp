#include "peal/cli/scan_json.hpp"

#include <gtest/gtest.h>

#include "tests/unit/cli/scan_sights.hpp"

#include "peal/cli/json_text.hpp"

namespace peal::cli {
namespace {

std::string json_of(const HostSeen& host, Severity fail_on = Severity::high) {
  std::string text = scan_json(host, judge(host), fail_on);
  JsonWriter copy(false);
  EXPECT_TRUE(copy_json(text, copy)) << text;
  return text;
}

void expect_part(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << part << "\nin\n" << text;
}

TEST(ScanJson, AnOpenBroker) {
  const std::string text = json_of(open_host());
  expect_part(text, R"("host":"broker.home","address":"192.0.2.7","loopback":false)");
  expect_part(text, R"("way":"mqtt","versions":["3.1.1","5"])");
  expect_part(text, R"("grade":"F","fail_on":"high","failed":true)");
  expect_part(text, R"({"check":"read-everything","port":1883,"severity":"critical")");
  expect_part(text, R"("connections":14,"connections_limit":40,"seconds":2.5)");
}

TEST(ScanJson, AClosedBroker) {
  const std::string text = json_of(closed_host(), Severity::low);
  expect_part(text, R"("grade":"A","fail_on":"low","failed":false,"findings":[])");
  expect_part(text, R"("tls":{"versions":["1.2","1.3"],"asks_for_certificate":false)");
  expect_part(text, R"("valid_from":"2027-01-05T08:00:00Z")");
  expect_part(text, R"("self_signed":false,"believed":true)");
}

TEST(ScanJson, WhatCouldNotBeJudgedHasNoGrade) {
  PortSeen port;
  port.port = 1883;
  port.trouble = "cannot connect to h:1883: Connection refused";
  const std::string text = json_of(host_with({port}));
  expect_part(text, R"("ports":[{"port":1883,"open":false,"text":"closed: Connection refused"}])");
  expect_part(text, R"("grade":null)");
}

}  // namespace
}  // namespace peal::cli
