// Two replicas on one PostgreSQL and one Redis, behind the HAProxy that deploy/ ships.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <mutex>
#include <regex>
#include <string>
#include <thread>
#include <vector>

#include "integration/bot_fixture.h"
#include "integration/support/ports.h"
#include "integration/support/postgres.h"
#include "integration/support/prometheus.h"
#include "integration/support/redis.h"

namespace integration {
namespace {

using ::testing::SizeIs;

constexpr int kClients = 12;

/// The shipped configuration with this test's addresses, and the name of the replica in each
/// answer.
std::string configuration(std::uint16_t port, const std::vector<std::uint16_t>& replicas) {
  std::string text = read_file(HAPROXY_CONFIGURATION);
  const auto replace = [&](const std::string& pattern, const std::string& by) {
    const std::string changed = std::regex_replace(text, std::regex{pattern}, by);
    if (changed == text) throw std::runtime_error("the shipped configuration has no " + pattern);
    text = changed;
  };
  replace("bind :8000",
          "bind 127.0.0.1:" + std::to_string(port) + "\n    http-response set-header X-Replica %s");
  replace("bind 127\\.0\\.0\\.1:8404", "bind 127.0.0.1:" + std::to_string(free_port()));
  replace("\n *server replica3[^\n]*", "");
  for (std::size_t i = 0; i < replicas.size(); ++i) {
    replace("health-agent-" + std::to_string(i + 1) + ":8080",
            "127.0.0.1:" + std::to_string(replicas[i]));
  }
  return text;
}

class Balancer {
 public:
  explicit Balancer(const std::vector<std::uint16_t>& replicas)
      : port_(free_port()),
        configuration_(folder_.file("haproxy.cfg")),
        process_(started(configuration(port_, replicas))) {
    const auto answers = [this] {
      return Http{port_}.get("/api/health").header("x-replica") == "replica1";
    };
    if (!eventually(answers, 60s))
      throw std::runtime_error("no HAProxy: " + process_.output() + process_.errors());
  }

  [[nodiscard]] Http http() const { return Http{port_}; }

 private:
  Process started(const std::string& text) const {
    write_file(configuration_, text);
    return Process{{.command = {"haproxy", "-db", "-f", configuration_}}};
  }

  std::uint16_t port_;
  TempDir folder_;
  std::string configuration_;
  Process process_;
};

/// What clients have seen: answers by replica, and requests without a good one.
struct Seen {
  std::map<std::string, int> by_replica;
  int answered = 0;
  int failed = 0;
  std::vector<std::string> failures;
};

/// Each client logs a meal again and again, one request at a time, and never asks twice.
class Crowd {
 public:
  explicit Crowd(const Balancer& balancer) {
    for (int i = 0; i < kClients; ++i) {
      threads_.emplace_back([this, http = balancer.http(), i]() mutable { log_meals(http, i); });
    }
  }
  ~Crowd() { static_cast<void>(stop()); }
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  [[nodiscard]] int answered() {
    const std::lock_guard lock{mutex_};
    return seen_.answered;
  }
  [[nodiscard]] int failed() {
    const std::lock_guard lock{mutex_};
    return seen_.failed;
  }
  Seen stop() {
    done_ = true;
    for (std::thread& thread : threads_)
      thread.join();
    threads_.clear();
    return seen_;
  }

 private:
  void log_meals(Http& http, int client) {
    // On a connection that was used before, libcurl sends again by itself what had no answer.
    http.always_send({{"Connection", "close"}});
    const std::string path = "/api/v1/users/user" + std::to_string(client) + "/food";
    while (!done_) {
      const Response response =
          http.post(path, {{"foods", {{{"name", "egg"}, {"quantity", 1}, {"calories", 78}}}},
                           {"meal_type", "snack"}});
      const std::lock_guard lock{mutex_};
      if (response.status == 201) {
        ++seen_.answered;
        ++seen_.by_replica[response.header("x-replica")];
      } else {
        ++seen_.failed;
        seen_.failures.push_back(std::to_string(response.status) + " " + response.error +
                                 response.body);
      }
    }
  }

