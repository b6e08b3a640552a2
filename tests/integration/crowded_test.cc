#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "integration/fixture.h"
#include "integration/support/proc.h"
#include "integration/support/raw_socket.h"

namespace integration {
namespace {

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t found = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1))
    ++found;
  return found;
}

/// Connects and resets at once, `times` times, without waiting for anybody.
void connect_and_reset(std::uint16_t port, int times) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const linger at_once{1, 0};
  for (int i = 0; i < times; ++i) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    static_cast<void>(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address));
    ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::close(fd);
  }
}

class Crowded : public testing::Test {
 protected:
  [[nodiscard]] std::string listener() const {
    const Response health = service_.http().send({.path = "/api/health", .timeout = 3s});
    return health.status == 200 ? health.json().value("listener", "") : "";
  }

  /// A sum of the metrics, once they can be had: where places are scarce, who has just come may have
  /// to go again.
  [[nodiscard]] double sum(const std::string& name) const {
    double value = -1;
    EXPECT_TRUE(eventually([&] {
      const Response page = service_.http().get("/metrics");
      if (page.status == 200) value = Metrics::parse(page.body).sum(name, {});
      return page.status == 200;
    }));
    return value;
  }

  Service service_{health_agent()};
};

TEST_F(Crowded, IdleConnectionsThatTakeAllDescriptorsLockNobodyOut) {
  EXPECT_EQ(listener(), "ok");
  std::vector<RawSocket> idle;
  for (int i = 0; i < 300; ++i)
    idle.emplace_back(service_.api_port());
  const std::uint64_t before = set_limit(service_.pid(), RLIMIT_NOFILE, 64);
  for (int i = 0; i < 300; ++i)
    idle.emplace_back(service_.api_port());
  for (int i = 0; i < 5; ++i)
    EXPECT_TRUE(eventually([this] { return listener() == "degraded"; }, 10s)) << i;
  EXPECT_TRUE(eventually([this] { return sum("http_connections_open") <= 64; }));
  EXPECT_GT(sum("http_idle_connections_closed_total"), 0);
  EXPECT_GT(sum("http_listener_accept_errors_total"), 0);

  set_limit(service_.pid(), RLIMIT_NOFILE, before);
  idle.clear();
  EXPECT_TRUE(eventually([this] { return listener() == "ok"; }, 30s));
  const std::string log = service_.output() + service_.errors();
  EXPECT_EQ(count(log, "the API cannot take every connection"), 1u) << log;
  EXPECT_EQ(count(log, "the API takes connections again"), 1u);
}

TEST_F(Crowded, ClientsThatDoNotReadTheirAnswersLockNobodyOut) {
  std::string requests;
  for (int i = 0; i < 60; ++i)
    requests += "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
  set_limit(service_.pid(), RLIMIT_NOFILE, 64);
  std::vector<RawSocket> deaf;
  const auto crowd = [&](int clients) {
    for (int i = 0; i < clients; ++i) {
      deaf.emplace_back(service_.api_port(), RawSocket::kSmallReceiveBuffer);
      deaf.back().send(requests);
    }
  };
  crowd(80);
  double served = 0;  // by and by each of them waits
  EXPECT_TRUE(eventually([&] {
    const double before = std::exchange(served, sum("http_requests_total"));
    return served > 500 && served - before <= 1;
  }));
  std::string said;
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(eventually([&] {
      said = listener();
      if (said == "ok") crowd(20);  // those before have been given up
      return said == "degraded";
    })) << i << " '" << said << "'";
  }
}

TEST_F(Crowded, ConnectionsThatAreResetAtOnceLeaveNothingBehind) {
  for (int round = 0; round < 2; ++round) {
    std::vector<std::thread> attackers;
    for (int i = 0; i < 2; ++i)
      attackers.emplace_back([this] { connect_and_reset(service_.api_port(), 12'500); });
    for (std::thread& attacker : attackers)
      attacker.join();
    EXPECT_TRUE(eventually([this] { return !listener().empty(); }, 3s)) << "no answer";
  }
  EXPECT_TRUE(eventually([this] { return sockets_of(service_.pid()).tcp.size() <= 3; }, 10s));
  EXPECT_TRUE(
      eventually([this] { return service_.metrics().sum("http_connections_open", {}) <= 1; }, 10s));
}

}  // namespace
}  // namespace integration
