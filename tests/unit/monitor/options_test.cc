#include "vitals/monitor/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "vitals/exporting/format.h"
#include "vitals/metrics/registry.h"
#include "vitals/monitor/agent.h"
#include "vitals/monitor/cache.h"
#include "vitals/monitor/db.h"
#include "vitals/monitor/http.h"
#include "vitals/testing/snapshot.h"

namespace vitals::monitor {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;
using ::testing::ThrowsMessage;
using ::vitals::testing::Snapshot;

void serve(std::string_view route) {
  RequestScope request{{.method = Method::kGet, .route = route}};
  request.finish(200);
}

TEST(MetricsOptions, PutAPrefixAndLabelsOnEveryFamily) {
  metrics::Registry registry;
  const MetricsGuard guard =
      enable_metrics(registry, {.prefix = "shop_", .labels = {{"zone", "eu"}}});
  serve("/eggs");
  update_pool_metrics(5, 3);
  expect_cache("sessions");
  const Snapshot snapshot{registry};
  EXPECT_THAT(snapshot.families(), Each(StartsWith("shop_")));
  EXPECT_EQ(
      snapshot.value("shop_http_requests_total",
                     {{"zone", "eu"}, {"method", "GET"}, {"endpoint", "/eggs"}, {"status", "200"}}),
      1);
  EXPECT_EQ(snapshot.value("shop_db_connection_pool_size", {{"zone", "eu"}}), 5);
  EXPECT_EQ(snapshot.count("shop_cache_hit_rate"), 1U);
  set_pool_source({});
}

TEST(MetricsOptions, ChooseNamesAndBucketsAndLeaveOut) {
  metrics::Registry registry;
  registry.counter("http_requests_total", "The service has this already.");
  const MetricsGuard guard = enable_metrics(
      registry, {.families = {{"http_requests_total", {.name = "web_requests_total"}},
                              {"http_request_duration_seconds", {.buckets = {{.0001, .001}}}},
                              {"http_requests_in_progress", {.off = true}},
                              {"vitals_sentry_events_total", {.off = true}}}});
  serve("/eggs");
  const Snapshot snapshot{registry};
  EXPECT_EQ(snapshot.total("web_requests_total"), 1);
  EXPECT_EQ(snapshot.count("http_request_duration_seconds_bucket"), 3U);
  EXPECT_EQ(snapshot.count("http_requests_in_progress"), 0U);
  EXPECT_EQ(snapshot.count("vitals_sentry_events_total"), 0U);
  EXPECT_EQ(snapshot.count("vitals_sentry_queue_depth"), 1U);
}

TEST(MetricsOptions, LimitTheLabelSetsOfAFamily) {
  metrics::Registry registry;
  const MetricsGuard guard =
      enable_metrics(registry, {.families = {{"agent_calls_total", {.max_series = 2}}}});
  for (int i = 0; i < 10; ++i) {
    AgentCallScope call{"model-" + std::to_string(i), "m"};
    call.succeed();
  }
  EXPECT_EQ(Snapshot{registry}.total("agent_calls_total", {{"agent_type", "(other)"}}), 8);
}

TEST(MetricsOptions, WhatNobodyUsesIsNotExported) {
  metrics::Registry registry;
  const MetricsGuard guard = enable_metrics(registry);
  serve("/eggs");
  const Snapshot snapshot{registry};
  EXPECT_THAT(snapshot.families(), Each(Not(StartsWith("db_"))));
  EXPECT_THAT(snapshot.families(), Each(Not(StartsWith("cache_"))));
  EXPECT_THAT(snapshot.families(), Each(Not(StartsWith("agent_"))));
}

TEST(MetricsOptions, AChoiceThatCannotBeLeavesNothingBehind) {
  metrics::Registry registry;
  EXPECT_THAT(
      [&] {
        static_cast<void>(
            enable_metrics(registry, {.families = {{"http_request_total", {.off = true}}}}));
      },
      ThrowsMessage<metrics::DefinitionError>(
          HasSubstr("names \"http_request_total\"; known are: http_requests_total, ")));
  EXPECT_THROW(static_cast<void>(enable_metrics(
                   registry, {.families = {{"db_queries_total", {.name = "queries"}}}})),
               metrics::DefinitionError);
  EXPECT_THAT(registry.usage(), IsEmpty());
  const MetricsGuard guard = enable_metrics(registry);
  serve("/eggs");
  EXPECT_EQ(Snapshot{registry}.total("http_requests_total"), 1);
}

TEST(MetricsOptions, CachesAndAgentsHaveNamesOfTheirOwn) {
  metrics::Registry registry;
  const MetricsGuard guard = enable_metrics(registry);
  {
    CacheScope get{CacheOperation::kGet, "key", "sessions"};
    get.hit();
  }
  {
    CacheScope get{CacheOperation::kGet, "key"};
    get.miss();
  }
  {
    AgentCallScope call{{"gemini", "gcp.gemini"}, "gemini-pro"};
    call.succeed({.input_tokens = 3});
  }
  const Snapshot snapshot{registry};
  EXPECT_EQ(snapshot.value("cache_operations_total",
                           {{"operation", "get"}, {"result", "hit"}, {"cache", "sessions"}}),
            1);
  EXPECT_EQ(snapshot.value("cache_operations_total", {{"operation", "get"}, {"result", "miss"}}),
            1);
  EXPECT_EQ(snapshot.value("cache_hit_rate", {{"cache", "sessions"}}), 1);
  EXPECT_EQ(snapshot.value("agent_tokens_used_total",
                           {{"agent_type", "gemini"}, {"token_type", "input"}}),
            3);
}

}  // namespace
}  // namespace vitals::monitor
