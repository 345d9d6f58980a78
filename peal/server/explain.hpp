// What `peal explain` is told about one client: what its session is like, what went wrong for it,
// and what was logged about it lately.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace peal::broker {
class Session;
}

namespace peal::server {

/// Something that happened to a client, a line of the log.
struct ClientEvent {
  std::int64_t seconds = 0;  // since 1970
  std::string what;
  std::string reason;
  std::string detail;
  std::string address;
};

/// How often something went wrong for a session, and the topic or filter of the last time.
struct ClientTrouble {
  std::string what;    // "publish denied"
  std::string advice;  // what it means
  std::uint64_t times = 0;
  std::string last;
};

struct SessionReport {
  std::string user;
  bool is_connected = false;
  std::string address;  // of its connection
  std::uint64_t subscriptions = 0;
  std::vector<std::string> filters;  // the first of them
  std::uint64_t queued = 0;          // messages, in flight included
  std::uint64_t expiry_seconds = 0;
  bool is_paused = false;  // nothing is read from it: it is too fast, or waits for the disk
  std::vector<ClientTrouble> troubles;
};

struct Explanation {
  std::optional<SessionReport> session;  // nothing: it has none
  std::vector<ClientEvent> events;       // oldest first
};

/// On the session's thread.
[[nodiscard]] SessionReport report_on(const broker::Session& session);

}  // namespace peal::server
