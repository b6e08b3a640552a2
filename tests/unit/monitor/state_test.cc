#include "vitals/monitor/state.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <utility>

#include "vitals/metrics/definition_error.h"
#include "vitals/metrics/registry.h"
#include "vitals/metrics/scoped_definition.h"
#include "vitals/monitor/endpoint.h"
#include "vitals/monitor/http.h"
#include "vitals/testing/snapshot.h"

namespace vitals::monitor {
namespace {

void ask(const Endpoint& endpoint) {
  RequestScope request{{.method = endpoint.method(), .endpoint = &endpoint}};
  request.finish(200);
}

double requests(const metrics::Registry& registry) {
  return vitals::testing::Snapshot{registry}.total("http_requests_total");
}

TEST(MetricsGuard, EachRegistryCountsWhatCameUnderItsOwn) {
  const Endpoint endpoint{Method::kGet, "/x"};
  metrics::Registry first;
  metrics::Registry second;
  {
    const MetricsGuard guard = enable_metrics(first);
    EXPECT_TRUE(metrics_enabled());
    ask(endpoint);
  }
  EXPECT_FALSE(metrics_enabled());
  ask(endpoint);
  {
    const MetricsGuard guard = enable_metrics(second);
    ask(endpoint);
    ask(endpoint);
  }
  EXPECT_EQ(requests(first), 1);
  EXPECT_EQ(requests(second), 2);
}

TEST(MetricsGuard, ARequestThatIsUnderWayWhenItEndsIsNotCounted) {
  metrics::Registry registry;
  metrics::Registry other;
  MetricsGuard guard = enable_metrics(registry);
  RequestScope first{{.method = Method::kGet, .route = "/x"}};
  RequestScope second{{.method = Method::kGet, .route = "/x"}};
  guard.end();
  guard.end();
  first.fail("Broken");
  first.finish(500);
  EXPECT_EQ(requests(registry), 0);
  guard = enable_metrics(other);
  second.fail("Broken");
  second.finish(500);
  EXPECT_EQ(requests(other), 0);
  const vitals::testing::Snapshot counted{other};
  EXPECT_EQ(counted.total("http_errors_total"), 0);
  EXPECT_EQ(counted.total("http_requests_in_progress"), 0) << "and not one less than none";
}

TEST(MetricsGuard, OneIsAliveAtATime) {
  metrics::Registry registry;
  metrics::Registry other;
  MetricsGuard guard = enable_metrics(registry);
  EXPECT_THROW(static_cast<void>(enable_metrics(other)), std::logic_error);
  MetricsGuard moved = std::move(guard);
  guard = MetricsGuard{};
  EXPECT_TRUE(metrics_enabled());
  moved = MetricsGuard{};
  EXPECT_FALSE(metrics_enabled());
}

TEST(MetricsGuard, ARegistryThatHadThemBeforeBeginsAnew) {
  const Endpoint endpoint{Method::kGet, "/x"};
  metrics::Registry registry;
  {
    const MetricsGuard guard = enable_metrics(registry);
    ask(endpoint);
    EXPECT_EQ(requests(registry), 1);
  }
  EXPECT_EQ(requests(registry), 1) << "it stands still";
  const MetricsGuard guard = enable_metrics(registry);
  EXPECT_EQ(requests(registry), 0);
  ask(endpoint);
  EXPECT_EQ(requests(registry), 1);
}

TEST(MetricsGuard, ANameThatIsTakenLeavesNothingBehind) {
  metrics::Registry registry;
  const metrics::ScopedDefinition own{
      registry.gauge_callback("cache_hit_rate", "h", [] { return 0.5; })};
  EXPECT_THROW(static_cast<void>(enable_metrics(registry)), metrics::DefinitionError);
  EXPECT_FALSE(metrics_enabled());
  EXPECT_THROW(static_cast<void>(enable_metrics(
                   registry, {.families = {{"vitals_sentry_events_total", {.name = "events"}}}})),
               metrics::DefinitionError)
      << "a counter ends in _total";
  EXPECT_EQ(requests(registry), 0);
}

}  // namespace
}  // namespace vitals::monitor
