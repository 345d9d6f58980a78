// Listeners: addresses, options, Unix sockets, many connections at once, and no descriptor left.
#include "peal/net/listener.hpp"

#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "support/temporary_folder.hpp"

#include "peal/net/stream.hpp"

namespace peal::net {
namespace {

using namespace std::chrono_literals;

std::unique_ptr<Listener> open(const ListenerSettings& settings) {
  auto listener = Listener::open(settings);
  EXPECT_TRUE(listener.has_value()) << listener.error();
  return listener ? std::move(*listener) : nullptr;
}

/// Accepts into a list that closes what is in it.
struct Accepted {
  ~Accepted() {
    for (const int fd : fds) {
      ::close(fd);
    }
  }
  Listener::OnAccept note() {
    return [this](int fd, const Address& peer) {
      fds.push_back(fd);
      peers.push_back(peer);
    };
  }
  std::vector<int> fds;
  std::vector<Address> peers;
};

/// A non-blocking socket that connects to `port` on loopback.
int connect_to(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  return fd;
}

int option(int fd, int level, int name) {
  int value = 0;
  socklen_t size = sizeof value;
  EXPECT_EQ(getsockopt(fd, level, name, &value, &size), 0);
  return value;
}

TEST(Listener, tells_the_port_it_got) {
  const auto listener = open({.bind = "127.0.0.1:0"});
  ASSERT_NE(listener, nullptr);
  EXPECT_NE(listener->port(), 0);
  EXPECT_EQ(listener->bound_address(), "127.0.0.1:" + std::to_string(listener->port()));
  const auto six = open({.bind = "[::1]:0"});
  ASSERT_NE(six, nullptr);
  EXPECT_EQ(six->bound_address(), "[::1]:" + std::to_string(six->port()));
}

TEST(Listener, accepts_with_everything_set) {
  Loop loop;
  Accepted accepted;
  const auto listener = open({.bind = "127.0.0.1:0"});
  ASSERT_TRUE(listener->attach(loop, accepted.note()));
  const int client = connect_to(listener->port());
  loop.poll(1s);
  ASSERT_EQ(accepted.fds.size(), 1U);
  const int fd = accepted.fds[0];
  EXPECT_EQ(accepted.peers[0].text(), "127.0.0.1");
  EXPECT_NE(accepted.peers[0].port(), 0);
  EXPECT_NE(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_NE(option(fd, IPPROTO_TCP, TCP_NODELAY), 0);
  EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 120'000);
  EXPECT_NE(option(fd, SOL_SOCKET, SO_KEEPALIVE), 0);
  EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_KEEPIDLE), 600);
  EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_KEEPINTVL), 30);
  ::close(client);
}

TEST(Listener, accepts_many_in_turns_of_64) {
  Loop loop;
  Accepted accepted;
  const auto listener = open({.bind = "127.0.0.1:0"});
  std::vector<int> clients;
  for (int i = 0; i < 150; ++i) {
    clients.push_back(connect_to(listener->port()));
  }
  ASSERT_TRUE(listener->attach(loop, accepted.note()));
  loop.poll(1s);
  EXPECT_EQ(accepted.fds.size(), 64U);
  loop.poll(1s);
  EXPECT_EQ(accepted.fds.size(), 128U);
  loop.poll(1s);
  EXPECT_EQ(accepted.fds.size(), 150U);
  for (const int client : clients) {
    ::close(client);
  }
}

TEST(Listener, takes_ipv4_on_the_ipv6_wildcard) {
  Loop loop;
  Accepted accepted;
  const auto listener = open({.bind = "[::]:0"});
  ASSERT_TRUE(listener->attach(loop, accepted.note()));
  const int client = connect_to(listener->port());
  loop.poll(1s);
  ASSERT_EQ(accepted.peers.size(), 1U);
  EXPECT_EQ(accepted.peers[0].text(), "127.0.0.1");
  ::close(client);
}

