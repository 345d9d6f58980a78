// The watch over listeners' certificates: what changes is read once, what is broken is told once
// and tried again, and what ends soon is warned of once a day.
#include "peal/server/tls_watch.hpp"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <utility>

#include "support/temporary_folder.hpp"

namespace peal::server {
namespace {

using std::chrono::days;
using std::chrono::hours;
using Kind = net::TlsExpiry::Kind;

class LineLog final : public broker::Log {
 public:
  [[nodiscard]] bool wants(broker::LogLevel /*level*/) const override { return true; }
  void write(const broker::LogEvent& event) override {
    lines.push_back(std::string(event.what) + " | " + std::string(event.detail));
  }
  std::vector<std::string> take() { return std::exchange(lines, {}); }
  std::vector<std::string> lines;
};

using Lines = std::vector<std::string>;

class TlsWatchTest : public testing::Test {
 protected:
  TlsWatch::Watched watched() {
    return {.name = "tls",
            .files = {file},
            .reload = [this]() -> std::expected<void, std::string> {
              ++readings;
              if (!problem.empty()) {
                return std::unexpected(problem);
              }
              return {};
            },
            .expiries = [this] { return expiries; }};
  }
  void put(const std::string& text) const { std::ofstream(file) << text; }

  test::TemporaryFolder folder;
  std::string file = (folder / "server.crt").string();
  int readings = 0;
  std::string problem;
  std::vector<net::TlsExpiry> expiries;
  LineLog log;
  const TlsWatch::Time now = std::chrono::system_clock::from_time_t(1'800'000'000);
};

TEST_F(TlsWatchTest, reads_what_changed_once) {
  put("one");
  TlsWatch watch({watched()}, nullptr, log);
  watch.look(now);
  EXPECT_EQ(readings, 0);
  put("other");
  watch.look(now);
  watch.look(now);
  EXPECT_EQ(readings, 1);
  EXPECT_EQ(log.take(), Lines{"certificates were read anew | tls"});
  // Another file of the same size and age in its place.
  const auto time = std::filesystem::last_write_time(file);
  std::ofstream(folder / "next") << "third";
  std::filesystem::last_write_time(folder / "next", time);
  std::filesystem::rename(folder / "next", file);
  watch.look(now);
  EXPECT_EQ(readings, 2);
  watch.look(now, TlsWatch::Read::everything);
  EXPECT_EQ(readings, 3);
}

TEST_F(TlsWatchTest, tells_a_problem_once_and_tries_again) {
  put("one");
  TlsWatch watch({watched()}, nullptr, log);
  std::filesystem::remove(file);
  problem = "no such file";
  watch.look(now);
  watch.look(now);
  watch.look(now);
  EXPECT_EQ(readings, 3);
  EXPECT_EQ(log.take(), Lines{"certificates stay as they were | tls: no such file"});
  problem = "half a file";
  watch.look(now);
  EXPECT_EQ(log.take(), Lines{"certificates stay as they were | tls: half a file"});
  problem.clear();
  watch.look(now);
  watch.look(now);
  EXPECT_EQ(readings, 5);
  EXPECT_EQ(log.take(), Lines{"certificates were read anew | tls"});
}

TEST_F(TlsWatchTest, warns_of_ends_at_the_start_and_once_a_day) {
  expiries = {{.kind = Kind::certificate, .file = "a.crt", .ends = now + days(14) - hours(1)},
              {.kind = Kind::certificate, .file = "b.crt", .ends = now + days(14) + hours(1)},
              {.kind = Kind::client_ca, .file = "ca.crt", .ends = now - hours(1)},
              {.kind = Kind::revocation_list, .file = "crl", .ends = now + days(1) + hours(1)}};
  TlsWatch watch({watched()}, nullptr, log);
  watch.look(now);
  EXPECT_EQ(log.take(),
            (Lines{"a certificate ends soon | tls: a.crt on 2027-01-29 07:00 UTC",
                   "an authority of client certificates has ended | tls: ca.crt on 2027-01-15 "
                   "07:00 UTC"}));
  watch.look(now + hours(23));
  EXPECT_EQ(log.take(), Lines{});
  watch.look(now + hours(24));
  EXPECT_EQ(log.take().size(), 4U);
  // And when a file was changed, of what it says now.
  expiries.resize(1);
  put("new");
  watch.look(now + hours(25));
  EXPECT_EQ(log.take().size(), 2U);
}

TEST_F(TlsWatchTest, keeps_up_every_hour) {
  int kept = 0;
  std::expected<Lines, std::string> answer = Lines{"the list was signed anew"};
  TlsWatch watch({}, [&] { return ++kept, answer; }, log);
  watch.look(now);
  watch.look(now + std::chrono::minutes(59));
  EXPECT_EQ(kept, 1);
  EXPECT_EQ(log.take(), Lines{"certificates were renewed | the list was signed anew"});
  answer = std::unexpected("no room");
  watch.look(now + hours(1));
  EXPECT_EQ(kept, 2);
  EXPECT_EQ(log.take(), Lines{"certificates could not be renewed | no room"});
}

TEST_F(TlsWatchTest, has_a_thread_that_ends) {
  put("one");
  std::atomic<int> seen = 0;
  TlsWatch::Watched each = watched();
  each.reload = [&seen]() -> std::expected<void, std::string> {
    ++seen;
    seen.notify_all();
    return {};
  };
  TlsWatch watch({std::move(each)}, nullptr, log);
  watch.start();
  put("two, longer");
  seen.wait(0);
  EXPECT_EQ(seen, 1);
  watch.stop();
}

}  // namespace
}  // namespace peal::server
