#include "vitals/exporting/exposer.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/unit/exporting/client.h"
#include "vitals/exporting/scrape.h"
#include "vitals/metrics/registry.h"

namespace vitals::exporting {
namespace {

using namespace std::chrono_literals;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using Clock = std::chrono::steady_clock;

class ExposerTest : public ::testing::Test {
 protected:
  ExposerTest() { registry_.gauge("load", "Load.").set(7); }

  std::unique_ptr<Exposer> start(ExposerOptions options = {}) {
    options.port = 0;
    auto started = Exposer::start(options, handler_);
    EXPECT_TRUE(started) << started.error().message;
    return std::move(started).value();
  }
  [[nodiscard]] std::string get(std::uint16_t port, std::string_view target = "/metrics") {
    return Client(port).ask("GET " + std::string(target) + " HTTP/1.1\r\nHost: x\r\n\r\n");
  }

  metrics::Registry registry_;
  ScrapeHandler handler_{registry_};
};

TEST_F(ExposerTest, ServesTheMetricsAndCloses) {
  const auto exposer = start();
  const std::string answer = get(exposer->port());
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(answer, HasSubstr("Vary: Accept, Accept-Encoding\r\n"));
  EXPECT_THAT(answer, HasSubstr("\nload 7\n"));
  const std::string body = answer.substr(answer.find("\r\n\r\n") + 4);
  EXPECT_THAT(answer, HasSubstr("Content-Length: " + std::to_string(body.size()) + "\r\n"));
}

TEST_F(ExposerTest, APageWhoseNameLeadsHereReadsNothing) {
  const auto status = [](const Exposer& exposer, const std::string& host) {
    return Client(exposer.port())
        .ask("GET /metrics HTTP/1.1\r\nHost: " + host + "\r\n\r\n")
        .substr(9, 3);
  };
  const auto exposer = start({.allowed_hosts = {"Metrics.example"}});
  for (const char* host : {"evil.example", "evil.example:9090", "EVIL.example.",
                           "127.0.0.1.evil.example", "localhost.evil.example", "127.0.0.1.nip.io",
                           "metrics.example.evil", "1.example", "evil%2eexample"})
    EXPECT_EQ(status(*exposer, host), "421") << host;
  for (const char* host :
       {"localhost", "localhost:9090", "127.0.0.1:9090", "[::1]:9090", "health-agent:9090", "x",
        "a.localhost", "metrics.example", "METRICS.EXAMPLE.:1", "127.1"})
    EXPECT_EQ(status(*exposer, host), "200") << host;
  EXPECT_EQ(Client(exposer->port())
                .ask("GET http://evil.example/metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
                .substr(9, 3),
            "421");
  EXPECT_EQ(status(*start({.allowed_hosts = {"*"}}), "evil.example"), "200");
  EXPECT_EQ(status(*start({.host = "::ffff:127.0.0.1"}), "evil.example"), "421");
  EXPECT_EQ(status(*start({.host = "0.0.0.0"}), "metrics.of.somebody.example"), "200")
      << "there a scraper's name cannot be known";
}

TEST_F(ExposerTest, AFaultInACallbackReachesTheCrashHandler) {
  bool blocked = true;
  registry_.gauge_callback("fault", "Whether a fault is blocked.", [&blocked] {
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    blocked = sigismember(&mask, SIGSEGV) == 1;
    return 0.0;
  });
  const auto exposer = start();
  EXPECT_THAT(get(exposer->port()), HasSubstr("\nfault 0\n"));
  EXPECT_FALSE(blocked);
}

TEST_F(ExposerTest, AChildThatEndsItLeavesItsParentsAlone) {
  auto exposer = start();
  const pid_t child = ::fork();
  if (child == 0) {
    exposer.reset();
    ::_exit(0);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_THAT(get(exposer->port()), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(ExposerTest, AnswersHeadWithoutABodyAndSelectsByQuery) {
  const auto exposer = start();
  const std::string head = Client(exposer->port()).ask("HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(head, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(head, EndsWith("\r\n\r\n"));
  EXPECT_THAT(head, Not(HasSubstr("load")));
  EXPECT_THAT(Client(exposer->port()).ask("HEAD /metrics?name[]=load HTTP/1.1\r\nHost: x\r\n\r\n"),
              HasSubstr("\r\nContent-Length: " +
                        std::to_string(
                            std::string("# HELP load Load.\n# TYPE load gauge\nload 7\n").size()) +
                        "\r\n"));
  EXPECT_THAT(get(exposer->port(), "/metrics?name[]=load"),
              EndsWith("# TYPE load gauge\nload 7\n"));
}

TEST_F(ExposerTest, RefusesWhatIsNotForIt) {
  const auto exposer = start();
  EXPECT_THAT(get(exposer->port(), "/"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(get(exposer->port(), "/metrics/x"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(Client(exposer->port())
                  .ask("POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab"),
              AllOf(StartsWith("HTTP/1.1 405 "), HasSubstr("Allow: GET, HEAD\r\n")));
  EXPECT_THAT(Client(exposer->port()).ask("hello\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(Client(exposer->port()).ask(std::string(100'000, 'x')), StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(
      Client(exposer->port())
          .ask("GET /metrics HTTP/1.1\r\nHost: x\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n"),
      StartsWith("HTTP/1.1 431 "));
}

TEST_F(ExposerTest, WantsTheTokenOfItsHandler) {
  metrics::Registry registry;
  ScrapeHandler handler(registry, {.token = "t0ken"});
  const auto exposer = Exposer::start({.port = 0}, handler);
  ASSERT_TRUE(exposer);
  const std::uint16_t port = exposer.value()->port();
  EXPECT_THAT(get(port), AllOf(StartsWith("HTTP/1.1 401 "), HasSubstr("WWW-Authenticate: Bearer")));
  EXPECT_THAT(
      Client(port).ask("GET /metrics HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t0ken\r\n\r\n"),
      StartsWith("HTTP/1.1 200 "));
}

TEST_F(ExposerTest, TellsOfCallersWithoutTheTokenAndMayLimitThem) {
  metrics::Registry registry;
  ScrapeHandler handler(registry, {.token = "t0ken"});
  std::mutex mutex;
  std::vector<std::string> refused;
  const auto exposer = Exposer::start({.port = 0,
                                       .on_refused =
                                           [&](std::string_view address) {
                                             const std::lock_guard lock{mutex};
                                             refused.emplace_back(address);
                                             return refused.size() > 2 ? 7 : 0;
                                           }},
                                      handler);
  ASSERT_TRUE(exposer);
  const auto ask = [&](std::string_view method, std::string_view authorization) {
    return Client(exposer.value()->port())
        .ask(std::string(method) + " /metrics HTTP/1.1\r\nHost: x\r\n" +
             std::string(authorization) + "\r\n");
  };
  EXPECT_THAT(ask("GET", ""), StartsWith("HTTP/1.1 401 "));
  EXPECT_THAT(ask("GET", "Authorization: Bearer t0kem\r\n"), StartsWith("HTTP/1.1 401 "));
  EXPECT_THAT(ask("HEAD", "Authorization: Basic t0ken\r\n"),
              AllOf(StartsWith("HTTP/1.1 429 Too Many Requests\r\n"),
                    HasSubstr("\r\nRetry-After: 7\r\n"), EndsWith("\r\n\r\n")));
  EXPECT_THAT(ask("GET", ""), StartsWith("HTTP/1.1 429 "));
  const std::string page = ask("GET", "Authorization: Bearer t0ken\r\n");
  EXPECT_THAT(page, StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(page, HasSubstr("\nvitals_scrape_refusals_total 4\n"));
  const std::lock_guard lock{mutex};
  EXPECT_EQ(refused, std::vector<std::string>(4, "127.0.0.1"));
}

TEST_F(ExposerTest, TakesARequestThatComesInPieces) {
  const auto exposer = start();
  const Client client(exposer->port());
  for (const std::string_view piece :
       {"GE", "T /metr", "ics HTTP/1.1\r", "\nHost: x\r\n", "\r\n"}) {
    ASSERT_TRUE(client.send(piece));
    std::this_thread::sleep_for(5ms);
  }
  EXPECT_THAT(client.receive(), StartsWith("HTTP/1.1 200 "));
}

TEST_F(ExposerTest, SaysThatAPortIsTaken) {
  const auto exposer = start();
  const auto second = Exposer::start({.port = exposer->port()}, handler_);
  ASSERT_FALSE(second);
  EXPECT_THAT(
      second.error().message,
      AllOf(HasSubstr("127.0.0.1:" + std::to_string(exposer->port())), HasSubstr("in use")));
}

TEST_F(ExposerTest, SaysThatAHostIsNone) {
  const auto exposer = Exposer::start({.host = "256.0.0.1.invalid", .port = 0}, handler_);
  ASSERT_FALSE(exposer);
  EXPECT_THAT(exposer.error().message, HasSubstr("256.0.0.1.invalid"));
}

TEST_F(ExposerTest, MayTakeItsPortAgainAtOnce) {
  std::uint16_t port = 0;
  {
    const auto exposer = start();
    port = exposer->port();
    (void)get(port);
  }
  EXPECT_TRUE(Exposer::start({.port = port}, handler_));
}

TEST_F(ExposerTest, ClosesASilentAndASlowClientByTheTimeout) {
  const auto exposer = start({.timeout = 200ms});
  const Client silent(exposer->port());
  const Client half(exposer->port());
  ASSERT_TRUE(half.send("GET /metrics HTTP/1.1\r\nHost: "));
  const auto begin = Clock::now();
  // One byte now and then does not buy more time.
  for (int i = 0; i < 60 && half.send("x"); ++i)
    std::this_thread::sleep_for(20ms);
  EXPECT_EQ(silent.receive(), "");
  EXPECT_EQ(half.receive(), "");
  EXPECT_LT(Clock::now() - begin, 5s);
}

TEST_F(ExposerTest, ServesWhileSilentClientsHoldEveryPlace) {
  const auto exposer = start({.max_connections = 4, .timeout = 30s});
  std::vector<std::unique_ptr<Client>> silent;
  for (int i = 0; i < 20; ++i) {
    silent.push_back(std::make_unique<Client>(exposer->port()));
    ASSERT_TRUE(silent.back()->connected());
  }
  const auto begin = Clock::now();
  EXPECT_THAT(get(exposer->port()), StartsWith("HTTP/1.1 200 "));
  EXPECT_LT(Clock::now() - begin, 5s);
}

TEST_F(ExposerTest, ServesWhileAClientDoesNotTakeItsAnswer) {
  auto family = registry_.counter<"i">("events_total", "Events.", {.max_series = 100'000});
  for (int i = 0; i < 100'000; ++i) {
    family.with("a value that fills the page " + std::to_string(i)).inc();
  }
  const auto exposer = start({.max_connections = 2, .timeout = 2s});
  const Client one(exposer->port());
  const Client two(exposer->port());
  ASSERT_TRUE(one.send("GET /metrics HTTP/1.0\r\n\r\n"));
  ASSERT_TRUE(two.send("GET /metrics HTTP/1.0\r\n\r\n"));
  // Both are being answered and keep their places, but no longer than the timeout.
  EXPECT_THAT(get(exposer->port(), "/metrics?name[]=load"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(ExposerTest, SendsALargePageWhole) {
  auto family = registry_.counter<"i">("events_total", "Events.", {.max_series = 20'000});
  for (int i = 0; i < 20'000; ++i)
    family.with(std::to_string(i)).inc();
  const auto exposer = start();
  const std::string answer = get(exposer->port());
  const std::size_t at = answer.find("Content-Length: ");
  ASSERT_NE(at, std::string::npos);
  EXPECT_EQ(answer.size() - answer.find("\r\n\r\n") - 4, std::stoul(answer.substr(at + 16)));
}

TEST_F(ExposerTest, GoesOnWhenClientsLeaveInTheMiddle) {
  const auto exposer = start();
  for (int i = 0; i < 50; ++i) {
    const Client client(exposer->port());
    (void)client.send(i % 2 == 0 ? "GET /met" : "GET /metrics HTTP/1.0\r\n\r\n");
  }
  EXPECT_THAT(get(exposer->port()), StartsWith("HTTP/1.1 200 "));
}

TEST_F(ExposerTest, ServesManyClientsAtOnce) {
  const auto exposer = start();
  std::vector<std::jthread> clients;
  std::atomic<int> served = 0;
  for (int t = 0; t < 8; ++t) {
    clients.emplace_back([&] {
      for (int i = 0; i < 20; ++i) {
        if (get(exposer->port()).starts_with("HTTP/1.1 200 ")) ++served;
      }
    });
  }
  clients.clear();
  EXPECT_EQ(served, 160);
}

TEST_F(ExposerTest, StopsAtOnceWithClientsConnected) {
  auto exposer = start();
  const Client silent(exposer->port());
  const Client half(exposer->port());
  ASSERT_TRUE(half.send("GET /met"));
  (void)get(exposer->port());
  const auto begin = Clock::now();
  exposer.reset();
  EXPECT_LT(Clock::now() - begin, 5s);
  EXPECT_EQ(silent.receive(), "");
}

/// The date of RFC 9110, 5.6.7, as a pattern.
constexpr const char* kDate =
    "\r\nDate: [A-Z][a-z][a-z], [0-9][0-9] [A-Z][a-z][a-z] [0-9]{4} [0-9:]{8} GMT\r\n";

TEST_F(ExposerTest, AnswersRequestsAsTheStandardsSayOnceAndCloses) {
  const auto exposer = start();
  struct {
    std::string request;
    int status;
  } const table[] = {
      {"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 200},
      {"GET /metrics HTTP/1.0\r\n\r\n", 200},
      {"GET http://x/metrics HTTP/1.1\r\nHost: x\r\n\r\n", 200},
      {"HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 200},
      {"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 204},
      {"OPTIONS /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 204},
      {"OPTIONS /other HTTP/1.1\r\nHost: x\r\n\r\n", 404},
      {"PUT /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 405},
      {"BREW /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 405},
      {"GET /metrics HTTP/1.1\r\n\r\n", 400},
      {"GET /metrics HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400},
      {"GET /metrics HTTP/1.1\r\nHost: x\r\nTE : chunked\r\n\r\n", 400},
      {"GET /metrics HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n", 400},
      {"GET /metrics HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501},
      {"GET /metrics HTTP/2.0\r\nHost: x\r\n\r\n", 505},
      {"GET /metrics HTTP/9.9\r\n", 505},
      {"GET /metrics\r\n", 400},
      {"\x16\x03\x01", 400},
      {"GET /" + std::string(20'000, 'a'), 414},
      // A body, and what could be taken for a second request behind it.
      {"GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nGET /x HTTP/1.0\r\n\r\n", 200},
      {"GET /metrics HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
       "4\r\nabcd\r\n0\r\n\r\nGET /x HTTP/1.0\r\n\r\n",
       200},
      {"GET /metrics HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
       "zz\r\nGET /x HTTP/1.0\r\n\r\n",
       400},
      {"GET /metrics HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
       "3\r\nabcd\r\n0\r\n\r\n",
       400},
      {"PUT /other HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
       "4;" +
           std::string(20'000, 'x'),
       400},
      {"GET /metrics HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
       "Transfer-Encoding: chunked\r\n\r\n",
       200},
      {"GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
       "0\r\n\r\nGET /x HTTP/1.0\r\n\r\n",
       400},
      {"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\nGET /x HTTP/1.1\r\nHost: x\r\n\r\n", 200},
      {"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n", 200},
      {"GET /metrics HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n",
       200},
  };
  for (const auto& row : table) {
    const std::string answer = Client(exposer->port()).ask(row.request);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 " + std::to_string(row.status) + " ")) << row.request;
    EXPECT_EQ(answer.find("\r\nDate: "), answer.rfind("\r\nDate: ")) << "two answers: " << answer;
    EXPECT_THAT(answer, ::testing::ContainsRegex(kDate));
    for (const char* field : {"\r\nConnection: close\r\n", "\r\nCache-Control: no-store\r\n",
                              "\r\nX-Content-Type-Options: nosniff\r\n"}) {
      EXPECT_THAT(answer, HasSubstr(field)) << row.request;
    }
  }
}

TEST_F(ExposerTest, NoAnswerToHeadHasABody) {
  const auto exposer = start();
  for (const auto& [request, status] : {
           std::pair{"HEAD /metrics HTTP/1.1\r\n\r\n", 400},
           {"HEAD /metrics HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400},
           {"HEAD /metrics HTTP/1.1\r\nHost: x\r\nTE : chunked\r\n\r\n", 400},
           {"HEAD /metrics HTTP/1.1\r\nHost : x\r\n", 400},
           {"HEAD /metrics HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
           {"HEAD /metrics HTTP/2.0\r\nHost: x\r\n\r\n", 505},
           {"HEAD /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421},
           {"HEAD /other HTTP/1.1\r\nHost: x\r\n\r\n", 404},
       }) {
    const std::string answer = Client(exposer->port()).ask(request);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 " + std::to_string(status) + " ")) << request;
    EXPECT_THAT(answer, ::testing::ContainsRegex("\r\nContent-Length: [1-9]")) << request;
    EXPECT_EQ(answer.find("\r\n\r\n") + 4, answer.size()) << answer;
  }
}

TEST_F(ExposerTest, TakesChunksThatComeInPieces) {
  const auto exposer = start();
  const Client client(exposer->port());
  ASSERT_TRUE(
      client.send("GET /metrics HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"));
  const std::string large(200'000, 'x');
  for (const std::string& piece : std::vector<std::string>{"30d", "40;a=", "b\r", "\n", large,
                                                           "\r\n0", "\r\nX: y\r\n", "\r\n"}) {
    ASSERT_TRUE(client.send(piece));
    std::this_thread::sleep_for(5ms);
  }
  EXPECT_THAT(client.receive(), StartsWith("HTTP/1.1 200 "));
}

TEST_F(ExposerTest, ServesScrapesSideBySide) {
  constexpr int kAtOnce = 4;
  std::mutex mutex;
  std::condition_variable changed;
  int inside = 0;
  registry_.gauge_callback("slow", "Slow.", [&] {
    std::unique_lock lock(mutex);
    ++inside;
    changed.notify_all();
    // Each waits for all: served one after the other, none would get on.
    return changed.wait_for(lock, 20s, [&] { return inside >= kAtOnce; }) ? 1.0 : 0.0;
  });
  const auto exposer = start();
  std::atomic<int> served = 0;
  std::vector<std::jthread> clients;
  for (int i = 0; i < kAtOnce; ++i) {
    clients.emplace_back([&] {
      if (get(exposer->port()).find("\nslow 1\n") != std::string::npos) ++served;
    });
  }
  clients.clear();
  EXPECT_EQ(served, kAtOnce);
}

class LargePage : public ExposerTest {
 protected:
  LargePage() {
    auto family = registry_.counter<"i">("events_total", "Events.", {.max_series = 100'000});
    const std::string filling(100, 'x');
    for (int i = 0; i < 100'000; ++i)
      family.with(filling + std::to_string(i)).inc();
  }
};

TEST_F(LargePage, IsTakenWholeByASlowButSteadyReader) {
  const auto timeout = 1500ms;
  const auto exposer = start({.timeout = timeout});
  const Client client(exposer->port());
  ASSERT_TRUE(client.send("GET /metrics HTTP/1.0\r\n\r\n"));
  const auto begin = Clock::now();
  const std::string answer = client.receive(std::size_t{1024} * 1024, 200ms);
  EXPECT_GT(Clock::now() - begin, timeout + timeout / 2) << "it was not slow";
  const std::size_t at = answer.find("Content-Length: ");
  ASSERT_NE(at, std::string::npos);
  EXPECT_EQ(answer.size() - answer.find("\r\n\r\n") - 4, std::stoul(answer.substr(at + 16)));
}

/// Lets the process open nothing more while it lives.
class NoDescriptors {
 public:
  NoDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit few{.rlim_cur = 128, .rlim_max = before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &few);
    for (int fd; (fd = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0)) >= 0;)
      taken_.push_back(fd);
  }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;
  ~NoDescriptors() {
    for (const int fd : taken_)
      ::close(fd);
    ::setrlimit(RLIMIT_NOFILE, &before_);
  }

 private:
  rlimit before_{};
  std::vector<int> taken_;
};

TEST_F(ExposerTest, OutlivesTheWantOfDescriptorsAndSaysSoOnce) {
  std::mutex mutex;
  std::vector<std::string> told;
  const auto exposer = start({.on_trouble = [&](std::string_view what) {
    const std::lock_guard lock(mutex);
    told.emplace_back(what);
  }});
  const std::string request = "GET /metrics HTTP/1.0\r\n\r\n";
  EXPECT_THAT(get(exposer->port()), HasSubstr("\nvitals_scrape_accept_failures_total 0\n"));
  Client first(Client::kLater);
  Client second(Client::kLater);
  Client third(Client::kLater);
  {
    const NoDescriptors none;
    first.connect(exposer->port());
    ASSERT_TRUE(first.send(request));
    EXPECT_THAT(first.receive(), HasSubstr("\nvitals_scrape_accept_failures_total "));
    // One is served at a time, with the descriptor that was kept for that.
    second.connect(exposer->port());
    third.connect(exposer->port());
    ASSERT_TRUE(second.send(request));
    ASSERT_TRUE(third.send(request));
    EXPECT_THAT(second.receive(), StartsWith("HTTP/1.1 200 "));
  }
  EXPECT_THAT(third.receive(), StartsWith("HTTP/1.1 200 "));
  const std::string after = get(exposer->port());
  EXPECT_THAT(after, Not(HasSubstr("\nvitals_scrape_accept_failures_total 0\n")));
  const std::lock_guard lock(mutex);
  ASSERT_GE(told.size(), 2U);
  EXPECT_THAT(told.front(), AllOf(HasSubstr("cannot take connections"), HasSubstr("tries again")));
  EXPECT_THAT(told.back(), HasSubstr("taken again"));
  EXPECT_LE(told.size(), 6U) << "once for each time, not for each try";
}

TEST_F(ExposerTest, GoesOnAfterManyConnectionsThatAreReset) {
  const auto exposer = start();
  for (int i = 0; i < 3000; ++i) {
    const Client client(exposer->port());
    client.reset_at_end();
    if (i % 3 == 0) (void)client.send("GET /metrics HTTP/1.0\r\n\r\n");
  }
  EXPECT_THAT(get(exposer->port()), StartsWith("HTTP/1.1 200 "));
}

}  // namespace
}  // namespace vitals::exporting
