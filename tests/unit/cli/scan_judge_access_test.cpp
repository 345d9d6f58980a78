#include "peal/cli/scan_judge_access.hpp"

#include <gtest/gtest.h>

#include "tests/unit/cli/scan_sights.hpp"

namespace peal::cli {
namespace {

using Standing = Judgement::Standing;

const HostSeen no_host;

void expect_bad(const Judgement& judgement, Severity severity, std::string_view words) {
  EXPECT_EQ(judgement.standing, Standing::bad) << judgement.seen;
  EXPECT_EQ(judgement.severity, severity) << judgement.seen;
  EXPECT_NE(judgement.seen.find(words), std::string::npos) << judgement.seen;
}

void expect(const Judgement& judgement, Standing standing, std::string_view words = "") {
  EXPECT_EQ(judgement.standing, standing) << judgement.seen;
  EXPECT_NE(judgement.seen.find(words), std::string::npos) << judgement.seen;
}

/// A port where anonymous clients get in and may do nothing.
PortSeen harmless_port() {
  PortSeen port = open_port();
  port.everything = port.system = {};
  port.everything.grant = port.system.grant = Reading::Grant::refused;
  port.everything.reason = port.system.reason = mqtt::ReasonCode::not_authorized;
  port.publishing = {.end = Publishing::End::refused, .reason = mqtt::ReasonCode::not_authorized};
  port.will_login = refused(mqtt::ReasonCode::not_authorized);
  return port;
}

TEST(ScanJudgeAccess, Anonymous) {
  PortSeen port = open_port();
  expect_bad(judge_anonymous(no_host, port), Severity::high, "MQTT 5 and 3.1.1 let in");
  port.login_5 = refused();
  expect_bad(judge_anonymous(no_host, port), Severity::high, "MQTT 3.1.1 lets in");
  expect_bad(judge_anonymous(no_host, port), Severity::high, "MQTT 5 does not");
  port.login_5 = refused(mqtt::ReasonCode::unsupported_protocol_version);
  EXPECT_EQ(judge_anonymous(no_host, port).seen.find("does not"), std::string::npos);
  expect_bad(judge_anonymous(no_host, harmless_port()), Severity::low, "nothing that was tried");
  port.login_3 = refused(mqtt::ReasonCode::not_authorized);
  expect(judge_anonymous(no_host, port), Standing::good, "Not authorized");
  port.login_3 = port.login_5 = {.end = Login::End::silent, .reason = {}};
  expect(judge_anonymous(no_host, port), Standing::unknown, "in time");
  expect(judge_anonymous(no_host, PortSeen{}), Standing::none);
}

TEST(ScanJudgeAccess, MadeUpPasswords) {
  PortSeen port = open_port();
  expect_bad(judge_any_password(no_host, port), Severity::medium, "like no name at all");
  port.entry = Entry::any_password;
  expect_bad(judge_any_password(no_host, port), Severity::high, "are let in");
  port.random_login = refused();
  expect(judge_any_password(no_host, port), Standing::good, "Bad User Name or Password");
  port.random_login.end = Login::End::unreached;
  expect(judge_any_password(no_host, port), Standing::unknown, "no connection");
}

TEST(ScanJudgeAccess, WellKnownPasswords) {
  HostSeen host = open_host();
  const PortSeen& port = host.ports.front();
  expect(judge_known_passwords(host, port), Standing::none);
  host.passwords = {.port = 1883, .tried = 10, .listed = 10, .accepted = "", .stopped = ""};
  expect(judge_known_passwords(host, port), Standing::good, "none of 10");
  host.passwords.tried = 4;
  host.passwords.stopped = "the server then said: Banned";
  expect(judge_known_passwords(host, port), Standing::unknown, "4 of 10");
  host.passwords.accepted = "admin/admin";
  expect_bad(judge_known_passwords(host, port), Severity::critical, "admin/admin");
  host.passwords.port = 8883;
  expect(judge_known_passwords(host, port), Standing::none);
}

TEST(ScanJudgeAccess, Reading) {
  PortSeen port = open_port();
  expect_bad(judge_reading(no_host, port), Severity::critical,
             "12 messages on 3 topics within 2 s");
  port.everything.is_cut = true;
  expect_bad(judge_reading(no_host, port), Severity::critical, "at least 12");
  port.everything.messages = 0;
  expect_bad(judge_reading(no_host, port), Severity::medium, "nothing came within 2 s");
  port.everything.is_echoed = true;
  expect_bad(judge_reading(no_host, port), Severity::critical, "came back");
  port.everything.grant = Reading::Grant::no_answer;
  expect(judge_reading(no_host, port), Standing::unknown);
  expect(judge_reading(no_host, harmless_port()), Standing::good, "Not authorized");
  port.entry = Entry::none;
  expect(judge_reading(no_host, port), Standing::none);
}

TEST(ScanJudgeAccess, WhoGotInWithAMadeUpPasswordIsSaid) {
  PortSeen port = open_port();
  port.entry = Entry::any_password;
  expect_bad(judge_reading(no_host, port), Severity::critical, "with a made-up password");
}

TEST(ScanJudgeAccess, SystemTopics) {
  PortSeen port = open_port();
  expect_bad(judge_system(no_host, port), Severity::medium, "12 messages");
  port.system.messages = 0;
  expect(judge_system(no_host, port), Standing::good, "nothing in it");
  port.system.grant = Reading::Grant::untried;
  expect(judge_system(no_host, port), Standing::unknown);
  expect(judge_system(no_host, harmless_port()), Standing::good, "refused");
}

TEST(ScanJudgeAccess, Publishing) {
  PortSeen port = open_port();
  expect_bad(judge_publishing(no_host, port), Severity::high, "acknowledged without a password");
  // MQTT 3.1.1 acknowledges what it drops, too.
  port.login_5 = refused(mqtt::ReasonCode::unsupported_protocol_version);
  expect_bad(judge_publishing(no_host, port), Severity::medium, "dropped");
  port.everything.is_echoed = true;
  expect_bad(judge_publishing(no_host, port), Severity::high, "acknowledged");
  port.publishing.end = Publishing::End::no_answer;
  expect(judge_publishing(no_host, port), Standing::unknown);
  port.publishing = {.end = Publishing::End::refused,
                     .reason = mqtt::ReasonCode::qos_not_supported};
  expect(judge_publishing(no_host, port), Standing::unknown, "QoS 1");
  expect(judge_publishing(no_host, harmless_port()), Standing::good, "Not authorized");
}

TEST(ScanJudgeAccess, Wills) {
  PortSeen port = open_port();
  expect_bad(judge_will(no_host, port), Severity::low, "as publishing is");
  port.publishing.end = Publishing::End::refused;
  expect_bad(judge_will(no_host, port), Severity::medium, "though publishing there is refused");
  port.will_login.end = Login::End::closed;
  expect(judge_will(no_host, port), Standing::unknown);
  expect(judge_will(no_host, harmless_port()), Standing::good);
}

}  // namespace
}  // namespace peal::cli
