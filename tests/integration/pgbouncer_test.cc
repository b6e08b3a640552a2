#include "integration/support/pgbouncer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "integration/fixture.h"
#include "integration/support/proc.h"

namespace integration {
namespace {

class BehindPgBouncer : public ::testing::TestWithParam<std::string> {};

INSTANTIATE_TEST_SUITE_P(Modes, BehindPgBouncer, ::testing::Values("session", "transaction"),
                         [](const auto& mode) { return mode.param; });

TEST_P(BehindPgBouncer, EveryRequestOfAllClientsSucceeds) {
  constexpr int kClients = 8;
  constexpr int kMeals = 6;
  const Postgres postgres;
  const std::string database = postgres.create_database();
  const PgBouncer bouncer{postgres, GetParam()};
  const auto start = [&] {
    return health_agent({{"DATABASE_URL", bouncer.url(database)}, {"LOG_LEVEL", "INFO"}});
  };
  std::vector<std::unique_ptr<Service>> replicas;
  replicas.push_back(std::make_unique<Service>(start()));
  replicas.push_back(std::make_unique<Service>(start()));

  std::atomic<int> failures{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.emplace_back([&, i] {
      Http client = replicas[static_cast<std::size_t>(i % 2)]->http();
      const std::string user = "user" + std::to_string(i);
      const auto expect = [&](const Response& response, int status) {
        if (response.status == status) return;
        ++failures;
        ADD_FAILURE() << response.status << " " << response.body;
      };
      expect(client.post("/api/v1/users", {{"user_id", user}}), 201);
      for (int meal = 0; meal < kMeals; ++meal) {
        expect(client.post("/api/v1/chat", {{"user_id", user}, {"message", "I had 2 eggs"}}), 200);
        expect(client.get("/api/v1/users/" + user), 200);
        expect(client.get("/api/v1/users/" + user + "/food"), 200);
      }
    });
  }
  for (std::thread& client : clients)
    client.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(postgres.ask("SELECT COUNT(*) FROM food_entries", database),
            std::to_string(kClients * kMeals) + "\n");
  EXPECT_EQ(postgres.ask("SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory'"), "0\n");
  EXPECT_EQ(replicas[0]->http().get("/api/health").json()["status"], "ok");
}

// The pooler's own sessions are ended, which its clients hear of at their next statement.
TEST(PgBouncer, SessionsThatEndBehindItAreMadeAgain) {
  const Postgres postgres;
  const std::string database = postgres.create_database();
  const PgBouncer bouncer{postgres, "transaction"};
  const Service service{health_agent({{"DATABASE_URL", bouncer.url(database)}})};
  Http client = service.http();
  EXPECT_EQ(client.post("/api/v1/users", {{"user_id", "ann"}}).status, 201);
  postgres.kill_connections(database);
  EXPECT_TRUE(eventually([&] { return client.get("/api/v1/users/ann").status == 200; }, 60s));
}

// Each request asks for a session, and each session that is refused has to be given up whole.
TEST(PgBouncer, AServerThatIsAwayBehindItCostsNoDescriptors) {
  Postgres postgres;
  const std::string database = postgres.create_database();
  const PgBouncer bouncer{postgres, "transaction"};
  const Service service{health_agent({{"DATABASE_URL", bouncer.url(database)}})};
  Http client = service.http();
  EXPECT_EQ(client.post("/api/v1/users", {{"user_id", "ann"}}).status, 201);
  postgres.stop();
  const auto ask_for = [&](std::chrono::seconds time) {
    const auto end = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < end) {
      EXPECT_EQ(client.get("/api/v1/users/ann").status, 500);
      std::this_thread::sleep_for(50ms);
    }
  };
  ask_for(3s);  // gives up the sessions from before, too
  const std::size_t before = open_files_of(service.pid());
  ask_for(8s);
  EXPECT_LE(open_files_of(service.pid()), before + 2);
  postgres.start();
  EXPECT_TRUE(eventually([&] { return client.get("/api/v1/users/ann").status == 200; }, 60s));
}

}  // namespace
}  // namespace integration
