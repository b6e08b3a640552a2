// The adapters of HTTP servers, each on the real framework.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "adapters/server.h"
#include "integration/support/http.h"
#include "integration/support/wait.h"
#include "vitals/metrics/registry.h"
#include "vitals/monitor/log_context.h"
#include "vitals/monitor/state.h"
#include "vitals/testing/sentry_recorder.h"
#include "vitals/testing/snapshot.h"

namespace adapters_test {

void break_an_egg() {
  throw std::runtime_error{"the secret of the egg"};
}

std::string what_is_current() {
  return std::string{vitals::monitor::current_log_context().request_id};
}

namespace {

using integration::eventually;
using integration::Http;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using vitals::testing::Snapshot;

class Servers : public testing::TestWithParam<Framework> {
 protected:
  Servers() : server_(GetParam().start(scrapes_, console_)) {}

  [[nodiscard]] const Routes& routes() const { return GetParam().routes; }
  [[nodiscard]] double counted(std::string_view route, std::string_view status) const {
    return Snapshot{registry_}.total("http_requests_total",
                                     {{"endpoint", route}, {"status", status}});
  }
  /// Requests are counted when their answer has been handed over, which the client may see before.
  [[nodiscard]] bool becomes(std::string_view route, std::string_view status, double count) const {
    return eventually([&] { return counted(route, status) == count; });
  }

  vitals::metrics::Registry registry_;
  vitals::monitor::MetricsGuard metrics_ = vitals::monitor::enable_metrics(registry_);
  vitals::testing::SentryRecorder sentry_;
  vitals::exporting::ScrapeHandler scrapes_{registry_};
  vitals::console::Console console_{&registry_, nullptr};
  std::unique_ptr<Server> server_;
};

/// A client that sends a request and then does what it likes.
class Raw {
 public:
  Raw(std::uint16_t port, const std::string& text) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int small = 4096;
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL) < 0) {
      throw std::runtime_error("cannot connect");
    }
  }
  Raw(const Raw&) = delete;
  Raw& operator=(const Raw&) = delete;
  ~Raw() { ::close(socket_); }

  /// Reads until the end or until so many bytes; gives how many.
  std::size_t read(std::size_t most, std::chrono::microseconds pause = {}) {
    std::string piece(16 * 1024, '\0');
    std::size_t have = 0;
    while (have < most) {
      const ssize_t got = ::recv(socket_, piece.data(), piece.size(), 0);
      if (got <= 0) break;
      have += static_cast<std::size_t>(got);
      std::this_thread::sleep_for(pause);
    }
    return have;
  }

 private:
  int socket_;
};

TEST_P(Servers, CountEachRequestByItsRouteAndStatus) {
  Http client{server_->port()};
  EXPECT_EQ(client.get("/eggs/7").status, 200);
  EXPECT_EQ(client.get("/eggs/8?fresh=1").status, 200);
  EXPECT_EQ(client.get("/eggs/0").status, 404);
  EXPECT_EQ(client.get("/hens/7").status, 404);
  EXPECT_TRUE(becomes(routes().eggs, "200", 2));
  EXPECT_TRUE(becomes(routes().eggs, "404", 1));
  EXPECT_TRUE(becomes("(unmatched)", "404", 1));
  const Snapshot after{registry_};
  EXPECT_EQ(after.total("http_request_duration_seconds_count", {{"endpoint", routes().eggs}}), 3);
  EXPECT_EQ(after.total("http_requests_in_progress"), 0);
}

TEST_P(Servers, TakeTheCallersIdAndTraceAndGiveThemBack) {
  Http client{server_->port()};
  const auto answer = client.get(
      "/eggs/7", {{"X-Request-ID", "egg-1"},
                  {"sentry-trace", "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1"}});
  EXPECT_EQ(answer.body, "egg-1") << "it is current in the handler";
  EXPECT_EQ(answer.header("x-request-id"), "egg-1");
  EXPECT_EQ(answer.header("x-trace-id"), "0af7651916cd43dd8448eb211c80319c");
  EXPECT_THAT(client.get("/hens/7").header("x-request-id"), SizeIs(36)) << "one of its own";
  EXPECT_TRUE(eventually([&] { return sentry_.transactions().size() == 2; }));
  EXPECT_EQ(sentry_.transactions()[0].transaction, "GET " + routes().eggs);
}

TEST_P(Servers, AnExceptionThatLeavesAHandlerIsAnEvent) {
  Http client{server_->port()};
  const auto answer = client.get("/throws/7", {{"X-Request-ID", "egg-2"}});
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(answer.header("x-request-id"), "egg-2");
  EXPECT_THAT(answer.body, Not(HasSubstr("secret")));
  for (const auto& [name, value] : answer.headers)
    EXPECT_THAT(value, Not(HasSubstr("secret"))) << name;
  const auto errors = sentry_.errors();
  ASSERT_THAT(errors, SizeIs(1));
  EXPECT_EQ(errors[0].exceptions.back().type, "std::runtime_error");
  bool thrown_in = false;
  for (const auto& frame : errors[0].exceptions.back().frames)
    thrown_in |= frame.function.find("break_an_egg") != std::string::npos;
  EXPECT_TRUE(thrown_in) << errors[0];
  EXPECT_TRUE(becomes(routes().throws, "500", 1));
  EXPECT_EQ(Snapshot{registry_}.total("http_errors_total", {{"error_type", "runtime_error"}}), 1);
}

