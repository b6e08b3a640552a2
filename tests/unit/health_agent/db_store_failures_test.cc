#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "health_agent/db/connection.h"
#include "health_agent/db/store.h"
#include "health_agent/faults.h"
#include "tests/unit/health_agent/db_testing.h"
#include "vitals/testing/snapshot.h"

namespace health_agent::db {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using vitals::testing::Snapshot;
using Kind = DatabaseError::Kind;

PoolOptions impatient(int size = 2) {
  return {.url = {},
          .size = size,
          .checkout_timeout = milliseconds{50},
          .lock_timeout = milliseconds{50}};
}

/// Faults at every query while it lives.
struct AllQueriesFail {
  AllQueriesFail() { faults::set({.db = 1.0}); }
  ~AllQueriesFail() { faults::set({}); }
};

/// How far the samples of one name and labels grew since this was made.
class Growth {
 public:
  explicit Growth(const vitals::metrics::Registry& registry)
      : registry_(&registry), before_(registry) {}

  double operator()(std::string_view name, Snapshot::Labels labels) const {
    return Snapshot(*registry_).total(name, labels) - before_.total(name, labels);
  }

 private:
  const vitals::metrics::Registry* registry_;
  Snapshot before_;
};

TEST(StoreMonitoring, TheSeedsOperationsAreCountedByTypeAndTable) {
  Database database;
  const Growth growth{monitored()};
  (void)database.store.user_exists("alice");
  database.store.create_user("alice", 1);
  database.store.save_food_entry({.id = 0,
                                  .user_id = "alice",
                                  .foods = {},
                                  .meal_type = "lunch",
                                  .timestamp = 1,
                                  .notes = ""});
  const auto queries = [&](std::string_view type, std::string_view table) {
    return growth("db_queries_total", {{"query_type", type}, {"table", table}});
  };
  EXPECT_EQ(queries("SELECT", "users"), 1);
  EXPECT_EQ(queries("INSERT", "users"), 1);
  EXPECT_EQ(queries("INSERT", "food_entries"), 1);
  EXPECT_EQ(growth("db_queries_total", {}), 3);
  EXPECT_EQ(growth("db_query_errors_total", {}), 0);
  EXPECT_EQ(growth("db_query_duration_seconds_count", {{"query_type", "INSERT"}}), 2);
}

TEST(StoreMonitoring, AUserWhoIsNotThereIsNoErrorOfTheDatabase) {
  Database database;
  const Growth growth{monitored()};
  EXPECT_THROW((void)database.store.profile("nobody"), RecordNotFoundError);
  EXPECT_EQ(growth("db_queries_total", {}), 1);
  EXPECT_EQ(growth("db_query_errors_total", {}), 0);
}

TEST(StoreMonitoring, AnInjectedFaultIsAnErrorOfTheQuery) {
  Database database;
  const Growth growth{monitored()};
  {
    const AllQueriesFail faults;
    EXPECT_THROW((void)database.store.find_user("alice"), DatabaseError);
    EXPECT_THROW(database.store.create_user("alice", 1), DatabaseError);
  }
  EXPECT_EQ(growth("db_query_errors_total",
                   {{"query_type", "SELECT"}, {"table", "users"}, {"error_type", "other"}}),
            1);
  EXPECT_EQ(growth("db_query_errors_total", {{"query_type", "INSERT"}, {"table", "users"}}), 1);
  EXPECT_TRUE(database.store.create_user("alice", 1));
}

TEST(StoreMonitoring, AQueryThatGotNoConnectionIsAnErrorOfTheQuery) {
  Database database{impatient(1)};
  const Growth growth{monitored()};
  {
    const Pool::Lease lease = database.pool.checkout();
    EXPECT_EQ(database_error_of([&] { (void)database.store.user_exists("alice"); }).kind(),
              Kind::kTimeout);
  }
  EXPECT_EQ(growth("db_query_errors_total",
                   {{"query_type", "SELECT"}, {"table", "users"}, {"error_type", "timeout"}}),
            1);
}

TEST(StoreMonitoring, AStepThatIsTakenCostsOneReadOnly) {
  Database database;
  database.store.create_user("alice", 1);
  EXPECT_TRUE(database.store.reach_step("alice", Step::kFirstMessage, 2));
  const Growth growth{monitored()};
  EXPECT_FALSE(database.store.reach_step("alice", Step::kFirstMessage, 3));
  EXPECT_EQ(growth("db_queries_total", {{"query_type", "SELECT"}}), 1);
  EXPECT_EQ(growth("db_queries_total", {}), 1);
}

TEST(StoreRaces, ExactlyOneOfThoseWhoSawTheStepOpenReachesIt) {
  Database database;
  database.store.create_user("alice", 1);
  const Growth growth{monitored()};
  OtherProgram other{database.path};
  other.run("BEGIN IMMEDIATE");  // everybody reads, and nobody can write yet
  std::thread release{[&] {
    while (growth("db_queries_total", {{"query_type", "SELECT"}}) < 4) {
      std::this_thread::sleep_for(milliseconds{1});
    }
    other.run("COMMIT");
  }};
  std::atomic<int> reached{0};
  in_threads(4, [&](int) {
    if (database.store.reach_step("alice", Step::kFirstMessage, 2)) ++reached;
  });
  release.join();
  EXPECT_EQ(reached, 1);
}

TEST(StoreFailures, ALockOfAnotherProgramIsATimeoutForWritersOnly) {
  Database database{impatient()};
  database.store.create_user("alice", 1);
  const Growth growth{monitored()};
  OtherProgram other{database.path};
  other.run("BEGIN IMMEDIATE");
  const DatabaseError error =
      database_error_of([&] { database.store.set_profile_field("alice", "a", "1"); });
  EXPECT_EQ(error.kind(), Kind::kTimeout);
  EXPECT_THAT(error.what(), AllOf(HasSubstr("user_profiles"), HasSubstr("locked")));
  EXPECT_TRUE(database.store.user_exists("alice"));
  EXPECT_EQ(growth("db_query_errors_total", {{"error_type", "timeout"}}), 1);
  other.run("COMMIT");
  EXPECT_NO_THROW(database.store.set_profile_field("alice", "a", "1"));
}

TEST(StoreFailures, AWriterThatWaitsTooLongForItsTurnIsATimeout) {
  Database database{impatient()};
  const Pool::Lease lease = database.pool.checkout();
  {
    Transaction transaction{lease.connection(), "users"};
    const DatabaseError error = database_error_of([&] { database.store.create_user("alice", 1); });
    EXPECT_EQ(error.kind(), Kind::kTimeout);
    EXPECT_THAT(error.what(), HasSubstr(database.path));
  }
  EXPECT_TRUE(database.store.create_user("alice", 1));
}

TEST(StoreFailures, AViolatedConstraintIsToldApartAndKeepsNothing) {
  Database database;
  database.store.create_user("alice", 1);
  OtherProgram(database.path)
      .run(
          "CREATE TRIGGER t BEFORE INSERT ON conversation_messages WHEN NEW.content LIKE 'secret%'"
          " BEGIN SELECT RAISE(ABORT, 'refused'); END");
  const Growth growth{monitored()};
  const std::vector<Message> messages{{"user", "fine", 1}, {"user", "secret words", 2}};
  const DatabaseError error =
      database_error_of([&] { database.store.append_messages("alice", messages); });
  EXPECT_EQ(error.kind(), Kind::kConstraint);
  EXPECT_TRUE(database.store.history("alice", 10).empty());
  EXPECT_EQ(growth("db_query_errors_total", {{"query_type", "INSERT"},
                                             {"table", "conversation_messages"},
                                             {"error_type", "constraint"}}),
            1);
}

TEST(StoreFailures, NoUsersWordsAreInAnErrorsText) {
  Database database;
  database.store.create_user("alice", 1);
  OtherProgram(database.path)
      .run(
          "CREATE TRIGGER t BEFORE INSERT ON conversation_messages BEGIN SELECT RAISE(ABORT, "
          "'refused'); END");
  const std::vector<Message> messages{{"user", "my secret words", 1}};
  const DatabaseError error =
      database_error_of([&] { database.store.append_messages("alice", messages); });
  EXPECT_THAT(error.what(), AllOf(HasSubstr("conversation_messages"), HasSubstr("refused"),
                                  Not(HasSubstr("secret")), Not(HasSubstr("alice"))));
  EXPECT_THAT(error.user_message(), Not(HasSubstr("refused")));
}

TEST(StoreFailures, AStatementThatFailedWorksAgain) {
  Database database{impatient(1)};
  OtherProgram other{database.path};
  other.run("CREATE TRIGGER t BEFORE INSERT ON users BEGIN SELECT RAISE(ABORT, 'refused'); END");
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(database_error_of([&] { database.store.create_user("alice", 1); }).kind(),
              Kind::kConstraint);
  }
  other.run("DROP TRIGGER t");
  EXPECT_TRUE(database.store.create_user("alice", 1));
  EXPECT_FALSE(database.store.create_user("alice", 1));
}

