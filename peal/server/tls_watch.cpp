#include "peal/server/tls_watch.hpp"

#include <array>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <utility>

namespace peal::server {

namespace {

constexpr std::chrono::seconds look_interval{1};
constexpr std::chrono::hours upkeep_interval{1};
constexpr std::chrono::hours warning_interval{24};

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

struct KindRow {
  std::string_view soon;  // what is logged, literals
  std::string_view over;
  std::chrono::days before;
};
/// In the order of net::TlsExpiry::Kind.
constexpr std::array kind_rows{
    KindRow{"a certificate ends soon", "a certificate has ended", TlsWatch::warning_time},
    KindRow{"an authority of client certificates ends soon",
            "an authority of client certificates has ended", TlsWatch::warning_time},
    KindRow{"a revocation list ends soon",
            "a revocation list has ended: no client certificate is "
            "believed",
            TlsWatch::list_warning_time},
};

}  // namespace

TlsWatch::TlsWatch(std::vector<Watched> watched, Upkeep upkeep, broker::Log& log)
    : upkeep_(std::move(upkeep)), log_(log) {
  for (Watched& each : watched) {
    auto stamps = stamps_of(each.files);
    entries_.push_back({std::move(each), std::move(stamps), {}});
  }
}

TlsWatch::~TlsWatch() { stop(); }

void TlsWatch::start() {
  look(std::chrono::system_clock::now());
  thread_ = std::thread([this] { run(); });
}

void TlsWatch::stop() {
  {
    const std::scoped_lock lock(stop_mutex_);
    is_stopping_ = true;
  }
  stop_told_.notify_all();
  if (thread_.joinable()) {
    thread_.join();
  }
}

void TlsWatch::run() {
  std::unique_lock lock(stop_mutex_);
  while (!stop_told_.wait_for(lock, look_interval, [this] { return is_stopping_; })) {
    lock.unlock();
    look(std::chrono::system_clock::now());
    lock.lock();
  }
}

TlsWatch::Stamp TlsWatch::stamp_of(const std::string& file) {
  struct stat status{};
  if (::stat(file.c_str(), &status) != 0) {
    return {};
  }
  return {.inode = status.st_ino,
          .size = status.st_size,
          .changed_ns = nanoseconds(status.st_mtim),
          .replaced_ns = nanoseconds(status.st_ctim)};
}

std::vector<TlsWatch::Stamp> TlsWatch::stamps_of(const std::vector<std::string>& files) {
  std::vector<Stamp> stamps;
  for (const std::string& file : files) {
    stamps.push_back(stamp_of(file));
  }
  return stamps;
}

void TlsWatch::look(Time now, Read read) {
  const std::scoped_lock lock(mutex_);
  keep_up(now);
  const bool is_warning_due = now - warned_at_ >= warning_interval;
  if (is_warning_due) {
    warned_at_ = now;
  }
  for (Entry& entry : entries_) {
    // Taken before the files are read: what changes meanwhile is seen the next time.
    auto stamps = stamps_of(entry.watched.files);
    if (read == Read::everything || stamps != entry.stamps || !entry.problem.empty()) {
      read_again(entry, std::move(stamps), now);
    } else if (is_warning_due) {
      warn_of_ends(entry, now);
    }
  }
}

void TlsWatch::read_again(Entry& entry, std::vector<Stamp> stamps, Time now) {
  entry.stamps = std::move(stamps);
  const auto done = entry.watched.reload();
  if (done) {
    entry.problem.clear();
    write(broker::LogLevel::info, "certificates were read anew", entry.watched.name);
    warn_of_ends(entry, now);
    return;
  }
  if (entry.problem != done.error()) {
    entry.problem = done.error();
    write(broker::LogLevel::error, "certificates stay as they were",
          fmt::format("{}: {}", entry.watched.name, entry.problem));
  }
}

void TlsWatch::warn_of_ends(const Entry& entry, Time now) {
  for (const net::TlsExpiry& expiry : entry.watched.expiries()) {
    const KindRow& row = kind_rows[static_cast<std::size_t>(expiry.kind)];
    if (expiry.ends - now >= row.before) {
      continue;
    }
    const bool is_over = expiry.ends <= now;
    write(is_over ? broker::LogLevel::error : broker::LogLevel::warning,
          is_over ? row.over : row.soon,
          fmt::format("{}: {} on {:%Y-%m-%d %H:%M} UTC", entry.watched.name, expiry.file,
                      fmt::gmtime(std::chrono::system_clock::to_time_t(expiry.ends))));
  }
}

void TlsWatch::keep_up(Time now) {
  if (upkeep_ == nullptr || now - kept_up_at_ < upkeep_interval) {
    return;
  }
  kept_up_at_ = now;
  const auto done = upkeep_();
  if (!done) {
    write(broker::LogLevel::error, "certificates could not be renewed", done.error());
    return;
  }
  for (const std::string& sentence : *done) {
    write(broker::LogLevel::info, "certificates were renewed", sentence);
  }
}

void TlsWatch::write(broker::LogLevel level, std::string_view what, std::string_view detail) {
  log_.write({.level = level,
              .what = what,
              .client_id = {},
              .address = {},
              .reason = {},
              .detail = detail});
}

}  // namespace peal::server
