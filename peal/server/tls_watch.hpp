// Watches the files that listeners' TLS is made of, and has them read again when they change: new
// connections get the new certificates, keys, authorities and revocation lists, old ones stay.
//
// Files are looked at once a second (size, times, inode). What cannot be used - half-written, a key
// that does not go with its certificate - changes nothing, is logged once, and is tried again every
// second until it can. Certificates that end soon are warned of at the start and once a day.
//
// A thread of its own. `look` may be called from any other one, too.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <expected>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "peal/broker/ports/log.hpp"
#include "peal/net/tls_expiry.hpp"

namespace peal::server {

class TlsWatch {
 public:
  using Time = std::chrono::system_clock::time_point;

  /// One listener's TLS.
  struct Watched {
    std::string name;  // the listener's
    std::vector<std::string> files;
    std::function<std::expected<void, std::string>()> reload;
    std::function<std::vector<net::TlsExpiry>()> expiries;
  };
  /// What has to be done now and then so that nothing ends: what was done, a sentence each.
  using Upkeep = std::function<std::expected<std::vector<std::string>, std::string>()>;

  static constexpr std::chrono::days warning_time{14};
  static constexpr std::chrono::days list_warning_time{1};  // many are made anew every few days

  /// `watched` was read just now. `upkeep`, which may be null, is done every hour. `log` outlives
  /// the object.
  TlsWatch(std::vector<Watched> watched, Upkeep upkeep, broker::Log& log);
  ~TlsWatch();  // stops
  TlsWatch(const TlsWatch&) = delete;
  TlsWatch& operator=(const TlsWatch&) = delete;

  void start();
  void stop();

  enum class Read : std::uint8_t { what_changed, everything };
  /// Looks at the files, and at what else is due at the time `now`.
  void look(Time now, Read read = Read::what_changed);

 private:
  /// Tells one state of a file from another. All zero: it is not there.
  struct Stamp {
    std::uint64_t inode = 0;
    std::int64_t size = 0;
    std::int64_t changed_ns = 0;   // the content
    std::int64_t replaced_ns = 0;  // the inode
    bool operator==(const Stamp&) const = default;
  };
  struct Entry {
    Watched watched;
    std::vector<Stamp> stamps;
    std::string problem;  // with the last reading; empty: none
  };

  [[nodiscard]] static Stamp stamp_of(const std::string& file);
  [[nodiscard]] static std::vector<Stamp> stamps_of(const std::vector<std::string>& files);
  void read_again(Entry& entry, std::vector<Stamp> stamps, Time now);
  void warn_of_ends(const Entry& entry, Time now);
  void keep_up(Time now);
  void write(broker::LogLevel level, std::string_view what, std::string_view detail);
  void run();

  std::mutex mutex_;  // guards what follows, up to `log_`
  std::vector<Entry> entries_;
  Upkeep upkeep_;
  Time warned_at_{};
  Time kept_up_at_{};
  broker::Log& log_;
  std::mutex stop_mutex_;
  std::condition_variable stop_told_;
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace peal::server
