#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "integration/fixture.h"
#include "integration/support/postgres.h"
#include "integration/support/proc.h"

namespace integration {
namespace {

using Clock = std::chrono::steady_clock;

const std::string kFood = "/api/v1/users/ann/food";
/// Who logs food under load: a user's day takes a bounded amount of it.
constexpr int kEaters = 20;

/// Clients that log food as fast as they can, each entry with a note of its own, and remember which
/// were acknowledged.
class Load {
 public:
  Load(const Service& service, int clients) {
    for (int i = 0; i < clients; ++i)
      threads_.emplace_back([this, client = service.http(), i]() mutable { run(client, i); });
  }
  ~Load() { stop(); }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  void stop() {
    done_ = true;
    for (std::thread& thread : threads_)
      thread.join();
    threads_.clear();
  }

  [[nodiscard]] int acknowledged() const { return acknowledged_; }
  [[nodiscard]] int failed() const { return failed_; }
  [[nodiscard]] double slowest() const { return slowest_; }
  [[nodiscard]] std::set<std::string> notes() {
    const std::lock_guard lock{mutex_};
    return notes_;
  }
  /// Answers that were neither 201 nor a DatabaseError with all its fields.
  [[nodiscard]] std::vector<std::string> odd() {
    const std::lock_guard lock{mutex_};
    return odd_;
  }

 private:
  void run(Http& client, int index) {
    for (int n = 0; !done_; ++n) {
      const std::string note = std::to_string(index) + "-" + std::to_string(n);
      const auto start = Clock::now();
      const Response response =
          client.post("/api/v1/users/eater" + std::to_string(n % kEaters) + "/food",
                      {{"foods", {{{"name", "egg"}, {"quantity", 1}, {"calories", 78}}}},
                       {"meal_type", "snack"},
                       {"notes", note}});
      const std::lock_guard lock{mutex_};
      slowest_ = std::max(slowest_.load(), seconds_since(start));
      if (response.status == 201) {
        ++acknowledged_;
        notes_.insert(note);
        continue;
      }
      ++failed_;
      const Json body = Json::parse(response.body, nullptr, false);
      if (response.status != 500 || !body.is_object() || body.value("error", "") != "DatabaseError")
        odd_.push_back(std::to_string(response.status) + " " + response.body + response.error);
    }
  }

  std::atomic<bool> done_{false};
  std::atomic<int> acknowledged_{0};
  std::atomic<int> failed_{0};
  std::atomic<double> slowest_{0};
  std::mutex mutex_;
  std::set<std::string> notes_;
  std::vector<std::string> odd_;
  std::vector<std::thread> threads_;
};

struct Scene {
  Scene() {
    Http client = service.http();
    create_user(client, "ann");
    for (int i = 0; i < kEaters; ++i)
      create_user(client, "eater" + std::to_string(i));
  }

  /// Every acknowledged entry is there, and none twice.
  void expect_nothing_lost(Load& load) const {
    std::set<std::string> stored;
    std::istringstream rows{postgres.ask("SELECT notes FROM food_entries", database)};
    for (std::string note; std::getline(rows, note);)
      EXPECT_TRUE(stored.insert(note).second) << note << " is there twice";
    for (const std::string& note : load.notes())
      EXPECT_TRUE(stored.contains(note)) << note << " was acknowledged and is not there";
    for (const std::string& odd : load.odd())
      ADD_FAILURE() << odd;
  }

  double unavailable() const {
    return service.metrics().sum("db_query_errors_total", {{"error_type", "unavailable"}});
  }
  double available() const {
    return service.metrics().value("db_connection_pool_available").value_or(-1);
  }