TEST(Listener, shares_a_port_only_when_asked) {
  const auto first = open({.bind = "127.0.0.1:0", .share_port = true});
  const auto second = open({.bind = first->bound_address(), .share_port = true});
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(second->port(), first->port());
  const auto alone = open({.bind = "127.0.0.1:0"});
  const auto refused = Listener::open({.bind = alone->bound_address()});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error(),
            "cannot listen on " + alone->bound_address() + ": Address already in use");
}

TEST(Listener, refuses_what_is_no_address) {
  for (const char* text : {"", "1883", ":1883", "localhost", "localhost:", "localhost:x",
                           "localhost:65536", "::1:1883", "127.0.0.1:-1", "unix:"}) {
    const auto listener = Listener::open({.bind = text});
    ASSERT_FALSE(listener.has_value()) << text;
    EXPECT_NE(listener.error().find(text), std::string::npos) << listener.error();
  }
  EXPECT_FALSE(Listener::open({.bind = "unix:" + std::string(200, 'x')}).has_value());
  EXPECT_FALSE(Listener::open({.bind = "192.0.2.1:0"}).has_value());
}

TEST(Listener, makes_and_removes_a_unix_socket) {
  const test::TemporaryFolder folder;
  const std::string path = folder / "socket";
  Loop loop;
  Accepted accepted;
  {
    const auto listener = open({.bind = "unix:" + path, .unix_mode = 0660});
    EXPECT_EQ(listener->bound_address(), "unix:" + path);
    ASSERT_TRUE(listener->attach(loop, accepted.note()));
    struct stat status{};
    ASSERT_EQ(stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0660U);
    const auto stream = Stream::connect({.unix_path = path});
    EXPECT_TRUE(stream.has_value());
    loop.poll(1s);
    ASSERT_EQ(accepted.peers.size(), 1U);
    EXPECT_EQ(accepted.peers[0].text(), "unix");
    // One that is served is not taken away.
    EXPECT_FALSE(Listener::open({.bind = "unix:" + path}).has_value());
    EXPECT_TRUE(std::filesystem::exists(path));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(Listener, replaces_a_stale_unix_socket_but_no_file) {
  const test::TemporaryFolder folder;
  const std::string path = folder / "socket";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  const int stale = socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(bind(stale, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ::close(stale);
  EXPECT_NE(open({.bind = "unix:" + path}), nullptr);
  const std::string file = folder / "file";
  ::close(::open(file.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  EXPECT_FALSE(Listener::open({.bind = "unix:" + file}).has_value());
  EXPECT_TRUE(std::filesystem::exists(file));
}

TEST(Listener, closes_what_it_has_no_descriptor_for) {
  Loop loop;
  Accepted accepted;
  const auto listener = open({.bind = "127.0.0.1:0"});
  ASSERT_TRUE(listener->attach(loop, accepted.note()));
  std::vector<int> clients;
  for (int i = 0; i < 10; ++i) {
    clients.push_back(connect_to(listener->port()));
  }
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const int next = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::close(next);
  const rlimit tight{static_cast<rlim_t>(next) + 3, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &tight), 0);
  loop.poll(1s);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(accepted.fds.size(), 3U);
  EXPECT_EQ(listener->shed(), 7U);
  for (const int client : clients) {
    ::close(client);
  }
}

TEST(Listener, stops_and_starts_again) {
  Loop loop;
  Accepted accepted;
  const auto listener = open({.bind = "127.0.0.1:0"});
  ASSERT_TRUE(listener->attach(loop, accepted.note()));
  listener->detach();
  const int client = connect_to(listener->port());
  loop.poll(0ms);
  EXPECT_TRUE(accepted.fds.empty());
  ASSERT_TRUE(listener->attach(loop, accepted.note()));
  loop.poll(1s);
  EXPECT_EQ(accepted.fds.size(), 1U);
  ::close(client);
}

}  // namespace
}  // namespace peal::net