TEST_P(Servers, AClientThatReadsSlowlyHoldsUpNobodyAndCountsOnce) {
  Raw slow{server_->port(), "GET /large/1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"};
  const std::size_t first = slow.read(64 * 1024);
  EXPECT_GT(first, 0U);
  if (!GetParam().slow_reader_holds_a_worker) {
    Http client{server_->port()};
    for (int i = 0; i < 20; ++i)
      EXPECT_EQ(client.get("/eggs/7").status, 200);
  }
  EXPECT_GT(first + slow.read(kLarge - first + 1), kLarge);
  EXPECT_TRUE(becomes(routes().large, "200", 1));
}

TEST_P(Servers, AClientThatGoesAwayCountsOnce) {
  constexpr int kClients = 20;
  for (int i = 0; i < kClients; ++i) {
    Raw gone{server_->port(), "GET /large/1 HTTP/1.1\r\nHost: x\r\n\r\n"};
    if (i % 2 == 0) gone.read(1);
  }
  EXPECT_TRUE(eventually([&] {
    return Snapshot{registry_}.total("http_requests_total", {{"endpoint", routes().large}}) +
               Snapshot{registry_}.total("http_requests_in_progress") >=
           kClients / 2;
  }));
  Http client{server_->port()};
  EXPECT_EQ(client.get("/eggs/7").status, 200);
  EXPECT_TRUE(
      eventually([&] { return Snapshot{registry_}.total("http_requests_in_progress") == 0; }));
  EXPECT_LE(Snapshot{registry_}.total("http_requests_total", {{"endpoint", routes().large}}),
            kClients);
}

TEST_P(Servers, SixtyFourThreadsAtOnceMixNothingUp) {
  constexpr int kThreads = 64;
  constexpr int kEach = 30;
  std::atomic<int> wrong{0};
  std::vector<std::jthread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      Http client{server_->port()};
      for (int i = 0; i < kEach; ++i) {
        const std::string id = "t" + std::to_string(t) + "." + std::to_string(i);
        const auto answer = client.get("/eggs/7", {{"X-Request-ID", id}});
        if (answer.status != 200 || answer.body != id || answer.header("x-request-id") != id)
          wrong.fetch_add(1);
      }
    });
  }
  threads.clear();
  EXPECT_EQ(wrong, 0);
  EXPECT_TRUE(becomes(routes().eggs, "200", kThreads * kEach));
}

TEST_P(Servers, ServeTheMetricsAndTheConsole) {
  Http client{server_->port()};
  const auto page = client.get("/metrics");
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.header("content-type"), HasSubstr("text/plain; version=0.0.4"));
  EXPECT_THAT(page.body, HasSubstr("http_requests_in_progress"));
  EXPECT_THAT(client.get("/console").header("content-type"), HasSubstr("text/html"));
  EXPECT_THAT(client.get("/console/app.css").header("content-type"), HasSubstr("text/css"));
  const auto packed = client.get("/metrics", {{"Accept-Encoding", "gzip"}});
  EXPECT_EQ(packed.header("content-encoding"), "gzip");
  EXPECT_THAT(integration::gunzip(packed.body), HasSubstr("http_requests_in_progress"))
      << "it is packed once";
  EXPECT_EQ(client.send({.method = "HEAD", .path = "/metrics"}).status, 200);
  const auto tick = client.get("/console/api/live");
  EXPECT_THAT(tick.body, HasSubstr("retry: 1000\nevent: tick\ndata: {"));
  EXPECT_EQ(client.get("/console/api/nothing").status, 404);
}

TEST_P(Servers, AreNotEndedByALongPath) {
  static_cast<void>(Http{server_->port()}.get("/console/" + std::string(79'000, 'a')));
  EXPECT_EQ(Http{server_->port()}.get("/eggs/7").status, 200);
}

INSTANTIATE_TEST_SUITE_P(
    All, Servers,
    testing::Values(
        Framework{"httplib", &start_httplib, {"/eggs/(\\d+)", "/throws/(\\d+)", "/large/(\\d+)"}},
        Framework{"beast", &start_beast, {"/eggs/{id}", "/throws/{id}", "/large/{id}"}},
        Framework{"restinio", &start_restinio, {"/eggs/:id", "/throws/:id", "/large/:id"}},
        Framework{"pistache", &start_pistache, {"/eggs/:id", "/throws/:id", "/large/:id"}, true}),
    [](const auto& one) { return std::string{one.param.name}; });

}  // namespace
}  // namespace adapters_test
