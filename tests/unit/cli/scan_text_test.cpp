#include "peal/cli/scan_text.hpp"

#include <gtest/gtest.h>
#include <sstream>

#include "tests/unit/cli/scan_sights.hpp"

namespace peal::cli {
namespace {

std::string text_of(const HostSeen& host, const ScanStyle& style = {}) {
  return scan_text(host, judge(host), style);
}

void expect_line(const std::string& text, const std::string& line) {
  EXPECT_NE(("\n" + text).find("\n" + line + "\n"), std::string::npos) << line << "\nin\n" << text;
}

TEST(ScanText, AnOpenBroker) {
  ScanStyle style;
  style.columns = 80;
  const std::string text = text_of(open_host(), style);
  expect_line(text, "broker.home (192.0.2.7)");
  expect_line(text, "  1883   MQTT 5 and 3.1.1 without TLS");
  expect_line(text, "Grade F   1 critical, 2 high, 3 medium, 1 low");
  expect_line(text, "critical  Anyone can read every message" + std::string(32, ' ') + "port 1883");
  expect_line(text,
              "          seen      # was granted without a password: 12 messages on 3 topics");
  expect_line(text, "14 connections, one at a time; 2.5 s");
  EXPECT_EQ(text.find('\033'), std::string::npos);
  EXPECT_EQ(text.find("programs on this machine"), std::string::npos);
}

TEST(ScanText, AClosedBroker) {
  const std::string text = text_of(closed_host());
  expect_line(text, "Grade A   nothing to find fault with");
  expect_line(text, "Good");
  expect_line(text, "  + old TLS                 TLS 1.0 and 1.1 are refused");
  EXPECT_EQ(text.find("Not known"), std::string::npos);
}

TEST(ScanText, NoLineIsTooLong) {
  for (const std::size_t columns : {72U, 80U, 100U}) {
    ScanStyle style;
    style.columns = columns;
    HostSeen host = open_host();
    host.ports.push_back(closed_port(host.now));
    std::istringstream lines(text_of(host, style));
    for (std::string line; std::getline(lines, line);) {
      EXPECT_LE(line.size(), columns) << line;
      EXPECT_FALSE(line.ends_with(' ')) << line;
    }
  }
}

TEST(ScanText, WhatIsAlikeOnTwoPortsIsSaidOnce) {
  HostSeen host = open_host();
  host.ports.push_back(open_port());
  host.ports.back().port = 1884;
  std::string text = text_of(host);
  EXPECT_NE(text.find("ports 1883, 1884\n          seen      MQTT 5 and 3.1.1 let in"),
            std::string::npos)
      << text;
  host.ports.back().everything.messages = 1;
  text = text_of(host);
  expect_line(text,
              "          seen      1883: # was granted without a password: 12 messages on 3 topics "
              "within 2 s");
  expect_line(text,
              "                    1884: # was granted without a password: 1 message on 3 topics "
              "within 2 s");
}

TEST(ScanText, AListSaysWhichPortsItIsAbout) {
  HostSeen host = closed_host();
  host.ports.push_back(open_port());
  expect_line(text_of(host), "  + old TLS                 TLS 1.0 and 1.1 are refused (port 8883)");
}

TEST(ScanText, OnLoopbackItSaysWhoSeesThat) {
  HostSeen host = open_host();
  host.is_loopback = true;
  ScanStyle style;
  style.other_address = "192.0.2.9:1883";
  expect_line(text_of(host, style), "What others see:  peal scan 192.0.2.9:1883");
}

TEST(ScanText, ColorsAreForTerminals) {
  ScanStyle style;
  style.is_colored = true;
  EXPECT_NE(text_of(open_host(), style).find("\033["), std::string::npos);
}

TEST(ScanText, WhatAPortSpeaks) {
  PortSeen port;
  port.trouble = "cannot connect to [::1]:1883: Connection refused";
  EXPECT_EQ(port_text(port), "closed: Connection refused");
  port.is_open = true;
  EXPECT_EQ(port_text(port), "open, but nothing answers");
  port.is_heard = true;
  EXPECT_EQ(port_text(port), "open, but what answers does not speak MQTT");
  port.tls.any.outcome = net::TlsProbe::Outcome::agreed;
  EXPECT_EQ(port_text(port), "TLS, but no MQTT inside it");
  port.tls.any.asks_for_certificate = true;
  EXPECT_NE(port_text(port).find("client certificate"), std::string::npos);
  port.way = Way::wss;
  port.login_3 = refused();
  EXPECT_EQ(port_text(port), "MQTT 3.1.1 in a WebSocket inside TLS");
  port.way = Way::tcp;
  port.login_5 = accepted();
  port.http.answers = Answer::yes;
  EXPECT_EQ(port_text(port), "MQTT 5 and 3.1.1 without TLS; TLS, too; HTTP");
  port.http.websocket = Answer::yes;
  port.login_3 = refused(mqtt::ReasonCode::unsupported_protocol_version);
  EXPECT_EQ(port_text(port), "MQTT 5 without TLS; TLS, too; WebSockets");
}

TEST(ScanText, Wrapping) {
  EXPECT_EQ(wrapped("one two three", 2, 9), "one two\n  three");
  EXPECT_EQ(wrapped("a-very-long-word b", 2, 8), "a-very-long-word\n  b");
  EXPECT_EQ(wrapped("", 2, 8), "");
}

}  // namespace
}  // namespace peal::cli
