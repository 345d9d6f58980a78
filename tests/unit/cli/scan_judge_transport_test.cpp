#include "peal/cli/scan_judge_transport.hpp"

#include <gtest/gtest.h>

#include "tests/unit/cli/scan_sights.hpp"

namespace peal::cli {
namespace {

using Outcome = net::TlsProbe::Outcome;
using Standing = Judgement::Standing;
using std::chrono::days;

void expect_bad(const Judgement& judgement, Severity severity, std::string_view words) {
  EXPECT_EQ(judgement.standing, Standing::bad) << judgement.seen;
  EXPECT_EQ(judgement.severity, severity) << judgement.seen;
  EXPECT_NE(judgement.seen.find(words), std::string::npos) << judgement.seen;
}

void expect(const Judgement& judgement, Standing standing, std::string_view words = "") {
  EXPECT_EQ(judgement.standing, standing) << judgement.seen;
  EXPECT_NE(judgement.seen.find(words), std::string::npos) << judgement.seen;
}

class Certificate : public testing::Test {
 protected:
  Certificate() { host_.ports = {closed_port(host_.now)}; }
  [[nodiscard]] net::CertificateFacts& facts() { return *port().tls.any.certificate; }
  [[nodiscard]] PortSeen& port() { return host_.ports.front(); }
  [[nodiscard]] const HostSeen& host() const { return host_; }
  void live(days age, days left) {
    facts().valid_from = host_.now - age;
    facts().valid_until = host_.now + left;
  }

 private:
  HostSeen host_ = host_with({});
};

TEST(ScanJudgeTransport, PlainText) {
  HostSeen host = open_host();
  PortSeen port = host.ports.front();
  expect_bad(judge_plain_text(host, port), Severity::medium, "messages are taken without TLS");
  port.entry = Entry::none;
  port.plain = port.random_login = refused();
  expect_bad(judge_plain_text(host, port), Severity::high, "passwords are taken without TLS");
  port.tls.any.outcome = Outcome::agreed;
  expect_bad(judge_plain_text(host, port), Severity::high, "speaks TLS, too");
  host.is_loopback = true;
  expect_bad(judge_plain_text(host, port), Severity::low, "do not leave the machine");
  port.way = Way::ws;
  port.plain = {};
  expect_bad(judge_plain_text(host, port), Severity::low, "without TLS");
  const HostSeen closed = closed_host();
  expect(judge_plain_text(closed, closed.ports.front()), Standing::good, "TLS only");
}

TEST(ScanJudgeTransport, VersionsOfTls) {
  HostSeen host = closed_host();
  PortSeen& port = host.ports.front();
  expect(judge_old_tls(host, port), Standing::good);
  expect(judge_new_tls(host, port), Standing::good, "1.2 and 1.3");
  port.tls.outcomes = {Outcome::agreed, Outcome::agreed, Outcome::agreed, Outcome::refused};
  expect_bad(judge_old_tls(host, port), Severity::medium, "TLS 1.0 and 1.1");
  expect_bad(judge_new_tls(host, port), Severity::low, "only TLS 1.2");
  port.tls.outcomes = {Outcome::agreed, Outcome::refused, Outcome::refused, Outcome::refused};
  expect_bad(judge_new_tls(host, port), Severity::high, "neither");
  port.tls.outcomes[0] = Outcome::untested;
  expect(judge_old_tls(host, port), Standing::unknown, "1.0 could not be tried");
  port.tls.any.outcome = Outcome::refused;
  expect(judge_new_tls(host, port), Standing::unknown);
  port.tls.any.outcome = Outcome::no_tls;
  expect(judge_old_tls(host, port), Standing::none);
  expect(judge_new_tls(host, port), Standing::none);
}

TEST_F(Certificate, Time) {
  expect(judge_certificate_time(host(), port()), Standing::good,
         "issued 10 days ago, valid for 365");
  live(days(0), days(90));
  expect(judge_certificate_time(host(), port()), Standing::good, "issued today");
  live(days(400), days(-2));
  expect_bad(judge_certificate_time(host(), port()), Severity::high, "expired 2 days ago");
  live(days(-3), days(90));
  expect_bad(judge_certificate_time(host(), port()), Severity::high, "only in 3 days");
  live(days(360), days(5));
  expect_bad(judge_certificate_time(host(), port()), Severity::medium, "soon");
  // One of a week that is renewed every other day is no cause for alarm.
  live(days(2), days(5));
  expect(judge_certificate_time(host(), port()), Standing::good);
  live(days(10), days(3650));
  expect_bad(judge_certificate_time(host(), port()), Severity::low, "very long");
  port().tls.any.certificate.reset();
  expect(judge_certificate_time(host(), port()), Standing::none);
}

TEST_F(Certificate, Issuer) {
  expect(judge_certificate_issuer(host(), port()), Standing::good, "Some authority");
  facts().distrust = "unable to get local issuer certificate";
  expect_bad(judge_certificate_issuer(host(), port()), Severity::low, "local issuer");
  facts().is_self_signed = true;
  expect_bad(judge_certificate_issuer(host(), port()), Severity::medium, "signs itself");
}

TEST_F(Certificate, Name) {
  expect(judge_certificate_name(host(), port()), Standing::good, "broker.home");
  facts().is_for_server = false;
  facts().names = {"a.example", "b.example\x1b[2J"};
  expect_bad(judge_certificate_name(host(), port()), Severity::medium, "a.example, b.example?[2J");
  facts().names.clear();
  expect_bad(judge_certificate_name(host(), port()), Severity::medium, "CN=broker.home");
}

TEST_F(Certificate, Key) {
  expect(judge_certificate_key(host(), port()), Standing::good, "EC, 256 bits, signed with SHA256");
  facts().is_weak_signature = true;
  expect_bad(judge_certificate_key(host(), port()), Severity::high, "too weak");
  facts().is_weak_signature = false;
  facts().is_weak_key = true;
  expect_bad(judge_certificate_key(host(), port()), Severity::high, "too weak");
}

TEST(ScanJudgeTransport, PagesOfOtherSites) {
  HostSeen host = open_host();
  PortSeen& port = host.ports.front();
  expect(judge_origin(host, port), Standing::none);
  port.http.foreign_origin = Answer::no;
  expect(judge_origin(host, port), Standing::good);
  port.http.foreign_origin = Answer::yes;
  expect_bad(judge_origin(host, port), Severity::high, "no password");
  port.entry = Entry::none;
  expect_bad(judge_origin(host, port), Severity::medium, "peal-scan.example");
}

TEST(ScanJudgeTransport, WhatItSaysOfItself) {
  HostSeen host = open_host();
  PortSeen& port = host.ports.front();
  expect(judge_version(host, port), Standing::good);
  port.leaks = {{.where = "HTTP, Server", .text = "x/1.2"},
                {.where = "$SYS/broker/version", .text = "mosquitto"}};
  expect_bad(judge_version(host, port), Severity::low,
             "HTTP, Server: \"x/1.2\"; $SYS/broker/version: \"mosquitto\"");
  port.way = Way::none;
  expect(judge_version(host, port), Standing::none);
}

}  // namespace
}  // namespace peal::cli
