#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <map>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "integration/fixture.h"
#include "integration/support/proc.h"
#include "integration/support/raw_socket.h"

namespace integration {
namespace {

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
  // As long as it lasts, every request is served, from the database too.
  for (int i = 0; i < 300; ++i) {
    idle.emplace_back(service_.api_port());
    if (i % 15 != 0) continue;
    EXPECT_TRUE(eventually([&] {
      const std::string user = R"({"user_id":"user-)" + std::to_string(i) + "\"}";
      return service_.http()
                     .send({.method = "POST",
                            .path = "/api/v1/users",
                            .headers = {{"Content-Type", "application/json"}},
                            .body = user,
                            .timeout = 3s})
                     .status /
                 100 ==
             2;
    })) << i;
    EXPECT_TRUE(eventually([this] { return listener() == "degraded"; })) << i;
  }
  EXPECT_TRUE(eventually([this] { return sum("http_connections_open") <= 64; }));
  EXPECT_GT(sum("http_idle_connections_closed_total"), 0);
  EXPECT_GT(sum("http_listener_accept_errors_total"), 0);

  set_limit(service_.pid(), RLIMIT_NOFILE, before);
  idle.clear();
  EXPECT_TRUE(eventually([this] { return listener() == "ok"; }, 60s));
  EXPECT_TRUE(tells_once(service_, "the API cannot take every connection"));
  EXPECT_TRUE(tells_once(service_, "the API takes connections again"));
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
    })) << i
        << " '" << said << "'";
  }
}

