#include "vitals/monitor/db.h"

#include <gmock/gmock.h>

#include "tests/unit/monitor/monitored.h"

namespace vitals::monitor {
namespace {

class QueryScopeTest : public Monitored {};

struct LockedError : std::runtime_error {
  using runtime_error::runtime_error;
};

TEST_F(QueryScopeTest, CountsASuccessOnceAndNoError) {
  {
    QueryScope query{QueryType::kSelect, "apples"};
    query.succeed();
  }
  EXPECT_EQ(value("db_queries_total", {{"query_type", "SELECT"}, {"table", "apples"}}), 1);
  EXPECT_EQ((vitals::testing::Snapshot{scope_registry()}.total("db_query_errors_total",
                                                               {{"table", "apples"}})),
            0);
}

TEST_F(QueryScopeTest, IsAnErrorUntilToldOtherwise) {
  { QueryScope query{QueryType::kUpdate, "pears"}; }
  EXPECT_EQ(value("db_queries_total", {{"query_type", "UPDATE"}, {"table", "pears"}}), 1);
  EXPECT_EQ(value("db_query_errors_total",
                  {{"query_type", "UPDATE"}, {"table", "pears"}, {"error_type", "unknown"}}),
            1);
}

TEST_F(QueryScopeTest, CountsTheWordItFailedWith) {
  {
    QueryScope query{QueryType::kInsert, "plums"};
    query.fail("constraint");
  }
  EXPECT_EQ(value("db_query_errors_total",
                  {{"query_type", "INSERT"}, {"table", "plums"}, {"error_type", "constraint"}}),
            1);
}

TEST_F(QueryScopeTest, TrackQueryGivesBackReferencesAndCountsTheClassOfAThrow) {
  int kept = 7;
  int& same = track_query(QueryType::kSelect, "figs", [&]() -> int& { return kept; });
  EXPECT_EQ(&same, &kept);
  EXPECT_THROW(track_query(QueryType::kDelete, "figs", [] { throw LockedError{"busy"}; }),
               LockedError);
  EXPECT_EQ(value("db_query_errors_total",
                  {{"query_type", "DELETE"}, {"table", "figs"}, {"error_type", "LockedError"}}),
            1);
}

TEST_F(QueryScopeTest, LeavesABreadcrumbForTheErrorThatFollows) {
  const sentry::Scope scope = sentry::Scope::fork();
  const sentry::Activation active = scope.activate();
  {
    QueryScope query{QueryType::kSelect, "users"};
    query.succeed();
  }
  sentry::capture_message("then it broke");
  const auto events = sent("event");
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0]["breadcrumbs"]["values"].back()["message"], "SELECT users");
}

TEST(QueryType, IsReadFromTheFirstWord) {
  EXPECT_EQ(query_type_of("SELECT 1"), QueryType::kSelect);
  EXPECT_EQ(query_type_of("  \n\tinsert into t"), QueryType::kInsert);
  EXPECT_EQ(query_type_of("-- why\nUPDATE t"), QueryType::kUpdate);
  EXPECT_EQ(query_type_of("/* a */ /* b */Delete from t"), QueryType::kDelete);
  EXPECT_EQ(query_type_of("(SELECT 1)"), QueryType::kSelect);
  for (const char* other :
       {"", "SELECTED", "WITH x AS (SELECT 1) SELECT 1", "BEGIN", "/* never closed", "--"}) {
    EXPECT_EQ(query_type_of(other), QueryType::kOther) << other;
  }
}

TEST_F(QueryScopeTest, PoolGaugesAreReadAtTheScrape) {
  int available = 3;
  set_pool_source([&] { return PoolCounts{5, available}; });
  EXPECT_EQ(value("db_connection_pool_size"), 5);
  EXPECT_EQ(value("db_connection_pool_available"), 3);
  available = 1;
  EXPECT_EQ(value("db_connection_pool_available"), 1);
  set_pool_source({});
  EXPECT_EQ(value("db_connection_pool_size"), 0);
  update_pool_metrics(9, 4);
  EXPECT_EQ(value("db_connection_pool_size"), 9);
  EXPECT_EQ(value("db_connection_pool_available"), 4);
}

}  // namespace
}  // namespace vitals::monitor
