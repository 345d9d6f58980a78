#include "peal/cli/scan_tls.hpp"

#include <string_view>

#include "peal/net/stream.hpp"

namespace peal::cli {
namespace {

using Outcome = net::TlsProbe::Outcome;

constexpr std::array<std::string_view, TlsSeen::versions.size()> version_names{
    "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"};

net::TlsProbe shake_hands(ScanTools& tools, PortSeen& seen, net::OfferedTls version) {
  const auto connection = tools.dialer.dial(seen.port, Way::tcp);
  if (!connection.has_value()) {
    seen.trouble = seen.is_open ? "" : connection.error();
    return {};
  }
  seen.is_open = true;
  net::TlsProbeOptions options;
  options.version = version;
  options.server_name = tools.options.host;
  options.ca_file = tools.options.ca_file;
  options.timeout = tools.options.timeout;
  net::TlsProbe probe = net::probe_tls((*connection)->stream().fd(), options);
  seen.is_heard = seen.is_heard || probe.outcome != Outcome::silent;
  return probe;
}

}  // namespace

TlsSeen probe_port_tls(ScanTools& tools, PortSeen& seen) {
  TlsSeen tls;
  tls.any = shake_hands(tools, seen, net::OfferedTls::any);
  for (std::size_t i = 0; tls.is_spoken() && i < TlsSeen::versions.size(); ++i) {
    const bool is_known = tls.any.version == version_names[i];
    tls.outcomes[i] =
        is_known ? Outcome::agreed : shake_hands(tools, seen, TlsSeen::versions[i]).outcome;
  }
  return tls;
}

}  // namespace peal::cli
