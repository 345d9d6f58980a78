#include "peal/cli/bench_socket.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdexcept>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

#include "peal/mqtt/decode.hpp"

namespace peal::cli {
namespace {

constexpr int buffer_bytes = 16 << 20;
constexpr std::size_t packet_size_limit = std::size_t{1} << 28;

[[noreturn]] void throw_errno(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

void set_option(int fd, int level, int name, int value) {
  ::setsockopt(fd, level, name, &value, sizeof value);
}

sockaddr_in address_of(const std::string& host, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (::inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) {
    throw std::runtime_error("not an IPv4 address: " + host);
  }
  return address;
}

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

void bind_source(int fd, std::size_t index) {
  sockaddr_in source = address_of("127.0.0.1", 0);
  source.sin_addr.s_addr += htonl(static_cast<std::uint32_t>(index / 20'000));
  set_option(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&source), sizeof source) != 0) {
    throw_errno("bind");
  }
}

}  // namespace

BenchSocket::~BenchSocket() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

void BenchSocket::send_all(Bytes bytes) const {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EINTR) {
      throw_errno("send");
    }
    bytes = bytes.subspan(sent < 0 ? 0 : static_cast<std::size_t>(sent));
  }
}

Packet BenchSocket::await(mqtt::PacketType type) const {
  Packet packet;
  for (;;) {
    const auto frame = mqtt::next_frame(packet, packet_size_limit);
    if (!frame) {
      throw std::runtime_error("the broker sent no MQTT");
    }
    if (*frame && (*frame)->header.type == type) {
      return packet;
    }
    if (*frame) {
      packet.clear();
    }
    std::uint8_t byte = 0;
    const ssize_t got = ::recv(fd_, &byte, 1, 0);
    if (got == 0) {
      throw std::runtime_error("the broker closed the connection instead of sending " +
                               std::string(mqtt::packet_name(type)));
    }
    if (got < 0 && errno != EINTR) {
      throw_errno("recv");
    }
    if (got == 1) {
      packet.push_back(byte);
    }
  }
}

void BenchSocket::set_nonblocking() const {
  if (::fcntl(fd_, F_SETFL, ::fcntl(fd_, F_GETFL) | O_NONBLOCK) != 0) {
    throw_errno("fcntl");
  }
}

std::size_t BenchSocket::write_some(Bytes bytes) const {
  const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (sent < 0 && !would_block()) {
    throw_errno("send");
  }
  return sent < 0 ? 0 : static_cast<std::size_t>(sent);
}

std::size_t BenchSocket::read_some(MutableBytes room) const {
  const ssize_t got = ::recv(fd_, room.data(), room.size(), 0);
  if (got == 0) {
    throw std::runtime_error("the broker closed a connection");
  }
  if (got < 0 && !would_block()) {
    throw_errno("recv");
  }
  return got < 0 ? 0 : static_cast<std::size_t>(got);
}

BenchSocket listen_on(std::uint16_t port) {
  BenchSocket listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  set_option(listener.fd(), SOL_SOCKET, SO_REUSEADDR, 1);
  const sockaddr_in address = address_of("127.0.0.1", port);
  if (::bind(listener.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener.fd(), 4096) != 0) {
    throw_errno("listen");
  }
  return listener;
}

std::uint16_t port_of(const BenchSocket& listener) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(listener.fd(), reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

void tune(const BenchSocket& socket) {
  set_option(socket.fd(), IPPROTO_TCP, TCP_NODELAY, 1);
  // The FORCE forms pass net.core.wmem_max and rmem_max, but need CAP_NET_ADMIN.
  set_option(socket.fd(), SOL_SOCKET, SO_SNDBUF, buffer_bytes);
  set_option(socket.fd(), SOL_SOCKET, SO_SNDBUFFORCE, buffer_bytes);
  set_option(socket.fd(), SOL_SOCKET, SO_RCVBUF, buffer_bytes);
  set_option(socket.fd(), SOL_SOCKET, SO_RCVBUFFORCE, buffer_bytes);
}

BenchSocket connect_to(const Endpoint& broker, std::size_t index) {
  BenchSocket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (socket.fd() < 0) {
    throw_errno("socket");
  }
  const sockaddr_in address = address_of(broker.host, broker.port);
  if (broker.host == "127.0.0.1") {
    bind_source(socket.fd(), index);
  }
  if (::connect(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw_errno("connect");
  }
  return socket;
}

BenchSocket connect_client(const Endpoint& broker, std::size_t index, mqtt::ProtocolVersion version,
                           std::string_view client_id, bool keeps_session) {
  BenchSocket socket = connect_to(broker, index);
  socket.send_all(connect_packet(version, client_id, keeps_session));
  const Packet answer = socket.await(mqtt::PacketType::connack);
  const auto frame = mqtt::next_frame(answer, packet_size_limit);
  const auto connack = mqtt::decode_connack((*frame)->body, version);
  if (!connack || mqtt::is_error(connack->reason)) {
    throw std::runtime_error("the broker refused " + std::string(client_id));
  }
  return socket;
}

void subscribe(const BenchSocket& socket, mqtt::ProtocolVersion version,
               std::span<const std::string> filters, mqtt::QoS qos) {
  socket.send_all(subscribe_packet(version, filters, qos));
  const Packet answer = socket.await(mqtt::PacketType::suback);
  const auto frame = mqtt::next_frame(answer, packet_size_limit);
  const auto suback = mqtt::decode_suback(mqtt::PacketType::suback, (*frame)->body, version);
  if (!suback || suback->reason_codes.size() != filters.size()) {
    throw std::runtime_error("the broker's SUBACK does not fit the SUBSCRIBE");
  }
  for (const std::uint8_t reason : suback->reason_codes) {
    if (reason >= 0x80) {
      throw std::runtime_error("the broker refused a subscription");
    }
  }
}

}  // namespace peal::cli
