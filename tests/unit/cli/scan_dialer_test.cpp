#include "peal/cli/scan_dialer.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/socket.h>
#include <tuple>
#include <unistd.h>

#include "peal/net/stream.hpp"

namespace peal::cli {
namespace {

/// A port on loopback whose connections nobody looks at: the system takes them.
class Port {
 public:
  Port() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(fd_, 128), 0);
    EXPECT_EQ(getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    number_ = ntohs(address.sin_port);
  }
  ~Port() { close(fd_); }
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;
  [[nodiscard]] std::uint16_t number() const { return number_; }

 private:
  int fd_;
  std::uint16_t number_ = 0;
};

ScanOptions options_for(const std::string& host) {
  ScanOptions options;
  options.host = host;
  return options;
}

TEST(ScanDialer, NeverMoreConnectionsThanTheLimit) {
  const Port port;
  const ScanOptions options = options_for("127.0.0.1");
  ScanDialer dialer(options);
  for (std::size_t i = 0; i < scan_connections_limit; ++i) {
    EXPECT_FALSE(dialer.is_exhausted());
    const auto connection = dialer.dial(port.number(), Way::tcp);
    ASSERT_TRUE(connection.has_value()) << connection.error();
  }
  EXPECT_TRUE(dialer.is_exhausted());
  const auto refused = dialer.dial(port.number(), Way::tcp);
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().find("limit"), std::string::npos);
  EXPECT_EQ(dialer.connections(), scan_connections_limit);
}

TEST(ScanDialer, WhatFailsIsCountedToo) {
  std::uint16_t number = 0;
  {
    const Port port;
    number = port.number();
  }
  const ScanOptions options = options_for("127.0.0.1");
  ScanDialer dialer(options);
  const auto refused = dialer.dial(number, Way::tcp);
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().find("Connection refused"), std::string::npos) << refused.error();
  EXPECT_EQ(dialer.connections(), 1U);
}

TEST(ScanDialer, NeverTwoConnectionsAtOnce) {
  const Port port;
  const ScanOptions options = options_for("127.0.0.1");
  ScanDialer dialer(options);
  const auto first = dialer.dial(port.number(), Way::tcp);
  ASSERT_TRUE(first.has_value());
  EXPECT_DEATH(std::ignore = dialer.dial(port.number(), Way::tcp), "is_open_");
}

TEST(ScanDialer, TheAddressThatAnsweredIsKept) {
  const Port port;
  const ScanOptions options = options_for("localhost");
  ScanDialer dialer(options);
  EXPECT_TRUE(dialer.is_loopback());
  ASSERT_TRUE(dialer.dial(port.number(), Way::tcp).has_value());
  EXPECT_EQ(dialer.address(), "127.0.0.1");
  const std::size_t before = dialer.connections();
  ASSERT_TRUE(dialer.dial(port.number(), Way::tcp).has_value());
  EXPECT_EQ(dialer.connections(), before + 1);
}

TEST(ScanDialer, ANameWithoutAnAddress) {
  const ScanOptions options = options_for("no-such-host.invalid");
  EXPECT_THROW(ScanDialer{options}, std::runtime_error);
}

}  // namespace
}  // namespace peal::cli
