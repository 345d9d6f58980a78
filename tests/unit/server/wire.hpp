// A connection to a server inside this program, with bytes written by hand.
#pragma once

#include <algorithm>
#include <arpa/inet.h>
#include <cstdint>
#include <gtest/gtest.h>
#include <poll.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>

namespace peal::server {

class Wire {
 public:
  explicit Wire(const std::string& address) { EXPECT_TRUE(connect_to(address)) << address; }
  ~Wire() { close(fd_); }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  /// Whether anybody listens there.
  static bool is_served(const std::string& address) { return Wire().connect_to(address); }

  void send(std::string_view bytes) {
    EXPECT_EQ(write(fd_, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  }
  /// Exactly `count` bytes, or fewer when the peer closes or ten seconds pass.
  std::string receive(std::size_t count) {
    std::string got;
    while (got.size() < count) {
      pollfd waiting{fd_, POLLIN, 0};
      char buffer[256];
      if (poll(&waiting, 1, 10'000) <= 0) {
        break;
      }
      const ssize_t n = read(fd_, buffer, std::min(sizeof(buffer), count - got.size()));
      if (n <= 0) {
        break;
      }
      got.append(buffer, static_cast<std::size_t>(n));
    }
    return got;
  }

 private:
  Wire() = default;
  bool connect_to(const std::string& address) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port =
        htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.find(':') + 1))));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0;
  }

  int fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
};

using namespace std::string_view_literals;
inline constexpr auto connect_a =
    "\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01"
    "a"sv;
inline constexpr auto connack = "\x20\x02\x00\x00"sv;
inline constexpr auto subscribe_t = "\x82\x06\x00\x01\x00\x01t\x00"sv;
inline constexpr auto suback = "\x90\x03\x00\x01\x00"sv;

}  // namespace peal::server
