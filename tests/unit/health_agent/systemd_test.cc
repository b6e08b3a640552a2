#include "health_agent/systemd.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>

namespace health_agent {
namespace {

using namespace std::chrono_literals;

/// Stands in systemd's place: a datagram socket with an abstract name, and the environment that
/// leads to it.
class Manager {
 public:
  explicit Manager(const char* watchdog_usec = nullptr)
      : socket_(::socket(AF_UNIX, SOCK_DGRAM, 0)) {
    const std::string name = "@vitals-systemd-test-" + std::to_string(::getpid());
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    address.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    EXPECT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), size), 0);
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
    if (watchdog_usec != nullptr) ::setenv("WATCHDOG_USEC", watchdog_usec, 1);
  }
  ~Manager() {
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"})
      ::unsetenv(name);
    ::close(socket_);
  }
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  /// The next message, or nothing.
  [[nodiscard]] std::string heard() const {
    std::array<char, 256> text{};
    const ssize_t size = ::recv(socket_, text.data(), text.size(), MSG_DONTWAIT);
    return size < 0 ? "" : std::string(text.data(), static_cast<std::size_t>(size));
  }

 private:
  int socket_;
};

TEST(Systemd, HearsThatTheServiceIsReadyLivesAndEnds) {
  const Manager manager;
  Systemd systemd;
  systemd.ready();
  EXPECT_EQ(manager.heard(), "READY=1");
  systemd.alive();
  EXPECT_EQ(manager.heard(), "WATCHDOG=1");
  systemd.stopping();
  EXPECT_EQ(manager.heard(), "STOPPING=1");
}

TEST(Systemd, IsToldTwiceInTheTimeThatItWaits) {
  const Manager manager{"30000000"};
  EXPECT_EQ(Systemd{}.watchdog(), 15s);
}

TEST(Systemd, WatchesOnlyTheProcessItNamed) {
  const Manager manager{"30000000"};
  ::setenv("WATCHDOG_PID", "1", 1);
  EXPECT_EQ(Systemd{}.watchdog(), std::nullopt);
  ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
  EXPECT_EQ(Systemd{}.watchdog(), 15s);
}

TEST(Systemd, NonsenseInTheEnvironmentIsNoWatchdog) {
  for (const char* nonsense : {"", "0", "-5", "soon", "30s", "99999999999999999999999"}) {
    const Manager manager{nonsense};
    EXPECT_EQ(Systemd{}.watchdog(), std::nullopt) << nonsense;
  }
}

TEST(Systemd, WhereNobodyAskedNothingIsSaid) {
  Systemd outside;
  outside.ready();
  EXPECT_EQ(outside.watchdog(), std::nullopt);
  for (const std::string& address :
       {std::string{"relative"}, std::string{"/nowhere/at/all"}, "@" + std::string(500, 'x')}) {
    ::setenv("NOTIFY_SOCKET", address.c_str(), 1);
    Systemd systemd;
    systemd.ready();
    systemd.alive();
    ::unsetenv("NOTIFY_SOCKET");
  }
}

TEST(Systemd, AFullSocketNeverBlocks) {
  const Manager manager;
  Systemd systemd;
  for (int i = 0; i < 10'000; ++i)
    systemd.alive();
  EXPECT_EQ(manager.heard(), "WATCHDOG=1");
}

}  // namespace
}  // namespace health_agent
