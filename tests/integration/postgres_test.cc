#include "integration/support/postgres.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <barrier>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "health_agent/db/pool.h"
#include "health_agent/errors.h"
#include "integration/fixture.h"
#include "integration/support/ports.h"

namespace integration {
namespace {

const std::string kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";

ServiceOptions on(const Postgres& postgres, const std::string& database, Settings more = {}) {
  more.try_emplace("DATABASE_URL", postgres.url(database));
  return health_agent(std::move(more));
}

Json egg(const std::string& notes) {
  return {{"foods", {{{"name", "egg"}, {"quantity", 1}, {"calories", 78}}}},
          {"meal_type", "lunch"},
          {"notes", notes}};
}

/// Stands before a server of this machine, and sends away as many callers as it is told to.
class Doorkeeper {
 public:
  explicit Doorkeeper(std::uint16_t server)
      : server_(server), door_(listen_on(port_)), porter_([this] { receive(); }) {}
  ~Doorkeeper() {
    ::shutdown(door_, SHUT_RDWR);
    porter_.join();
    ::close(door_);
    for (std::thread& guide : guides_)
      guide.join();
    for (const int caller : standing_)
      ::close(caller);
  }
  Doorkeeper(const Doorkeeper&) = delete;
  Doorkeeper& operator=(const Doorkeeper&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  void send_away(int callers) { to_send_away_ = callers; }
  [[nodiscard]] int left_to_send_away() const { return to_send_away_; }
  /// So many are not let in, and not sent away either.
  void leave_standing(int callers) { to_leave_standing_ = callers; }
  [[nodiscard]] int left_to_leave_standing() const { return to_leave_standing_; }
  /// How many are inside: a session that has ended is over for its caller when this says so.
  [[nodiscard]] int inside() const { return inside_; }

 private:
  void receive() {
    for (int caller = 0; (caller = ::accept(door_, nullptr, nullptr)) >= 0;) {
      if (to_send_away_ > 0) {
        --to_send_away_;
        ::close(caller);
      } else if (to_leave_standing_ > 0) {
        --to_leave_standing_;
        standing_.push_back(caller);
      } else {
        ++inside_;
        guides_.emplace_back([this, caller] { pass_on(caller); });
      }
    }
  }

  void pass_on(int caller) {
    const int inside = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(server_);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bool open = ::connect(inside, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    while (open) {
      std::array<pollfd, 2> ends{{{caller, POLLIN, 0}, {inside, POLLIN, 0}}};
      ::poll(ends.data(), ends.size(), -1);
      for (std::size_t i = 0; i < ends.size() && open; ++i) {
        if (ends[i].revents == 0) continue;
        std::array<char, 4096> bytes;
        const ssize_t size = ::read(ends[i].fd, bytes.data(), bytes.size());
        open = size > 0 && ::send(ends[1 - i].fd, bytes.data(), static_cast<std::size_t>(size),
                                  MSG_NOSIGNAL) == size;
      }
    }
    ::close(caller);
    ::close(inside);
    --inside_;
  }

  const std::uint16_t server_;
  const std::uint16_t port_ = free_port();
  const int door_;
  std::atomic<int> to_send_away_{0};
  std::atomic<int> to_leave_standing_{0};
  std::atomic<int> inside_{0};
  std::vector<int> standing_;
  std::vector<std::thread> guides_;
  std::thread porter_;
};

TEST(PostgresStore, ASessionThatIsCutWhileItIsMadeIsMadeAgain) {
  const Postgres postgres;
  const std::string database = postgres.create_database();
  Doorkeeper door{postgres.port()};
  const std::string url =
      "postgresql://postgres@127.0.0.1:" + std::to_string(door.port()) + "/" + database;
  {
    health_agent::db::Pool pool{{.url = url, .size = 1}};
    const auto cut = [&] {
      ASSERT_TRUE(postgres.end_connections(database));
      ASSERT_TRUE(eventually([&] { return door.inside() == 0; }));
    };
    cut();
    door.send_away(4);
    EXPECT_NO_THROW(static_cast<void>(pool.checkout()));
    EXPECT_EQ(door.left_to_send_away(), 0);
    EXPECT_EQ(pool.counts().available, 1);

    cut();
    door.send_away(1000);
    EXPECT_THROW(static_cast<void>(pool.checkout()), health_agent::DatabaseError);
    EXPECT_EQ(pool.counts().available, 0) << "it is away now";
    door.send_away(0);
    EXPECT_TRUE(eventually([&] {
      try {
        static_cast<void>(pool.checkout());
        return true;
      } catch (const health_agent::DatabaseError&) {
        return false;
      }
    }));
  }
}

// As one is beside much else that starts on its machine.
TEST(PostgresStore, AStartWaitsForAServerThatTakesLongToLetItIn) {
  const Postgres postgres;
  Doorkeeper door{postgres.port()};
  door.leave_standing(1);
  const std::string url = "postgresql://postgres@127.0.0.1:" + std::to_string(door.port()) + "/" +
                          postgres.create_database();
  EXPECT_NO_THROW((health_agent::db::Pool{{.url = url, .size = 1}}));
  EXPECT_EQ(door.left_to_leave_standing(), 0);
}

TEST(PostgresStore, KeepsWhatUsersTold) {
  const Postgres postgres;
  const std::string database = postgres.create_database();
  const ServiceOptions options = on(postgres, database, {{"DATABASE_POOL_SIZE", "3"}});
  Json day;
  {
    const Service service{options};
    Http client = service.http();
    create_user(client, "ann");
    client.patch("/api/v1/users/ann/profile",
                 {{"field", "diet"}, {"value", "Käse \u0001 – 🧀"}});
    ASSERT_EQ(
        client.post("/api/v1/chat", {{"user_id", "ann"}, {"message", "2 eggs for lunch"}}).status,
        200);
    ASSERT_EQ(client.post("/api/v1/users/ann/food", egg("it's \"one\" :egg\\")).status, 201);
    day = client.get("/api/v1/users/ann/food").json();
    EXPECT_EQ(day["entries"].size(), 2U);
    EXPECT_EQ(service.metrics().value("db_connection_pool_size"), 3);
    EXPECT_EQ(postgres.ask("SELECT COUNT(*) FROM pg_stat_activity"
                           " WHERE application_name = 'health-agent'"),
              "3\n");
    EXPECT_EQ(postgres.ask("SELECT notes FROM food_entries ORDER BY id DESC LIMIT 1", database),
              "it's \"one\" :egg\\\n");
  }
  const Service service{options};
  Http client = service.http();
  EXPECT_EQ(client.get("/api/v1/users/ann/food").json(), day);
  EXPECT_EQ(client.get("/api/v1/users/ann/profile").json()["profile"]["diet"],
            Json("Käse \u0001 – 🧀"));
  EXPECT_EQ(client.del("/api/v1/users/ann").status, 204);
  EXPECT_EQ(postgres.ask("SELECT COUNT(*) FROM food_entries", database), "0\n");
}

TEST(PostgresStore, ReadsADayByItsIndex) {
  const Postgres postgres;
  const std::string database = postgres.create_database();
  const Service service{on(postgres, database)};
  const std::string plan = postgres.ask(
      "SET enable_seqscan = off; EXPLAIN SELECT f.id FROM users u LEFT JOIN food_entries f"
      " ON f.user_id = u.user_id AND f.eaten_at >= 1 AND f.eaten_at < 2 WHERE u.user_id = 'ann'",
      database);
  EXPECT_NE(plan.find("food_entries_by_time"), std::string::npos) << plan;
}

// Each replica lives in a thread of its own: a program dies with the thread that started it.
TEST(PostgresReplicas, StartTogetherOnAnEmptyDatabaseAndOneOfManyRacingCreatesWins) {
  const Postgres postgres;
  const std::string database = postgres.create_database();
  constexpr int kReplicas = 3;
  constexpr int kRacers = 8;
  std::barrier all_up{kReplicas};
  std::barrier all_done{kReplicas};
  std::atomic<int> created{0};
  std::atomic<int> found{0};
  std::vector<std::thread> replicas;
  for (int i = 0; i < kReplicas; ++i) {
    replicas.emplace_back([&] {
      const Service service{on(postgres, database)};
      all_up.arrive_and_wait();
      std::vector<std::thread> racers;
      for (int racer = 0; racer < kRacers; ++racer) {
        racers.emplace_back([&] {
          const int status = service.http().post("/api/v1/users", {{"user_id", "raced"}}).status;
          if (status == 201) ++created;
          if (status == 200) ++found;
        });
      }
      for (std::thread& racer : racers)
        racer.join();
      all_done.arrive_and_wait();
    });
  }
  for (std::thread& replica : replicas)
    replica.join();
  EXPECT_EQ(created, 1);
  EXPECT_EQ(found, kReplicas * kRacers - 1);
  EXPECT_EQ(postgres.ask("SELECT COUNT(*) - MAX(version) FROM schema_migrations", database), "0\n")
      << "a step was taken twice";
}

TEST(PostgresStart, RefusesADatabaseOfANewerProgram) {
  const Postgres postgres;
  const std::string database = postgres.create_database();
  { const Service service{on(postgres, database)}; }
  postgres.ask("INSERT INTO schema_migrations VALUES (99, 'x', 0)", database);
  const Finished end = run_service(on(postgres, database));
  ASSERT_TRUE(end.status);
  EXPECT_EQ(end.status->code, 1);
  EXPECT_NE(end.errors.find("newer health-agent"), std::string::npos) << end.errors;
}

TEST(PostgresStart, RefusesADatabaseThatCannotHoldEveryText) {
  const Postgres postgres;
  postgres.ask("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0");
  const Finished end = run_service(on(postgres, "latin"));
  ASSERT_TRUE(end.status);
  EXPECT_EQ(end.status->code, 1);
  EXPECT_NE(end.errors.find("LATIN1"), std::string::npos) << end.errors;
}

TEST(PostgresStart, WithoutTheServerIsAnEventThatNamesItAndNoPassword) {
  EnvelopeReceiver receiver;
  const std::string port = std::to_string(free_port());
  const Finished end = run_service(health_agent(with_sentry(
      receiver, {{"DATABASE_URL", "postgresql://ann:sw0rdfish@127.0.0.1:" + port + "/food"}})));
  ASSERT_TRUE(end.status);
  EXPECT_EQ(end.status->code, 1) << end.errors;
  EXPECT_NE(end.errors.find("postgresql://127.0.0.1:" + port + "/food"), std::string::npos)
      << end.errors;
  EXPECT_TRUE(receiver.wait_for_events(1));
  expect_valid(receiver);
  for (const Json& event : receiver.events())
    EXPECT_EQ(event.dump().find("sw0rdfish"), std::string::npos);
  EXPECT_EQ((end.output + end.errors).find("sw0rdfish"), std::string::npos);
}

TEST(PostgresTrace, IsInTheServersLogForASampledRequestOnly) {
  const Postgres postgres{{"log_statement=all", "log_min_duration_statement=-1"}};
  const EnvelopeReceiver receiver;
  const Service service{on(postgres, postgres.create_database(), with_sentry(receiver))};
  Http client = service.http();
  const std::string parent = "00-" + kTrace + "-00f067aa0ba902b7-0";
  ASSERT_EQ(
      client.post("/api/v1/users", {{"user_id", "unsampled"}}, {{"traceparent", parent + "0"}})
          .status,
      201);
  EXPECT_EQ(postgres.log().find(kTrace), std::string::npos);
  ASSERT_EQ(client
                .post("/api/v1/chat", {{"user_id", "sampled"}, {"message", "2 eggs"}},
                      {{"traceparent", parent + "1"}})
                .status,
            200);
  const std::string comment = "/*traceparent='00-" + kTrace + "-";
  const auto logged = [&](const std::string& statement) {
    const std::string log = postgres.log();
    for (std::size_t at = log.find(statement); at != std::string::npos;
         at = log.find(statement, at + 1)) {
      const std::size_t found = log.find(comment, at);
      if (found < log.find('\n', at)) return log.substr(found + comment.size() + 16, 6) == "-01'*/";
    }
    return false;
  };
  for (const char* statement : {"INSERT INTO users", "INSERT INTO conversation_messages",
                                "SELECT COALESCE(p.field", "BEGIN", "COMMIT"}) {
    EXPECT_TRUE(eventually([&] { return logged(statement); }))
        << statement << " is not in the log with the trace\n"
        << postgres.log();
  }
}

TEST(PostgresPool, WhoFindsAllConnectionsInUseIsToldAfterTheCheckoutTimeout) {
  const Postgres postgres;
  health_agent::db::Pool pool{{.url = postgres.url(postgres.create_database()),
                               .size = 2,
                               .checkout_timeout = std::chrono::milliseconds{200}}};
  const auto first = pool.checkout();
  {
    const auto second = pool.checkout();
    EXPECT_EQ(pool.counts().available, 0);
    const auto start = std::chrono::steady_clock::now();
    try {
      const auto third = pool.checkout();
      FAIL() << "a third connection of two";
    } catch (const health_agent::DatabaseError& error) {
      EXPECT_EQ(error.kind(), health_agent::DatabaseError::Kind::kTimeout);
      EXPECT_STREQ(error.what(), "all 2 connections are in use, and none came back within 200 ms");
    }
    EXPECT_GE(seconds_since(start), 0.2);
  }
  EXPECT_NO_THROW(static_cast<void>(pool.checkout())) << "one is back";
}

/// Another program that holds all of food_entries for a minute.
class LockedFood {
 public:
  LockedFood(const Postgres& postgres, const std::string& database)
      : other_{{.command = {"psql", "-h", "127.0.0.1", "-p", std::to_string(postgres.port()), "-U",
                            "postgres", "-d", database, "-c",
                            "BEGIN; LOCK TABLE food_entries; SELECT pg_sleep(60)"}}} {
    EXPECT_TRUE(eventually([&] {
      return postgres.ask(
                 "SELECT COUNT(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND"
                 " granted AND relation = 'food_entries'::regclass",
                 database) == "1\n";
    }));
  }

 private:
  Process other_;
};

TEST(PostgresErrors, ALockThatIsNotGivenIsATimeout) {
  const Postgres postgres;
  const std::string database = postgres.create_database();
  const Service service{
      on(postgres, database,
         {{"DATABASE_URL", postgres.url(database) + "?options=-c%20lock_timeout%3D300"}})};
  Http client = service.http();
  create_user(client, "ann");
  const LockedFood lock{postgres, database};
  expect_error(client.post("/api/v1/users/ann/food", egg("late")), 500, "DatabaseError");
  EXPECT_EQ(service.metrics().value(
                "db_query_errors_total",
                {{"query_type", "INSERT"}, {"table", "food_entries"}, {"error_type", "timeout"}}),
            1);
  EXPECT_EQ(client.get("/api/v1/users/ann").status, 200);
}

TEST(PostgresErrors, HealthIsSaidAtOnceWhileEveryConnectionWaitsForALock) {
  const Postgres postgres;
  const std::string database = postgres.create_database();
  const Service service{on(postgres, database, {{"DATABASE_POOL_SIZE", "2"}})};
  Http client = service.http();
  create_user(client, "ann");
  const LockedFood lock{postgres, database};
  std::vector<std::thread> writers;
  for (int i = 0; i < 12; ++i)
    writers.emplace_back([&] { service.http().post("/api/v1/users/ann/food", egg("late")); });
  const auto health = [&] {
    const Response response = client.get("/api/health");
    EXPECT_EQ(response.status, 200) << "a restart would not help";
    return response.json()["database"].get<std::string>();
  };
  EXPECT_TRUE(eventually([&] { return health() == "busy"; }));
  EXPECT_LT(quickest_health(client), 0.5 * kSlowness);
  postgres.ask(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
  for (std::thread& writer : writers)
    writer.join();
  EXPECT_TRUE(eventually([&] { return health() == "ok"; }));
}

TEST(PostgresErrors, AWriteThatTheServerUndidForOthersIsRunAgain) {
  const Postgres postgres{{"default_transaction_isolation=serializable"}};
  const std::string database = postgres.create_database();
  const Service service{on(postgres, database)};
  Http client = service.http();
  create_user(client, "ann");
  client.patch("/api/v1/users/ann/profile", {{"field", "n"}, {"value", 1}});
  Process other{{.command = {"psql", "-h", "127.0.0.1", "-p", std::to_string(postgres.port()), "-U",
                             "postgres", "-d", database, "-c",
                             "UPDATE user_profiles SET value = '2'; SELECT pg_sleep(3)"}}};
  ASSERT_TRUE(eventually([&] {
    return postgres.ask("SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'") ==
           "1\n";
  }));
  EXPECT_EQ(client.patch("/api/v1/users/ann/profile", {{"field", "n"}, {"value", 3}}).status, 200);
  EXPECT_EQ(postgres.ask("SELECT value FROM user_profiles", database), "3\n");
  EXPECT_EQ(service.metrics().sum("db_query_errors_total",
                                  {{"table", "user_profiles"}, {"error_type", "timeout"}}),
            1)
      << "the first run counts";
}

}  // namespace
}  // namespace integration