TEST_F(Crowded, ConnectionsThatAreResetAtOnceLeaveNothingBehind) {
  for (int round = 0; round < 2; ++round) {
    std::vector<std::thread> attackers;
    for (int i = 0; i < 2; ++i)
      attackers.emplace_back([this] { connect_and_reset(service_.api_port(), 12'500); });
    for (std::thread& attacker : attackers)
      attacker.join();
    EXPECT_TRUE(eventually([this] { return !listener().empty(); })) << "no answer";
  }
  EXPECT_TRUE(eventually([this] { return sockets_of(service_.pid()).tcp.size() <= 3; }));
  EXPECT_TRUE(
      eventually([this] { return service_.metrics().sum("http_connections_open", {}) <= 1; }));
  // Trouble, if there was any, is over and was told of; nothing of it counts as a request.
  EXPECT_TRUE(eventually([this] { return listener() == "ok"; }, 60s));
  const std::size_t troubles = times_told(service_, "the API cannot take every connection");
  const bool trouble = troubles > 0;
  EXPECT_TRUE(eventually(
      [&] { return times_told(service_, "the API takes connections again") == troubles; }));
  const Metrics metrics = service_.metrics();
  EXPECT_EQ(metrics.sum("http_listener_accept_errors_total", {}) -
                    metrics.sum("http_listener_accept_errors_total", {{"error", "aborted"}}) >
                0,
            trouble);
  EXPECT_EQ(metrics.sum("http_requests_total", {{"endpoint", "(unmatched)"}}), 0);
  EXPECT_EQ(metrics.sum("http_errors_total", {}), 0);
}

TEST_F(Crowded, WithoutDescriptorsTheMetricsListenerStillAnswersOneAfterTheOther) {
  const auto scraped = [this] {
    RawSocket socket{service_.metrics_port()};
    socket.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const auto page = socket.read_response(3s);
    return page && page->status == 200;
  };
  EXPECT_TRUE(eventually(scraped));
  const std::uint64_t before =
      set_limit(service_.pid(), RLIMIT_NOFILE, open_files_of(service_.pid()));
  std::vector<RawSocket> idle;
  for (int i = 0; i < 60; ++i) {
    idle.emplace_back(service_.metrics_port());
    if (i % 10 != 0) continue;
    EXPECT_TRUE(eventually(scraped, 60s)) << i;
  }
  const auto metrics_listener = [this] {
    const Response health = service_.http().send({.path = "/api/health", .timeout = 3s});
    return health.status == 200 ? health.json().value("metrics_listener", "") : "";
  };
  EXPECT_TRUE(tells(service_, "metrics listener"));

  set_limit(service_.pid(), RLIMIT_NOFILE, before);
  idle.clear();
  EXPECT_TRUE(eventually([&] { return scraped() && metrics_listener() == "ok"; }, 60s))
      << service_.errors();
  EXPECT_GT(sum("vitals_scrape_accept_failures_total"), 0);
  EXPECT_TRUE(tells(service_, "metrics listener: connections are taken again"));
}

/// Its address space in bytes.
std::size_t addresses_of(pid_t pid) {
  std::istringstream pages{read_file("/proc/" + std::to_string(pid) + "/statm")};
  std::size_t count = 0;
  pages >> count;
  return count * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

TEST(ShortOfMemory, ARunningServiceAnswers503AndIsWholeAgainAfterwards) {
  if (kSlowness > 1) return;  // sanitizers take terabytes of addresses
  EnvelopeReceiver receiver;
  // One heap, so that what the limit leaves is not in another one's reserve.
  Service service{health_agent(
      with_sentry(receiver, {{"MALLOC_ARENA_MAX", "1"}, {"SENTRY_TRACES_SAMPLE_RATE", "1"}}))};
  Http client = service.http();
  create_user(client, "ann");
  Json foods = Json::array();
  for (int i = 0; i < 100; ++i)
    foods.push_back({{"name", "food " + std::to_string(i)}, {"quantity", 1}, {"calories", 9}});
  const std::string meal = Json{{"foods", foods}, {"meal_type", "lunch"}}.dump();
  std::string numbers = R"({"user_id":"ann","message":[1)";
  while (numbers.size() < 1'000'000)
    numbers += ",1";
  numbers += "]}";  // takes many times its size to read
  const auto ask = [&](const std::string& method, const std::string& path,
                       const std::string& body) {
    return service.http()
        .send({.method = method,
               .path = path,
               .headers = {{"Content-Type", "application/json"}},
               .body = body,
               .timeout = 5s})
        .status;
  };
  EXPECT_EQ(ask("POST", "/api/v1/chat", numbers), 400);

  for (const std::size_t left : {std::size_t{4} << 20U, std::size_t{1} << 20U, std::size_t{0}}) {
    SCOPED_TRACE(left);
    const std::uint64_t before =
        set_limit(service.pid(), RLIMIT_AS, addresses_of(service.pid()) + left);
    std::map<int, int> statuses;
    std::mutex mutex;
    std::vector<std::thread> clients;
    for (int number = 0; number < 6; ++number) {
      clients.emplace_back([&] {
        for (int i = 0; i < 4; ++i) {
          static_cast<void>(ask("GET", "/metrics", ""));  // says by itself that it has no page
          for (const int status :
               {ask("POST", "/api/v1/chat", numbers), ask("POST", "/api/v1/users/ann/food", meal),
                ask("GET", "/api/v1/users/ann/food", ""),
                ask("POST", "/api/v1/chat", R"({"user_id":"ann","message":"2 eggs"})")}) {
            const std::lock_guard lock{mutex};
            ++statuses[status];
          }
        }
      });
    }
    for (std::thread& each : clients)
      each.join();
    EXPECT_GT(statuses[503], 0) << "there was memory enough";
    EXPECT_EQ(statuses[500], 0) << service.errors();
    ASSERT_TRUE(service.process().running()) << service.errors();
    set_limit(service.pid(), RLIMIT_AS, before);
    EXPECT_TRUE(eventually([&] {
      return ask("POST", "/api/v1/users/ann/profile", "") == 405 &&
             ask("GET", "/api/v1/users/ann/food", "") == 200 &&
             ask("POST", "/api/v1/chat", R"({"user_id":"ann","message":"2 eggs"})") == 200 &&
             service.healthy();
    })) << service.errors();
  }
  EXPECT_EQ(service.stop().status->code, 0) << service.errors();
}

}  // namespace
}  // namespace integration
