#include "health_agent/db/migrations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "tests/unit/health_agent/db_testing.h"

namespace health_agent::db {
namespace {

using testing::AllOf;
using testing::HasSubstr;

PoolOptions on_file(const std::string& path) {
  return {.url = "sqlite:" + path, .size = 2};
}

TEST(Migrations, MakeEveryTable) {
  Database database;
  OtherProgram other{database.path};
  for (const char* table : {"users", "food_entries", "conversation_messages", "user_profiles",
                            "user_preferences", "leases", "schema_migrations"}) {
    EXPECT_EQ(other.number("SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = '" +
                           std::string(table) + "'"),
              1)
        << table;
  }
}

TEST(Migrations, AreNumberedFromOneWithoutAGap) {
  int version = 0;
  for (const Migration& step : all_migrations())
    EXPECT_EQ(step.version, ++version) << step.name;
}

TEST(Migrations, DoNothingTheSecondTime) {
  const TempFolder folder;
  Pool pool{on_file(folder.file("x.db"))};
  EXPECT_EQ(migrate(pool), static_cast<int>(all_migrations().size()));
  Store{pool}.create_user("alice", 1);
  EXPECT_EQ(migrate(pool), 0);
  Pool again{on_file(folder.file("x.db"))};
  EXPECT_EQ(migrate(again), 0);
  EXPECT_TRUE(Store{again}.user_exists("alice"));
}

TEST(Migrations, AreTakenOnceWhenManyStartAtOnce) {
  for (int round = 0; round < 5; ++round) {
    const TempFolder folder;
    std::atomic<int> taken{0};
    in_threads(6, [&](int) {
      Pool pool{on_file(folder.file("x.db"))};  // to SQLite each is a program of its own
      taken += migrate(pool);
    });
    EXPECT_EQ(taken, static_cast<int>(all_migrations().size()));
    OtherProgram other{folder.file("x.db")};
    EXPECT_EQ(other.number("SELECT COUNT(*) FROM schema_migrations"),
              static_cast<long long>(all_migrations().size()));
  }
}

TEST(Migrations, AddOnlyTheStepsThatAreMissing) {
  Database database;
  const int known = all_migrations().back().version;
  std::vector<Migration> steps = all_migrations();
  steps.push_back({known + 1, "shoes", {"CREATE TABLE shoes (size BIGINT)"}});
  EXPECT_EQ(migrate(database.pool, steps), 1);
  EXPECT_EQ(migrate(database.pool, steps), 0);
  EXPECT_EQ(OtherProgram(database.path).number("SELECT COUNT(*) FROM shoes"), 0);
}

TEST(Migrations, AFailingStepLeavesTheDatabaseAsItWas) {
  Database database;
  const int known = all_migrations().back().version;
  std::vector<Migration> steps = all_migrations();
  steps.push_back({known + 1, "shoes", {"CREATE TABLE shoes (size BIGINT)", "CREATE NONSENSE"}});
  const DatabaseError error = database_error_of([&] { migrate(database.pool, steps); });
  EXPECT_THAT(error.what(),
              AllOf(HasSubstr("migration " + std::to_string(known + 1)), HasSubstr("shoes")));
  OtherProgram other{database.path};
  EXPECT_EQ(other.number("SELECT COUNT(*) FROM sqlite_master WHERE name = 'shoes'"), 0);
  EXPECT_EQ(other.number("SELECT MAX(version) FROM schema_migrations"), known);
  EXPECT_TRUE(database.store.create_user("alice", 1));  // nothing stayed locked
}

TEST(Migrations, RefuseADatabaseOfANewerProgram) {
  Database database;
  OtherProgram(database.path)
      .run("INSERT INTO schema_migrations (version, name, applied_at) VALUES (99, 'x', 0)");
  const DatabaseError error = database_error_of([&] { migrate(database.pool); });
  EXPECT_THAT(error.what(), AllOf(HasSubstr("99"), HasSubstr("newer health-agent")));
}

}  // namespace
}  // namespace health_agent::db
