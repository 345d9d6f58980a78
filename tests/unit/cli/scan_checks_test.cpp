#include "peal/cli/scan_checks.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <set>

#include "tests/unit/cli/scan_sights.hpp"

namespace peal::cli {
namespace {

std::vector<std::string_view> names(const std::vector<ScanResult>& results) {
  std::vector<std::string_view> found;
  for (const ScanResult& result : results) {
    found.push_back(result.check->name);
  }
  return found;
}

TEST(ScanChecks, TheTableSaysEverythingOfEachCheck) {
  std::set<std::string_view> known;
  for (const ScanCheck& check : scan_checks()) {
    EXPECT_TRUE(known.insert(check.name).second) << check.name;
    EXPECT_FALSE(check.topic.empty() || check.title.empty()) << check.name;
    EXPECT_TRUE(check.peal.ends_with('.') && check.general.ends_with('.')) << check.name;
    ASSERT_NE(check.judge, nullptr) << check.name;
  }
}

TEST(ScanChecks, TheWorstComesFirstAndMakesTheGrade) {
  const ScanVerdict verdict = judge(open_host());
  EXPECT_EQ(verdict.grade(), 'F');
  ASSERT_FALSE(verdict.findings.empty());
  EXPECT_EQ(verdict.findings.front().check->name, "read-everything");
  EXPECT_TRUE(std::ranges::is_sorted(verdict.findings, std::ranges::greater{},
                                     [](const ScanResult& x) { return x.judgement.severity; }));
}

TEST(ScanChecks, NothingToFindFaultWithIsAnA) {
  const ScanVerdict verdict = judge(closed_host());
  EXPECT_EQ(names(verdict.findings), std::vector<std::string_view>{});
  EXPECT_EQ(verdict.grade(), 'A');
  EXPECT_TRUE(verdict.unknown.empty());
  EXPECT_GE(verdict.good.size(), 8U);
}

TEST(ScanChecks, GradesFollowTheWorstFinding) {
  EXPECT_EQ(grade_of(std::nullopt), 'A');
  EXPECT_EQ(grade_of(Severity::low), 'B');
  EXPECT_EQ(grade_of(Severity::medium), 'C');
  EXPECT_EQ(grade_of(Severity::high), 'D');
  EXPECT_EQ(grade_of(Severity::critical), 'F');
}

TEST(ScanChecks, EveryPortIsJudged) {
  HostSeen host = closed_host();
  host.ports.push_back(open_port());
  const ScanVerdict verdict = judge(host);
  EXPECT_EQ(verdict.findings.front().port, 1883);
  EXPECT_TRUE(
      std::ranges::any_of(verdict.good, [](const ScanResult& x) { return x.port == 8883; }));
}

TEST(ScanChecks, AHostThatSaysNothingIsNotJudged) {
  PortSeen silent;
  silent.port = 1883;
  silent.is_open = true;
  const HostSeen host = host_with({silent});
  EXPECT_FALSE(is_judgeable(host));
  const ScanVerdict verdict = judge(host);
  EXPECT_TRUE(verdict.findings.empty() && verdict.good.empty() && verdict.unknown.empty());

  // TLS that asks for a certificate is something to judge.
  HostSeen guarded = closed_host();
  guarded.ports.front().way = Way::none;
  EXPECT_TRUE(is_judgeable(guarded));
  EXPECT_FALSE(judge(guarded).good.empty());
}

}  // namespace
}  // namespace peal::cli
