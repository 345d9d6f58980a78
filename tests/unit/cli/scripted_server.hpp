// The other side of a client under test: one TCP connection on loopback that expects packets and
// answers them as a script says, byte by byte.
#pragma once

#include <arpa/inet.h>
#include <cstdint>
#include <functional>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace peal::cli {

/// "20 02 00 00" as bytes; "'abc'" is text.
[[nodiscard]] std::string bytes_of(const std::string& hex);

class ScriptedServer {
 public:
  /// `script` runs on a thread of its own once the client is connected.
  explicit ScriptedServer(std::function<void(ScriptedServer&)> script);
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }

  // For the script.
  /// Reads one packet of any content.    returns   it whole; empty at the end of the stream.
  std::string read_packet();
  /// Reads one packet and expects it to be these bytes.
  void expect(const std::string& hex);
  void send(const std::string& hex);
  /// The same; false when the client is gone.
  bool try_send(const std::string& hex);
  /// Reads CONNECT and accepts it.
  void accept(const std::string& connack = "20 02 00 00");
  /// Expects DISCONNECT and the end of the stream.
  void expect_goodbye(const std::string& hex = "e0 00");
  /// Closes and takes the next connection.
  void next_connection();

 private:
  [[nodiscard]] std::string read(std::size_t size) const;
  void take_connection();

  int listener_ = -1;
  int fd_ = -1;
  std::uint16_t port_ = 0;
  std::jthread thread_;
};

inline std::string bytes_of(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i < hex.size();) {
    if (hex[i] == ' ') {
      ++i;
    } else if (hex[i] == '\'') {
      const std::size_t end = hex.find('\'', i + 1);
      bytes += hex.substr(i + 1, end - i - 1);
      i = end + 1;
    } else {
      bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
      i += 2;
    }
  }
  return bytes;
}

inline ScriptedServer::ScriptedServer(std::function<void(ScriptedServer&)> script) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(listen(listener_, 4), 0);
  EXPECT_EQ(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size), 0);
  port_ = ntohs(address.sin_port);
  thread_ = std::jthread([this, run = std::move(script)] {
    take_connection();
    run(*this);
    close(fd_);
    close(listener_);
  });
}

inline ScriptedServer::~ScriptedServer() = default;

inline void ScriptedServer::take_connection() {
  fd_ = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  const timeval limit{10, 0};
  setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
}

inline void ScriptedServer::next_connection() {
  close(fd_);
  take_connection();
}

inline std::string ScriptedServer::read(std::size_t size) const {
  std::string bytes(size, '\0');
  const ssize_t got = recv(fd_, bytes.data(), size, MSG_WAITALL);
  bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return bytes;
}

inline std::string ScriptedServer::read_packet() {
  std::string packet = read(1);
  std::size_t length = 0;
  for (unsigned shift = 0; !packet.empty(); shift += 7) {
    const std::string byte = read(1);
    packet += byte;
    const auto value = static_cast<unsigned char>(byte.empty() ? 0 : byte[0]);
    length |= static_cast<std::size_t>(value & 0x7F) << shift;
    if ((value & 0x80) == 0) {
      break;
    }
  }
  return length == 0 ? packet : packet + read(length);
}

inline void ScriptedServer::expect(const std::string& hex) {
  EXPECT_EQ(read_packet(), bytes_of(hex));
}

inline void ScriptedServer::send(const std::string& hex) { EXPECT_TRUE(try_send(hex)); }

inline bool ScriptedServer::try_send(const std::string& hex) {
  const std::string bytes = bytes_of(hex);
  return ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
         static_cast<ssize_t>(bytes.size());
}

inline void ScriptedServer::accept(const std::string& connack) {
  const std::string packet = read_packet();
  EXPECT_TRUE(packet.starts_with('\x10'));
  send(connack);
}

inline void ScriptedServer::expect_goodbye(const std::string& hex) {
  expect(hex);
  EXPECT_EQ(read(1), "");
}

}  // namespace peal::cli
