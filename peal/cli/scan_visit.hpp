// One connection of a scan from CONNECT to the end, as the probes of MQTT need it.
#pragma once

#include <memory>

#include "peal/cli/scan_dialer.hpp"
#include "peal/cli/scan_probes.hpp"
#include "peal/cli/scan_talk.hpp"

namespace peal::cli {

class ScanVisit {
 public:
  /// Connects to `seen.port` by `way` and logs in; `login` says how that ended.
  ScanVisit(ScanTools& tools, PortSeen& seen, Way way, const LoginRequest& request);
  /// Says good-bye where that is heard, and adds what leaked to what was seen of the port.
  ~ScanVisit();
  ScanVisit(const ScanVisit&) = delete;
  ScanVisit& operator=(const ScanVisit&) = delete;

  [[nodiscard]] const Login& login() const { return login_; }
  /// The connection stands; `talk` may be used when it was accepted.
  [[nodiscard]] bool is_connected() const { return talk_ != nullptr; }
  [[nodiscard]] ScanTalk& talk() { return *talk_; }
  /// Not connected: why.
  [[nodiscard]] const std::string& trouble() const { return trouble_; }

 private:
  PortSeen& seen_;
  std::unique_ptr<ScanConnection> connection_;  // outlives the talk
  std::unique_ptr<ScanTalk> talk_;
  Login login_;
  std::string trouble_;
};

/// Who a stranger is on that port: nobody, or a name and password that were made up.
[[nodiscard]] LoginRequest stranger(const PortSeen& seen);

}  // namespace peal::cli
