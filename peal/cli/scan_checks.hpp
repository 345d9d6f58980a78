// What a scan's observations mean: a table of checks, each a pure function from what was seen to
// good, bad or unknown, with what to do about it; and the grade that follows.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "peal/cli/scan_seen.hpp"
#include "peal/cli/scan_severity.hpp"

namespace peal::cli {

/// What one check says of one port.
struct Judgement {
  enum class Standing : std::uint8_t {
    none,  // has no meaning here: no TLS, no WebSocket
    good,
    bad,      // of `severity`
    unknown,  // could not be told
  };
  Standing standing = Standing::none;
  Severity severity = Severity::low;
  std::string seen = {};  // a sentence without a full stop

  [[nodiscard]] static Judgement none() { return {}; }
  [[nodiscard]] static Judgement good(std::string seen) {
    return {.standing = Standing::good, .severity = Severity::low, .seen = std::move(seen)};
  }
  [[nodiscard]] static Judgement unknown(std::string seen) {
    return {.standing = Standing::unknown, .severity = Severity::low, .seen = std::move(seen)};
  }
  [[nodiscard]] static Judgement bad(Severity severity, std::string seen) {
    return {.standing = Standing::bad, .severity = severity, .seen = std::move(seen)};
  }
};

struct ScanCheck {
  std::string_view name;   // for programs: "read-everything"
  std::string_view topic;  // for people: "reading everything"
  std::string_view title;  // of the finding: "Anyone can read every message"
  Judgement (*judge)(const HostSeen& host, const PortSeen& port);
  std::string_view peal;     // what to do about it with Peal
  std::string_view general;  // and with any other server
};

[[nodiscard]] std::span<const ScanCheck> scan_checks();

/// One check and what it says of a port.
struct ScanResult {
  const ScanCheck* check = nullptr;
  std::uint16_t port = 0;
  Judgement judgement;
};

struct ScanVerdict {
  std::vector<ScanResult> findings;  // the worst first, then in the order of the table
  std::vector<ScanResult> good;
  std::vector<ScanResult> unknown;
  std::optional<Severity> worst;  // of the findings

  [[nodiscard]] char grade() const { return grade_of(worst); }
};

/// Whether there is something to judge on that port: MQTT, or TLS in front of it.
[[nodiscard]] bool is_spoken_to(const PortSeen& port);

/// The same of any port.
[[nodiscard]] bool is_judgeable(const HostSeen& host);

/// cost   O(checks * ports).      threads   pure.
[[nodiscard]] ScanVerdict judge(const HostSeen& host);

}  // namespace peal::cli
