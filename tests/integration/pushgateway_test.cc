#include "vitals/exporting/pushgateway.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "integration/support/http.h"
#include "integration/support/http_server.h"
#include "integration/support/ports.h"
#include "integration/support/process.h"
#include "integration/support/wait.h"
#include "vitals/metrics/registry.h"

namespace integration {
namespace {

using namespace std::chrono_literals;
using vitals::exporting::Pushgateway;
using vitals::exporting::PushOptions;
using vitals::metrics::Registry;

class PushgatewayTest : public ::testing::Test {
 protected:
  PushgatewayTest()
      : port_(free_port()),
        process_(
            // Nothing is kept, where Debian's package would keep it for the next run to find.
            ProcessOptions{
                .command = {"prometheus-pushgateway", "--persistence.file=",
                            "--web.listen-address=127.0.0.1:" + std::to_string(port_)}}) {}

  void SetUp() override {
    ASSERT_TRUE(eventually([this] { return Http{port_}.get("/-/ready").status == 200; }, 60s))
        << process_.errors();
  }
  [[nodiscard]] Pushgateway gateway(PushOptions options = {.job = "import"}) const {
    options.url = "http://127.0.0.1:" + std::to_string(port_) + "/";
    return Pushgateway{std::move(options)};
  }
  /// Whether the gateway comes to expose this line. It answers before it has done what it was told.
  [[nodiscard]] bool has(const std::string& line) const {
    return eventually([&] { return holds(Http{port_}.get("/metrics"), line); });
  }
  /// Whether it comes to answer without it.
  [[nodiscard]] bool loses(const std::string& line) const {
    return eventually(
        [&] {
          const Response page = Http{port_}.get("/metrics");
          return page.status == 200 && !holds(page, line);
        },
        20s);
  }

  std::uint16_t port_;
  Process process_;

