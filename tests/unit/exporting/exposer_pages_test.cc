// What an Exposer serves beside /metrics, and whom it lets in by name and password.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/unit/exporting/client.h"
#include "vitals/exporting/exposer.h"
#include "vitals/exporting/scrape.h"
#include "vitals/metrics/registry.h"
#include "vitals/testing/snapshot.h"

namespace vitals::exporting {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

/// One more registry with who answers for it.
struct Served {
  explicit Served(std::string name, ScrapeOptions options = {})
      : handler(registry, std::move(options)) {
    registry.gauge(std::move(name), "Of this registry alone.").set(7);
  }

  [[nodiscard]] double scrapes() const {
    return testing::Snapshot(registry).value("vitals_scrape_duration_seconds_count").value_or(-1);
  }

  metrics::Registry registry;
  ScrapeHandler handler;
};

std::unique_ptr<Exposer> expose(Served& first, ExposerOptions options = {}) {
  options.port = 0;
  auto started = Exposer::start(std::move(options), first.handler);
  EXPECT_TRUE(started) << started.error().message;
  return std::move(started).value();
}

/// `fields` as lines of the head, each with its end.
std::string ask(const Exposer& exposer, std::string_view method, std::string_view target,
                std::string_view fields = {}, std::string_view host = "x") {
  return Client(exposer.port())
      .ask(std::string(method)
               .append(" ")
               .append(target)
               .append(" HTTP/1.1\r\nHost: ")
               .append(host)
               .append("\r\n")
               .append(fields)
               .append("\r\n"));
}

std::string code_of(std::string_view answer) {
  return answer.starts_with("HTTP/1.1 ") ? std::string(answer.substr(9, 3)) : "none";
}

TEST(ExposerPages, EachIsOfItsOwnRegistry) {
  Served main("of_main");
  Served jobs("of_jobs");
  Served slow("of_slow");
  const auto exposer =
      expose(main, {.more = {{"/metrics/jobs", &jobs.handler}, {"/slow", &slow.handler}}});
  const std::pair<std::string, std::string> kPages[] = {
      {"/metrics", "of_main"}, {"/metrics/jobs", "of_jobs"}, {"/slow", "of_slow"}};
  for (const auto& [path, own] : kPages) {
    const std::string answer = ask(*exposer, "GET", path);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n")) << path;
    EXPECT_THAT(answer, HasSubstr("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
    for (const auto& [other, name] : kPages) {
      EXPECT_EQ(answer.find("\n" + name + " 7\n") != std::string::npos, name == own)
          << path << " has " << name;
    }
  }
  EXPECT_EQ(main.scrapes(), 1);
  EXPECT_EQ(jobs.scrapes(), 1);
  EXPECT_EQ(slow.scrapes(), 1);
}

TEST(ExposerPages, AreAskedAsMetricsAre) {
  Served main("of_main");
  Served jobs("of_jobs");
  const auto exposer = expose(main, {.more = {{"/metrics/jobs", &jobs.handler}}});
  EXPECT_THAT(ask(*exposer, "GET", "/metrics/jobs?name[]=of_jobs"),
              EndsWith("\r\n\r\n# HELP of_jobs Of this registry alone.\n# TYPE of_jobs gauge\n"
                       "of_jobs 7\n"));
  EXPECT_THAT(
      ask(*exposer, "GET", "/metrics/jobs", "Accept: application/openmetrics-text\r\n"),
      AllOf(HasSubstr("Content-Type: application/openmetrics-text; "), EndsWith("# EOF\n")));
  EXPECT_THAT(ask(*exposer, "HEAD", "/metrics/jobs"),
              AllOf(StartsWith("HTTP/1.1 200 "), EndsWith("\r\n\r\n")));
  EXPECT_THAT(ask(*exposer, "OPTIONS", "/metrics/jobs"), StartsWith("HTTP/1.1 204 "));
  EXPECT_THAT(ask(*exposer, "POST", "/metrics/jobs"), StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(ask(*exposer, "GET", "/metrics/jobs", {}, "evil.example"),
              StartsWith("HTTP/1.1 421 "));
  for (const char* nothing : {"/", "/jobs", "/metrics/", "/metrics/jobs/", "/metrics/jobs/x",
                              "/metrics/job", "/METRICS/JOBS"}) {
    EXPECT_THAT(ask(*exposer, "GET", nothing),
                AllOf(StartsWith("HTTP/1.1 404 "), Not(HasSubstr("only /metrics"))))
        << nothing;
  }
}

TEST(ExposerPages, EachHasItsOwnTokenAndWhoGuessesIsToldOf) {
  Served main("of_main");
  Served jobs("of_jobs", {.token = "t0ken"});
  std::mutex mutex;
  std::vector<std::string> refused;
  const auto exposer = expose(main, {.on_refused =
                                         [&](std::string_view address) {
                                           const std::lock_guard lock{mutex};
                                           refused.emplace_back(address);
                                           return 0;
                                         },
                                     .more = {{"/metrics/jobs", &jobs.handler}}});
  EXPECT_EQ(code_of(ask(*exposer, "GET", "/metrics")), "200");
  EXPECT_EQ(code_of(ask(*exposer, "GET", "/metrics/jobs")), "401");
  EXPECT_EQ(code_of(ask(*exposer, "GET", "/metrics/jobs", "Authorization: Bearer t0ken\r\n")),
            "200");
  const std::lock_guard lock{mutex};
  EXPECT_THAT(refused, ElementsAre("127.0.0.1"));
}

TEST(ExposerPages, ThatCannotBeAreRefusedAtTheStart) {
  Served main("of_main");
  Served jobs("of_jobs");
  const std::pair<std::string, ScrapeHandler*> kBad[] = {{"", &jobs.handler},
                                                         {"jobs", &jobs.handler},
                                                         {"/metrics", &jobs.handler},
                                                         {"/jobs", nullptr}};
  for (const auto& bad : kBad) {
    const auto started = Exposer::start({.port = 0, .more = {bad}}, main.handler);
    ASSERT_FALSE(started) << bad.first;
    EXPECT_THAT(started.error().message, HasSubstr("\"" + bad.first + "\""));
  }
}

TEST(ExposerPages, ThatWouldHideOneAnotherAreRefusedAtTheStart) {
  Served main("of_main");
  Served jobs("of_jobs");
  Served slow("of_slow");
  EXPECT_FALSE(Exposer::start(
      {.port = 0, .more = {{"/jobs", &jobs.handler}, {"/jobs", &slow.handler}}}, main.handler));
  for (const char* path : {"/metrics", "/jobs", "health", ""}) {
    EXPECT_FALSE(Exposer::start({.port = 0,
                                 .more = {{"/jobs", &jobs.handler}},
                                 .healthy = [] { return true; },
                                 .health_path = path},
                                main.handler))
        << path;
    EXPECT_TRUE(Exposer::start({.port = 0, .more = {{"/jobs", &jobs.handler}}, .health_path = path},
                               main.handler))
        << "nobody is asked there: " << path;
  }
}

TEST(ExposerHealth, Is200Or503AsTheServiceSaysEachTime) {
  Served main("of_main");
  std::atomic<bool> well = true;
  const auto exposer = expose(main, {.healthy = [&] { return well.load(); }});
  for (const bool now : {true, false, true}) {
    well = now;
    EXPECT_THAT(
        ask(*exposer, "GET", "/health"),
        AllOf(StartsWith(now ? "HTTP/1.1 200 OK\r\n" : "HTTP/1.1 503 Service Unavailable\r\n"),
              HasSubstr("\r\nContent-Type: text/plain; charset=utf-8\r\n"),
              HasSubstr("\r\nCache-Control: no-store\r\n"),
              EndsWith(now ? "\r\n\r\nok\n" : "\r\n\r\nnot healthy\n")));
    EXPECT_EQ(code_of(ask(*exposer, "GET", "/health?verbose=1")), now ? "200" : "503");
    EXPECT_THAT(ask(*exposer, "HEAD", "/health"),
                AllOf(StartsWith(now ? "HTTP/1.1 200 " : "HTTP/1.1 503 "),
                      HasSubstr(now ? "\r\nContent-Length: 3\r\n" : "\r\nContent-Length: 12\r\n"),
                      EndsWith("\r\n\r\n")));
  }
  EXPECT_EQ(main.scrapes(), 0) << "it is no scrape";
  EXPECT_EQ(code_of(ask(*exposer, "GET", "/metrics")), "200");
}

TEST(ExposerHealth, OfOneThatThrowsIs503) {
  Served main("of_main");
  std::atomic<int> asked = 0;
  const auto exposer = expose(main, {.healthy = [&]() -> bool {
                                if (asked++ == 0)
                                  throw std::runtime_error("the secret of the database");
                                throw 1;
                              }});
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(ask(*exposer, "GET", "/health"),
                AllOf(StartsWith("HTTP/1.1 503 "), Not(HasSubstr("secret"))));
  }
  EXPECT_EQ(code_of(ask(*exposer, "GET", "/metrics")), "200") << "it goes on";
}

TEST(ExposerHealth, IsForEverybodyWhomTheMetricsAreNotFor) {
  Served main("of_main", {.token = "t0ken", .password = "s3cret"});
  std::atomic<int> refused = 0;
  const auto exposer = expose(main, {.on_refused =
                                         [&](std::string_view) {
                                           ++refused;
                                           return 60;
                                         },
                                     .healthy = [] { return true; }});
  EXPECT_EQ(code_of(ask(*exposer, "GET", "/health")), "200");
  EXPECT_EQ(code_of(ask(*exposer, "GET", "/health", "Authorization: Bearer wrong\r\n")), "200");
  EXPECT_EQ(refused, 0);
  EXPECT_EQ(code_of(ask(*exposer, "GET", "/metrics")), "429");
  EXPECT_EQ(refused, 1);
}

TEST(ExposerHealth, IsReadAlone) {
  Served main("of_main");
  std::atomic<int> asked = 0;
  const auto exposer = expose(main, {.healthy = [&] {
                                ++asked;
                                return true;
                              }});
  EXPECT_THAT(ask(*exposer, "POST", "/health"),
              AllOf(StartsWith("HTTP/1.1 405 "), HasSubstr("\r\nAllow: GET, HEAD, OPTIONS\r\n")));
  EXPECT_THAT(ask(*exposer, "OPTIONS", "/health"),
              AllOf(StartsWith("HTTP/1.1 204 "), HasSubstr("\r\nAllow: GET, HEAD, OPTIONS\r\n")));
  EXPECT_EQ(code_of(ask(*exposer, "GET", "/health", {}, "evil.example")), "421");
  EXPECT_EQ(code_of(ask(*exposer, "GET", "/health/live")), "404");
  EXPECT_EQ(asked, 0);
}

TEST(ExposerHealth, IsWhereItIsWanted) {
  Served main("of_main");
  const auto exposer = expose(main, {.healthy = [] { return true; }, .health_path = "/-/healthy"});
  EXPECT_EQ(code_of(ask(*exposer, "GET", "/-/healthy")), "200");
  EXPECT_EQ(code_of(ask(*exposer, "GET", "/health")), "404");
  const auto without = expose(main);
  EXPECT_EQ(code_of(ask(*without, "GET", "/health")), "404") << "nobody says how it is";
}

/// The value of Authorization for a name and a password; the encoding is of the program base64.
constexpr std::string_view kRight = "Basic cHJvbWV0aGV1czpzM2NyZXQ=";  // prometheus:s3cret

std::string with(const Exposer& exposer, std::string_view authorization) {
  return ask(exposer, "GET", "/metrics",
             std::string("Authorization: ").append(authorization).append("\r\n"));
}

TEST(ExposerPassword, LetsInWhoHasIt) {
  Served main("of_main", {.password = "s3cret"});
  const auto exposer = expose(main);
  for (const std::string_view right : {kRight, std::string_view("basic cHJvbWV0aGV1czpzM2NyZXQ="),
                                       std::string_view("BASIC   cHJvbWV0aGV1czpzM2NyZXQ= ")}) {
    EXPECT_THAT(with(*exposer, right),
                AllOf(StartsWith("HTTP/1.1 200 "), HasSubstr("\nof_main 7\n")))
        << right;
  }
  EXPECT_EQ(main.scrapes(), 3);
}

TEST(ExposerPassword, RefusesEverythingElseAndCountsIt) {
  Served main("of_main", {.password = "s3cret"});
  const auto exposer = expose(main);
  const std::vector<std::string_view> kWrong = {
      "",
      "Basic",
      "Basic ",
      "Basic cHJvbWV0aGV1czpzM2NyZQ==",   // prometheus:s3cre
      "Basic cHJvbWV0aGV1czpzM2NyZXQg",   // prometheus:s3cret and a blank
      "Basic cHJvbWV0aGV1czo=",           // prometheus:
      "Basic Z3JhZmFuYTpzM2NyZXQ=",       // grafana:s3cret
      "Basic OnMzY3JldA==",               // :s3cret
      "Basic czNjcmV0",                   // s3cret
      "Basic cHJvbWV0aGV1czpzM2NyZXQ",    // the padding is not there
      "Basic cHJvbWV0aGV1czpzM2NyZXQ==",  // too much of it
      "Basic cHJvbWV0aGV1czpzM2NyZXR=",   // bits that are lost in the padding
      "Basic cHJvbWV0aGV1czpzM2NyZXQ=x",  // more behind it
      "Basic cHJv bWV0aGV1czpzM2NyZXQ=",  // a blank in it
      "Basic CHJVBWV0AGV1CZPZM2NYZXQ=",   // another case
      "Basic prometheus:s3cret",          // not encoded
      "Basic !!!!",
      "Basic ====",
      "Bearer s3cret",
      "Bearer cHJvbWV0aGV1czpzM2NyZXQ=",
      "Digest cHJvbWV0aGV1czpzM2NyZXQ=",
      "cHJvbWV0aGV1czpzM2NyZXQ=",
      "BasiccHJvbWV0aGV1czpzM2NyZXQ=",
  };
  const auto expect_refused = [](const std::string& answer) {
    EXPECT_THAT(answer, AllOf(StartsWith("HTTP/1.1 401 Unauthorized\r\n"),
                              HasSubstr("\r\nWWW-Authenticate: Basic realm=\"metrics\"\r\n"),
                              Not(HasSubstr("s3cret")), Not(HasSubstr("of_main"))));
  };
  expect_refused(ask(*exposer, "GET", "/metrics"));
  for (const std::string_view wrong : kWrong) {
    SCOPED_TRACE(wrong);
    expect_refused(with(*exposer, wrong));
  }
  EXPECT_EQ(main.scrapes(), 0);
  EXPECT_EQ(testing::Snapshot(main.registry).value("vitals_scrape_refusals_total"),
            static_cast<double>(kWrong.size() + 1));
  EXPECT_EQ(code_of(with(*exposer, kRight)), "200");
}

TEST(ExposerPassword, IsThatOfTheUserWhoIsNamed) {
  Served main("of_main", {.password = "pä:ss", .user = "scraper"});
  const auto exposer = expose(main);
  EXPECT_EQ(code_of(with(*exposer, "Basic c2NyYXBlcjpww6Q6c3M=")), "200");  // scraper:pä:ss
  EXPECT_EQ(code_of(with(*exposer, kRight)), "401");
}

TEST(ExposerPassword, BesideATokenEitherWillDoEachInItsOwnScheme) {
  Served main("of_main", {.token = "t0ken", .password = "s3cret"});
  const auto exposer = expose(main);
  EXPECT_EQ(code_of(with(*exposer, "Bearer t0ken")), "200");
  EXPECT_EQ(code_of(with(*exposer, kRight)), "200");
  for (const char* wrong :
       {"Bearer s3cret", "Bearer cHJvbWV0aGV1czpzM2NyZXQ=", "Basic t0ken",
        "Basic cHJvbWV0aGV1czp0MGtlbg==" /* prometheus:t0ken */,
        "Basic cHJvbWV0aGV1czpzM2NyZQ==" /* prometheus:s3cre */, "Bearer t0kem", "Basic", "Bearer"})
    EXPECT_EQ(code_of(with(*exposer, wrong)), "401") << wrong;
  EXPECT_THAT(ask(*exposer, "GET", "/metrics"),
              AllOf(StartsWith("HTTP/1.1 401 "),
                    HasSubstr("\r\nWWW-Authenticate: Bearer realm=\"metrics\", Basic ")));
}

TEST(ExposerPassword, AnEmptyOneIsNone) {
  Served open("of_open", {.user = "scraper"});
  EXPECT_EQ(code_of(ask(*expose(open), "GET", "/metrics")), "200");
  Served main("of_main", {.token = "t0ken"});
  EXPECT_EQ(code_of(with(*expose(main), "Basic cHJvbWV0aGV1czo=")), "401")
      << "prometheus: without a password";
}

}  // namespace
}  // namespace vitals::exporting
