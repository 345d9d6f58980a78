// What systemd hears of a service.
#include "peal/cli/service_manager.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <gtest/gtest.h>
#include <iterator>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "support/temporary_folder.hpp"

namespace peal::cli {
namespace {

class ServiceManager : public testing::Test {
 protected:
  ~ServiceManager() override {
    ::unsetenv("NOTIFY_SOCKET");
    ::close(fd_);
  }
  /// Listens at `path`, an abstract name when it begins with '@', and says so.
  void listen(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    ASSERT_LT(path.size(), sizeof address.sun_path);
    std::copy(path.begin(), path.end(), std::begin(address.sun_path));
    if (path.front() == '@') {
      address.sun_path[0] = '\0';
    }
    fd_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    ASSERT_EQ(::bind(fd_, reinterpret_cast<const sockaddr*>(&address),
                     static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size())),
              0);
    ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
  }
  [[nodiscard]] std::string heard() const {
    std::array<char, 100> text{};
    const ssize_t size = ::recv(fd_, text.data(), text.size(), 0);
    return size < 0 ? "nothing" : std::string(text.data(), static_cast<std::size_t>(size));
  }

  test::TemporaryFolder folder_;
  int fd_ = -1;
};

TEST_F(ServiceManager, HearsIt) {
  listen(folder_ / "notify");
  EXPECT_EQ(heard(), "nothing");
  tell_service_manager("READY=1");
  EXPECT_EQ(heard(), "READY=1");
  tell_service_manager("STOPPING=1");
  EXPECT_EQ(heard(), "STOPPING=1");
}

TEST_F(ServiceManager, HearsItUnderAnAbstractName) {
  listen("@peal-test-" + std::to_string(::getpid()));
  tell_service_manager("READY=1");
  EXPECT_EQ(heard(), "READY=1");
}

TEST_F(ServiceManager, NeedNotBeThere) {
  listen(folder_ / "notify");
  for (const std::string& path :
       std::array<std::string, 4>{"", "/", folder_ / "nobody", std::string(200, 'x')}) {
    ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
    tell_service_manager("READY=1");
  }
  ::unsetenv("NOTIFY_SOCKET");
  tell_service_manager("READY=1");
  EXPECT_EQ(heard(), "nothing");
}

}  // namespace
}  // namespace peal::cli