 private:
  [[nodiscard]] static bool holds(const Response& page, const std::string& line) {
    return page.body.find("\n" + line + "\n") != std::string::npos;
  }
};

std::string words_of(const vitals::Result<void>& done) {
  return done ? "" : done.error().message;
}

TEST_F(PushgatewayTest, PushReplacesTheGroupAndPushAddOnlyWhatHasTheName) {
  Registry first;
  first.gauge("rows", "Rows.").set(3);
  first.counter("failures_total", "Failures.").inc(2);
  EXPECT_EQ(words_of(gateway().push(first)), "");
  EXPECT_TRUE(has(R"(rows{instance="",job="import"} 3)"));
  EXPECT_TRUE(has(R"(failures_total{instance="",job="import"} 2)"));

  Registry second;
  second.gauge("rows", "Rows.").set(4);
  EXPECT_EQ(words_of(gateway().push_add(second)), "");
  EXPECT_TRUE(has(R"(rows{instance="",job="import"} 4)"));
  EXPECT_TRUE(has(R"(failures_total{instance="",job="import"} 2)"));

  EXPECT_EQ(words_of(gateway().push(second)), "");
  EXPECT_TRUE(loses(R"(failures_total{instance="",job="import"} 2)"));
  EXPECT_TRUE(has(R"(rows{instance="",job="import"} 4)"));
}

TEST_F(PushgatewayTest, GroupsAreKeptApartByAllTheirLabelsWhateverIsInThem) {
  Registry registry;
  registry.gauge("rows", "Rows.").set(1);
  const PushOptions odd{
      .job = "im/port ü",
      .grouping = {{"instance", "a/b"}, {"empty", ""}, {"dots", ".."}, {"plain", "x y?&#%"}}};
  EXPECT_EQ(words_of(gateway(odd).push(registry)), "");
  EXPECT_EQ(words_of(gateway({.job = "other"}).push(registry)), "");
  EXPECT_TRUE(has(R"(rows{dots="..",empty="",instance="a/b",job="im/port ü",plain="x y?&#%"} 1)"));
  EXPECT_EQ(words_of(gateway(odd).remove()), "");
  EXPECT_TRUE(
      loses(R"(rows{dots="..",empty="",instance="a/b",job="im/port ü",plain="x y?&#%"} 1)"));
  EXPECT_TRUE(has(R"(rows{instance="",job="other"} 1)"));
}

TEST_F(PushgatewayTest, TakesEveryKind) {
  Registry registry;
  registry.histogram("wait_seconds", "W.", {1}).observe(.5);
  registry.summary("work_seconds", "W.", {.quantiles = {.5}}).observe(2);
  registry.info<"version">("app_info", "A.").set("1 \"2\"\n3");
  EXPECT_EQ(words_of(gateway().push(registry)), "");
  EXPECT_TRUE(has(R"(wait_seconds_bucket{instance="",job="import",le="1"} 1)"));
  EXPECT_TRUE(has(R"(work_seconds_count{instance="",job="import"} 1)"));
  EXPECT_TRUE(has(R"(app_info{instance="",job="import",version="1 \"2\"\n3"} 1)"));
}

TEST_F(PushgatewayTest, SaysWhatTheServerSaid) {
  Registry gauge;
  gauge.gauge("rows", "Rows.").set(1);
  EXPECT_EQ(words_of(gateway({.job = "first"}).push(gauge)), "");
  Registry histogram;
  histogram.histogram("rows", "Rows.", {1}).observe(1);
  const std::string words = words_of(gateway({.job = "second"}).push(histogram));
  EXPECT_NE(words.find("was answered 400"), std::string::npos) << words;
  EXPECT_NE(words.find("inconsistent"), std::string::npos) << words;
}

TEST(PushgatewayAway, IsAnErrorInTimeThatShowsNoPassword) {
  Registry registry;
  const std::uint16_t port = free_port();
  const auto closed = Pushgateway{
      {.url = "http://me:s3cret@127.0.0.1:" + std::to_string(port),
       .job = "import"}}.push(registry);
  ASSERT_FALSE(closed);
  EXPECT_EQ(words_of(closed).find("s3cret"), std::string::npos) << words_of(closed);
  EXPECT_NE(words_of(closed).find(std::to_string(port)), std::string::npos) << words_of(closed);

  const HttpServer silent{free_port(), [](const ServerRequest&) { return ServerAnswer{0}; }};
  const auto start = std::chrono::steady_clock::now();
  const auto late = Pushgateway{
      {.url = "http://127.0.0.1:" + std::to_string(silent.port()),
       .job = "import",
       .timeout =
           200ms}}.push(registry);
  EXPECT_FALSE(late);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 9s);
}

TEST(PushgatewayAway, FaultsOfTheGroupAreFoundBeforeAnythingIsSent) {
  Registry registry;
  EXPECT_FALSE(Pushgateway{{}}.push(registry)) << "no job";
  for (const char* name : {"job", "0bad", "", "le"}) {
    EXPECT_FALSE((Pushgateway{{.job = "a", .grouping = {{name, "x"}}}}.remove())) << name;
  }
  EXPECT_FALSE((Pushgateway{{.job = "a", .grouping = {{"b", "x"}, {"b", "y"}}}}.remove()));
}

TEST_F(PushgatewayTest, IsNotSpoiltByAGroupThatIsNotUtf8) {
  Registry registry;
  registry.gauge("rows", "Rows.").set(1);
  for (const std::string bad : {"\xFF", "im\xC3", "\xED\xA0\x80", "a\xC0\xAF/b"}) {
    EXPECT_NE(words_of(gateway({.job = bad}).push(registry)), "");
    EXPECT_NE(words_of(gateway({.job = "a", .grouping = {{"host", bad}}}).push_add(registry)), "");
    EXPECT_NE(words_of(gateway({.job = "a", .grouping = {{"host", bad}}}).remove()), "");
  }
  EXPECT_EQ(words_of(gateway({.job = "good"}).push(registry)), "");
  EXPECT_TRUE(has(R"(rows{instance="",job="good"} 1)"));
}

TEST(PushgatewayAway, ATimeoutThatIsNoneIsRefusedAndAHugeOneIsNot) {
  Registry registry;
  const HttpServer server{free_port(), [](const ServerRequest&) { return ServerAnswer{202}; }};
  const auto push = [&](std::chrono::milliseconds timeout) {
    return Pushgateway{{.url = "http://127.0.0.1:" + std::to_string(server.port()),
                        .job = "a",
                        .timeout = timeout}}
        .push(registry);
  };
  for (const auto timeout : {0ms, -1ms, std::chrono::milliseconds::min()})
    EXPECT_NE(words_of(push(timeout)).find("time-out"), std::string::npos) << timeout.count();
  for (const auto timeout : {std::chrono::milliseconds(1h), std::chrono::milliseconds::max()})
    EXPECT_EQ(words_of(push(timeout)), "") << timeout.count();
}

TEST(PushgatewayAway, AnAnswerWithoutEndIsGivenUpAndItsStatusStands) {
  std::string lines;
  while (lines.size() < 4'000'000)
    lines += "X: " + std::string(1'000, 'x') + "\r\n";
  for (const std::string& part : {"\r\n" + std::string(4'000'000, 'x'), lines}) {
    const std::uint16_t port = free_port();
    const int listener = listen_on(port);
    ASSERT_GE(listener, 0);
    std::thread server{[&] {
      const int client = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
      const std::string answer =
          "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 9000000000\r\n" + part;
      for (std::size_t at = 0; at < answer.size();) {
        const ssize_t sent = ::send(client, answer.data() + at, answer.size() - at, MSG_NOSIGNAL);
        if (sent <= 0) break;
        at += static_cast<std::size_t>(sent);
      }
      char piece[4096];
      while (::recv(client, piece, sizeof piece, 0) > 0) {  // until the other end has left
      }
      ::close(client);
    }};
    const Registry registry;
    const std::string words = words_of(Pushgateway{
        {.url = "http://127.0.0.1:" + std::to_string(port),
         .job = "a",
         .timeout = 60s}}.push(registry));
    EXPECT_NE(words.find("was answered 503"), std::string::npos) << words;
    EXPECT_LT(words.size(), 2'000U);
    server.join();
    ::close(listener);
  }
}

TEST(PushgatewayAuthorization, IsSent) {
  std::string seen;
  const HttpServer server{free_port(), [&seen](const ServerRequest& request) {
                            const auto header = request.headers.find("authorization");
                            if (header != request.headers.end()) seen = header->second;
                            return ServerAnswer{202};
                          }};
  Registry registry;
  EXPECT_EQ(words_of(Pushgateway{{.url = "http://127.0.0.1:" + std::to_string(server.port()),
                                  .job = "a",
                                  .authorization = "Bearer t"}}
                         .push(registry)),
            "");
  EXPECT_EQ(seen, "Bearer t");
}

}  // namespace
}  // namespace integration
