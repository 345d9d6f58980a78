#include "peal/net/host_names.hpp"

#include <arpa/inet.h>
#include <array>
#include <ifaddrs.h>
#include <memory>
#include <net/if.h>
#include <netinet/in.h>
#include <unistd.h>

namespace peal::net {
namespace {

constexpr std::size_t addresses_limit = 64;

struct FreeInterfaces {
  void operator()(ifaddrs* list) const { freeifaddrs(list); }
};

/// Empty for what nobody would connect to.
std::string text_of(const sockaddr* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const char* done = nullptr;
  if (address != nullptr && address->sa_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(address);
    done = inet_ntop(AF_INET, &v4->sin_addr, text.data(), text.size());
  } else if (address != nullptr && address->sa_family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(address);
    if (!IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr)) {
      done = inet_ntop(AF_INET6, &v6->sin6_addr, text.data(), text.size());
    }
  }
  return done != nullptr ? done : "";
}

}  // namespace

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

std::vector<std::string> interface_addresses() {
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) {
    return {};
  }
  const std::unique_ptr<ifaddrs, FreeInterfaces> list(first);
  std::vector<std::string> addresses;
  for (const ifaddrs* next = first; next != nullptr; next = next->ifa_next) {
    if ((next->ifa_flags & IFF_LOOPBACK) != 0 || (next->ifa_flags & IFF_UP) == 0) {
      continue;
    }
    std::string text = text_of(next->ifa_addr);
    if (!text.empty() && addresses.size() < addresses_limit) {
      addresses.push_back(std::move(text));
    }
  }
  return addresses;
}

}  // namespace peal::net