  std::atomic<bool> done_{false};
  std::mutex mutex_;
  Seen seen_;
  std::vector<std::thread> threads_;
};

int entries(const Postgres& postgres, const std::string& database) {
  return std::stoi(postgres.ask("SELECT COUNT(*) FROM food_entries", database));
}

bool polls(const Service& service) {
  return service.errors().find("the bot polls for updates") != std::string::npos;
}

TEST(Balanced, OneOfTwoReplicasIsKilledUnderLoadAndOnlyWhatWasInFlightFails) {
  const Postgres postgres;
  const Redis redis;
  TelegramServer telegram;
  const std::string database = postgres.create_database();
  const Settings settings{{"RUN_MODE", "both"},
                          {"DATABASE_URL", postgres.url(database)},
                          {"REDIS_URL", redis.url()},
                          {"LOG_LEVEL", "info"}};
  Service doomed{bot_of(telegram, settings)};
  ASSERT_TRUE(eventually([&] { return polls(doomed); }, 60s)) << doomed.errors();
  Service survivor{bot_of(telegram, settings)};
  const Balancer balancer{{doomed.api_port(), survivor.api_port()}};
  Prometheus prometheus{{{"doomed", doomed.metrics_port()}, {"survivor", survivor.metrics_port()}}};
  Http client = balancer.http();
  for (int i = 0; i < kClients; ++i)
    create_user(client, "user" + std::to_string(i));

  // Both at work: the totals over both are what the clients counted.
  const std::string answered =
      R"(http_requests_total{method="POST",endpoint="/api/v1/users/{user_id}/food",status="201"})";
  Seen before;
  {
    Crowd crowd{balancer};
    EXPECT_TRUE(eventually([&] { return crowd.answered() > 1000; }, 60s));
    before = crowd.stop();
  }
  EXPECT_EQ(before.failed, 0) << testing::PrintToString(before.failures);
  EXPECT_THAT(before.by_replica, SizeIs(2)) << "both are at work";
  EXPECT_TRUE(prometheus.becomes("sum(" + answered + ")", before.answered));
  EXPECT_EQ(prometheus.query("sum(db_queries_total{query_type=\"INSERT\",table=\"food_entries\"})"),
            before.answered);
  telegram.say(kAnn, "3 eggs");
  ASSERT_THAT(telegram.wait_for_answers(kAnn, 1), SizeIs(1));
  EXPECT_FALSE(polls(survivor)) << "one poller at a time";

  Seen after;
  int failed_by_then = 0;
  {
    Crowd crowd{balancer};
    EXPECT_TRUE(eventually([&] { return crowd.answered() > 500; }, 60s));
    doomed.kill_at_once();
    // While it dies its kernel still takes connections, which it then resets: a client may meet it
    // more than once. Once it is gone only what was under way fails.
    failed_by_then = crowd.failed();
    const int at_kill = crowd.answered();
    EXPECT_TRUE(eventually([&] { return crowd.answered() > at_kill + 1000; }, 60s));
    after = crowd.stop();
  }
  EXPECT_LE(after.failed - failed_by_then, kClients) << testing::PrintToString(after.failures);
  // Nothing that was acknowledged is lost, and nothing was done twice: only of what failed it is
  // not known whether it was done. One meal is the bot's.
  const int stored = entries(postgres, database) - 1;
  const int acknowledged = before.answered + after.answered;
  EXPECT_GE(stored, acknowledged);
  EXPECT_LE(stored, acknowledged + after.failed);
  const std::string survivors = "sum(http_requests_total{job=\"survivor\"," +
                                answered.substr(std::string{"http_requests_total{"}.size()) + ")";
  EXPECT_TRUE(
      prometheus.becomes(survivors, before.by_replica["replica2"] + after.by_replica["replica2"]))
      << prometheus.query(survivors).value_or(-1);
  EXPECT_TRUE(prometheus.becomes("up{job=\"doomed\"}", 0));

  telegram.say(kAnn, "4 eggs");
  EXPECT_THAT(telegram.wait_for_answers(kAnn, 2, 60s), SizeIs(2)) << survivor.errors();
  EXPECT_TRUE(polls(survivor));
  for (const Json& call : telegram.calls("getUpdates"))
    EXPECT_NE(call.value("code", 200), 409) << "two polled at once";
}

}  // namespace
}  // namespace integration