TEST(StoreFailures, NothingStaysLockedWhenARowCannotBeRead) {
  Database database{impatient(1)};
  database.store.create_user("alice", 1);
  OtherProgram other{database.path};
  other.run(
      "INSERT INTO food_entries (user_id, foods, meal_type, eaten_at, notes) VALUES"
      " ('alice', '{broken', 'lunch', 5, ''), ('alice', '[]', 'lunch', 6, '')");
  const DatabaseError error =
      database_error_of([&] { (void)database.store.food_entries("alice", 0, 10); });
  EXPECT_EQ(error.kind(), Kind::kOther);
  EXPECT_EQ(database.pool.counts().available, 1);
  EXPECT_EQ(other.number("PRAGMA wal_checkpoint(TRUNCATE)"), 0);  // 1 while a reader is left over
  EXPECT_EQ(database.store.food_entries("alice", 6, 10).size(), 1U);
}

TEST(StoreFailures, ATableThatIsMissingIsAnotherError) {
  Database database;
  OtherProgram(database.path).run("DROP TABLE user_profiles");
  database.store.create_user("alice", 1);
  const DatabaseError error = database_error_of([&] { (void)database.store.profile("alice"); });
  EXPECT_EQ(error.kind(), Kind::kOther);
  EXPECT_THAT(error.what(), HasSubstr("no such table"));
}

