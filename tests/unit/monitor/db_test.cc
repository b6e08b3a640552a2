#include "vitals/monitor/db.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cmath>
#include <latch>
#include <stdexcept>
#include <thread>

#include "monitor/families.h"
#include "tests/unit/monitor/monitored.h"
#include "vitals/context/capture.h"
#include "vitals/context/scope.h"
#include "vitals/monitor/cache.h"
#include "vitals/monitor/endpoint.h"
#include "vitals/monitor/http.h"

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
  const context::Scope scope = context::Scope::fork();
  const context::Activation active = scope.activate();
  {
    QueryScope query{QueryType::kSelect, "users"};
    query.succeed();
  }
  context::capture_message("then it broke");
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

TEST_F(QueryScopeTest, APoolIsNotAskedAnyMoreWhenItsObservationHasEnded) {
  std::latch inside{1};
  std::latch leave{1};
  std::atomic<int> calls{0};
  PoolObservation observation{"orders", [&] {
                                ++calls;
                                inside.count_down();
                                leave.wait();
                                return PoolCounts{6, 2};
                              }};
  std::thread first{[] { EXPECT_EQ(value("db_connection_pool_size", {{"pool", "orders"}}), 6); }};
  inside.wait();
  // Ending it waits for the call under way, which is the last.
  std::atomic<bool> ended{false};
  std::thread other{[&] {
    observation.end();
    ended = true;
  }};
  std::this_thread::sleep_for(std::chrono::milliseconds{20});
  EXPECT_FALSE(ended);
  leave.count_down();
  other.join();
  first.join();
  const int before = calls;
  EXPECT_EQ(value("db_connection_pool_size", {{"pool", "orders"}}), 0);
  EXPECT_EQ(calls, before);
}

TEST_F(QueryScopeTest, SeveralPoolsStandBesideEachOther) {
  set_pool_source([] { return PoolCounts{5, 3}; });
  PoolObservation replica{"replica", [] { return PoolCounts{2, 1}; }};
  observe_pool_wait(0.002);
  observe_pool_wait(0.002, "replica");
  EXPECT_EQ(value("db_connection_pool_size"), 5);
  EXPECT_EQ(value("db_connection_pool_available", {{"pool", "replica"}}), 1);
  EXPECT_GT(value("db_connection_pool_wait_seconds_count"), 0);
  EXPECT_EQ(value("db_connection_pool_wait_seconds_count", {{"pool", "replica"}}), 1);
  PoolObservation again{"replica", [] { return PoolCounts{3, 3}; }};
  EXPECT_EQ(value("db_connection_pool_size", {{"pool", "replica"}}), 3) << "the latest";
  replica.end();
  EXPECT_EQ(value("db_connection_pool_size", {{"pool", "replica"}}), 3) << "which that is not";
  PoolObservation broken{"broken", []() -> PoolCounts { throw std::runtime_error("gone"); }};
  EXPECT_EQ(value("db_connection_pool_size"), 5) << "the others are there";
  set_pool_source({});
}

TEST_F(QueryScopeTest, APoolSourceMayReplaceItself) {
  set_pool_source([] {
    update_pool_metrics(8, 3);
    return PoolCounts{7, 1};
  });
  EXPECT_EQ(value("db_connection_pool_size"), 7);
  EXPECT_EQ(value("db_connection_pool_size"), 8);
  set_pool_source([]() -> PoolCounts { throw std::runtime_error("the pool is gone"); });
  EXPECT_EQ(value("db_connection_pool_size"), 0);
  set_pool_source({});  // which waits for nobody
}

// The locks of a sanitizer's allocator stay taken in the child of such a fork.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_F(QueryScopeTest, AChildOfAForkScrapesWhateverItsParentWasDoing) {
  set_pool_source({});
  track_cache_operation("get", true);
  EXPECT_FALSE(std::isnan(value("cache_hit_rate")));
  std::latch inside{1};
  std::latch leave{1};
  std::atomic<bool> parents{true};
  set_pool_source([&] {
    if (parents) {
      inside.count_down();
      leave.wait();
    }
    return PoolCounts{5, 4};
  });
  std::thread asking{[] { static_cast<void>(value("db_connection_pool_size")); }};
  inside.wait();
  const Endpoint endpoint{Method::kGet, "/forked"};
  std::atomic<bool> stop{false};
  std::thread serving{[&] {  // always in the middle of a first look-up
    for (int i = 0; !stop; ++i) {
      const Endpoint fresh{Method::kGet, "/forked"};
      RequestScope request{{.method = Method::kGet, .endpoint = &fresh}};
      request.finish(200);
    }
  }};
  for (int i = 0; i < 5 && !HasFailure(); ++i) {
    const pid_t child = fork();
    if (child == 0) {
      alarm(30);
      parents = false;
      int answer = value("db_connection_pool_size") == 5 ? 0 : 1;
      if (!std::isnan(value("cache_hit_rate"))) answer = 2;
      RequestScope request{{.method = Method::kGet, .endpoint = &endpoint}};
      request.finish(200);
      track_cache_operation("get", false);
      if (value("cache_hit_rate") != 0.0) answer = 3;
      set_pool_source({});  // it does not wait for the parent's thread
      _exit(answer);
    }
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status)) << "it hung";
    EXPECT_EQ(WEXITSTATUS(status), 0);
  }
  stop = true;
  serving.join();
  leave.count_down();
  asking.join();
  set_pool_source({});
}
#endif

}  // namespace
}  // namespace vitals::monitor