  Postgres postgres;
  std::string database = postgres.create_database();
  Service service{health_agent({{"DATABASE_URL", postgres.url(database)}})};
};

TEST(PostgresAway, IsToldAtOnceAndTheServiceComesBackByItselfWithNothingLost) {
  Scene scene;
  Load load{scene.service, 4};
  ASSERT_TRUE(eventually([&] { return load.acknowledged() > 100; }));
  const double size = scene.service.metrics().value("db_connection_pool_size").value_or(0);

  scene.postgres.stop();
  const int failed = load.failed();
  EXPECT_TRUE(eventually([&] { return load.failed() > failed + 100; }));
  const Response health = scene.service.http().get("/api/health");
  EXPECT_EQ(health.status, 503);
  EXPECT_EQ(health.json()["database"], "unavailable");
  EXPECT_EQ(health.json()["status"], "unavailable");
  EXPECT_GT(scene.unavailable(), 100);
  EXPECT_EQ(scene.available(), 0) << "no connection can be had";

  const int acknowledged = load.acknowledged();
  scene.postgres.start();
  EXPECT_TRUE(eventually([&] { return load.acknowledged() > acknowledged + 20; }));
  EXPECT_TRUE(eventually([&] { return scene.service.healthy(); }));
  load.stop();
  EXPECT_EQ(scene.available(), size);
  // One that met the server's end waits for a new connection, at most 2 s.
  EXPECT_LT(load.slowest(), 4.0 * kSlowness) << "a request waited for the database";
  scene.expect_nothing_lost(load);
}

TEST(PostgresAway, WithoutDescriptorsThePoolSaysSoAndComesBackByItself) {
  Scene scene;
  Http before = scene.service.http();
  EXPECT_EQ(before.get("/api/v1/users/ann/profile").status, 200);  // its connection stays
  const std::uint64_t descriptors = set_limit(scene.service.pid(), RLIMIT_NOFILE, 3);
  EXPECT_GT(scene.postgres.kill_connections(scene.database), 0);
  EXPECT_TRUE(eventually([&] {
    return before.get("/api/health").json().value("database", "") == "unavailable";
  })) << scene.service.errors();
  const Json egg = {{"foods", {{{"name", "egg"}, {"quantity", 1}, {"calories", 78}}}},
                    {"meal_type", "snack"}};
  const Response refused = before.post(kFood, egg);
  EXPECT_EQ(refused.status, 500);
  EXPECT_EQ(refused.json()["error"], "DatabaseError");

  set_limit(scene.service.pid(), RLIMIT_NOFILE, descriptors);
  EXPECT_TRUE(eventually([&] {
    return before.get("/api/health").json().value("database", "") == "ok" &&
           before.post(kFood, egg).status == 201;
  })) << scene.service.errors();
  EXPECT_GT(scene.unavailable(), 0);
}

TEST(PostgresAway, ARestartBetweenRequestsFailsNone) {
  Scene scene;
  const auto all_well = [&] {
    Http client = scene.service.http();
    for (int i = 0; i < 20; ++i) {
      EXPECT_EQ(client.post("/api/v1/chat", {{"user_id", "ann"}, {"message", "an egg"}}).status,
                200);
      EXPECT_EQ(client.get("/api/v1/users/ann").status, 200);
    }
  };
  all_well();
  scene.postgres.stop();
  scene.postgres.start();
  all_well();
  EXPECT_TRUE(scene.postgres.end_connections(scene.database));
  all_well();
  EXPECT_EQ(scene.unavailable(), 0);
}

TEST(PostgresAway, ConnectionsKilledUnderLoadCostOnlyTheWritesThatWereUnderWay) {
  Scene scene;
  Load load{scene.service, 4};
  int killed = 0;
  for (int round = 1; round <= 10; ++round) {
    const int before = load.acknowledged();
    ASSERT_TRUE(eventually([&] { return load.acknowledged() > before + 50; }));
    killed += scene.postgres.kill_connections(scene.database);
  }
  const int acknowledged = load.acknowledged();
  EXPECT_TRUE(eventually([&] { return load.acknowledged() > acknowledged + 50; }));
  load.stop();
  EXPECT_GT(killed, 10);
  EXPECT_LE(load.failed(), 10 * 4) << "one for each client and round at most\n"
                                   << scene.service.errors().substr(0, 4'000);
  EXPECT_TRUE(scene.service.healthy());
  scene.expect_nothing_lost(load);
}

TEST(PostgresAway, ReadsAreRepeatedWhenTheirConnectionIsKilled) {
  Scene scene;
  std::atomic<bool> done{false};
  std::atomic<int> read{0};
  std::mutex mutex;
  std::vector<std::string> failed;
  std::vector<std::thread> readers;
  for (int i = 0; i < 4; ++i) {
    readers.emplace_back([&] {
      Http client = scene.service.http();
      while (!done) {
        const Response response = client.get("/api/v1/users/ann/food?date=2020-01-01");
        if (response.status != 200) {
          const std::lock_guard lock{mutex};
          failed.push_back(std::to_string(response.status) + " " + response.body + response.error);
        }
        ++read;
      }
    });
  }
  constexpr int kRounds = 10;
  for (int round = 1; round <= kRounds; ++round) {
    const int before = read;
    EXPECT_TRUE(eventually([&] { return read > before + 50; }));
    scene.postgres.kill_connections(scene.database);
  }
  done = true;
  for (std::thread& reader : readers)
    reader.join();
  // Each round cuts the reads under way, and without another try fails them. On a busy machine
  // rounds may follow each other faster than a reader comes through.
  EXPECT_LT(failed.size(), std::size_t{kRounds})
      << ::testing::PrintToString(failed) << " of " << read << "\n"
      << scene.service.errors();
}

// A commit that waits for a standby that does not exist is done, and its answer does not come.
TEST(PostgresAway, AWriteWhoseOutcomeIsNotKnownIsNotRunTwice) {
  Scene scene;
  scene.postgres.ask("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
  scene.postgres.ask("SELECT pg_reload_conf()");
  const auto waiting = [&] {
    return scene.postgres.ask("SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
  };
  // The server takes it up in its own time: from when on a commit of another session waits.
  std::atomic<bool> taken{false};
  std::thread trial{[&] {
    for (int i = 0; !taken; ++i) {
      try {
        scene.postgres.ask("CREATE TABLE trial_" + std::to_string(i) + " ()");
      } catch (const std::exception&) {  // it is ended below
      }
    }
  }};
  EXPECT_TRUE(eventually([&] { return waiting() == "1\n"; }));
  taken = true;
  scene.postgres.ask(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
  trial.join();
  EXPECT_TRUE(eventually([&] { return waiting() == "0\n"; }));

  Response response;
  std::thread writer{[&] {
    Http client = scene.service.http();
    response =
        client.post(kFood, {{"foods", {{{"name", "egg"}, {"quantity", 1}, {"calories", 78}}}},
                            {"meal_type", "snack"},
                            {"notes", "once"}});
  }};
  EXPECT_TRUE(eventually([&] { return waiting() == "1\n"; }));
  scene.postgres.kill_connections(scene.database);
  // One that has not yet seen that it is killed would be let go by what follows.
  EXPECT_TRUE(eventually([&] { return waiting() == "0\n"; }));
  scene.postgres.ask("ALTER SYSTEM RESET synchronous_standby_names");
  scene.postgres.ask("SELECT pg_reload_conf()");
  writer.join();
  EXPECT_EQ(response.status, 500) << response.body;
  EXPECT_EQ(scene.postgres.ask("SELECT notes FROM food_entries", scene.database), "once\n");
}

TEST(PostgresAway, AServerThatSaysNothingAnyMoreHoldsARequestForALimitedTime) {
  Scene scene;
  Http client = scene.service.http();
  double quickest = 60;  // what a machine that is taken adds, it does not add to each
  for (int i = 0; i < 3; ++i) {
    if (i > 0) scene.postgres.thaw();
    EXPECT_TRUE(eventually([&] { return scene.service.healthy(); }));
    scene.postgres.freeze();
    const auto asked = Clock::now();
    EXPECT_EQ(client.get("/api/health").status, 503);
    quickest = std::min(quickest, seconds_since(asked));
    EXPECT_EQ(client.get("/api/health").status, 503);
    EXPECT_EQ(client.get("/api/health?live").status, 200);
  }
  EXPECT_LT(quickest, 0.5 * kSlowness);
  const auto start = Clock::now();
  const Response response = client.send({.path = "/api/v1/users/ann", .timeout = 60s});
  const double waited = seconds_since(start);
  scene.postgres.thaw();
  EXPECT_EQ(response.status, 500) << response.error;
  EXPECT_LT(waited, 25.0 * kSlowness);
  EXPECT_TRUE(eventually([&] { return scene.service.healthy(); }));
  EXPECT_EQ(client.get("/api/v1/users/ann").status, 200);
}

}  // namespace
}  // namespace integration