TEST(StoreFailures, ASessionThatBreaksInATransactionLocksNobodyOut) {
  Database database{impatient()};
  database.store.create_user("alice", 1);
  {
    // A disk that is full, for this connection: the last one back is the first one out.
    const Pool::Lease lease = database.pool.checkout();
    int pages = 0;
    lease.connection().session() << "PRAGMA page_count", soci::into(pages);
    lease.connection().session() << "PRAGMA max_page_count = " << pages + 2;
  }
  const std::vector<Message> messages(20, Message{"user", std::string(4'000, 'x'), 1});
  const DatabaseError error =
      database_error_of([&] { database.store.append_messages("alice", messages); });
  EXPECT_EQ(error.kind(), Kind::kUnavailable) << error.what();
  EXPECT_TRUE(database.store.create_user("bob", 1));
  OtherProgram(database.path).run("INSERT INTO users (user_id, created_at) VALUES ('carl', 1)");
}

TEST(StoreFailures, AnUncommittedTransactionIsUndone) {
  Database database;
  {
    const Pool::Lease lease = database.pool.checkout();
    Transaction transaction{lease.connection(), "users"};
    lease.connection().session() << "INSERT INTO users (user_id, created_at) VALUES ('x', 1)";
  }
  EXPECT_FALSE(database.store.user_exists("x"));
  EXPECT_TRUE(database.store.create_user("x", 1));
}

}  // namespace
}  // namespace health_agent::db
