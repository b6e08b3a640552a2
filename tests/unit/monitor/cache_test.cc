#include "vitals/monitor/cache.h"

#include "tests/unit/monitor/monitored.h"
#include "vitals/context/span.h"

namespace vitals::monitor {
namespace {

class CacheScopeTest : public Monitored {};

double operations(std::string_view operation, std::string_view result) {
  return value("cache_operations_total", {{"operation", operation}, {"result", result}});
}

TEST_F(CacheScopeTest, CountsHitsMissesAndErrorsApart) {
  const double hits = operations("get", "hit");
  const double misses = operations("get", "miss");
  const double errors = operations("get", "error");
  {
    CacheScope get{CacheOperation::kGet};
    get.hit();
  }
  {
    CacheScope get{CacheOperation::kGet};
    get.miss();
  }
  { CacheScope get{CacheOperation::kGet}; }
  EXPECT_EQ(operations("get", "hit"), hits + 1);
  EXPECT_EQ(operations("get", "miss"), misses + 1);
  EXPECT_EQ(operations("get", "error"), errors + 1);
}

TEST_F(CacheScopeTest, SetsAndDeletesAreOkOrError) {
  const double set_ok = operations("set", "ok");
  const double delete_error = operations("delete", "error");
  {
    CacheScope set{CacheOperation::kSet};
    set.ok();
  }
  { CacheScope erase{CacheOperation::kDelete}; }
  EXPECT_EQ(operations("set", "ok"), set_ok + 1);
  EXPECT_EQ(operations("delete", "error"), delete_error + 1);
}

TEST_F(CacheScopeTest, HelperCountsInTheSeedsWordsAndIgnoresOthers) {
  const double hits = operations("get", "hit");
  const double errors = operations("set", "error");
  track_cache_operation("get", true);
  track_cache_operation("set", false);
  track_cache_operation("flush", true);
  EXPECT_EQ(operations("get", "hit"), hits + 1);
  EXPECT_EQ(operations("set", "error"), errors + 1);
}

TEST_F(CacheScopeTest, SpanOfAGetSaysWhetherItHit) {
  const context::Span transaction = context::start_transaction({.name = "t", .op = "test"});
  {
    const context::SpanActivation active = transaction.activate();
    CacheScope get{CacheOperation::kGet, "profile"};
    get.hit();
  }
  transaction.finish();
  const auto transactions = sent("transaction");
  ASSERT_EQ(transactions.size(), 1U);
  EXPECT_EQ(transactions[0]["spans"][0]["op"], "cache.get");
  EXPECT_EQ(transactions[0]["spans"][0]["data"]["cache.hit"], true);
}

}  // namespace
}  // namespace vitals::monitor
