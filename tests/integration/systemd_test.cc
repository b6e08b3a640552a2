#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <string>
#include <vector>

#include "integration/fixture.h"
#include "integration/support/wait.h"

namespace integration {
namespace {

/// Stands in systemd's place: a datagram socket in a folder, and what came to it in order.
class Manager {
 public:
  Manager() : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path().data(), path().size());
    EXPECT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  ~Manager() { ::close(socket_); }
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  [[nodiscard]] std::string path() const { return folder_.file("notify"); }

  /// Everything that was said so far.
  const std::vector<std::string>& heard() {
    std::array<char, 256> text{};
    for (;;) {
      const ssize_t size = ::recv(socket_, text.data(), text.size(), MSG_DONTWAIT);
      if (size < 0) return heard_;
      heard_.emplace_back(text.data(), static_cast<std::size_t>(size));
    }
  }

 private:
  TempDir folder_;
  int socket_;
  std::vector<std::string> heard_;
};

TEST(SystemdService, IsReadyWhenItAnswersLivesAndSaysThatItEnds) {
  Manager manager;
  Service service{health_agent({{"NOTIFY_SOCKET", manager.path()}, {"WATCHDOG_USEC", "200000"}})};
  EXPECT_TRUE(eventually([&] { return !manager.heard().empty(); }));
  EXPECT_EQ(manager.heard().front(), "READY=1");
  EXPECT_TRUE(service.healthy());
  EXPECT_TRUE(eventually([&] { return manager.heard().size() > 5; })) << "ten times a second";
  service.process().send_signal(SIGHUP);
  const std::size_t before = manager.heard().size();
  EXPECT_TRUE(eventually([&] { return manager.heard().size() > before + 3; }))
      << "also after SIGHUP";
  EXPECT_EQ(service.stop().status->code, 0);
  EXPECT_EQ(manager.heard().back(), "STOPPING=1");
  for (std::size_t i = 1; i + 1 < manager.heard().size(); ++i)
    EXPECT_EQ(manager.heard()[i], "WATCHDOG=1");
}

}  // namespace
}  // namespace integration
