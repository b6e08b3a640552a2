// What docs/guide/testing.md quotes: a test program of GoogleTest.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "vitals/metrics/registry.h"
#include "vitals/monitor/http.h"
#include "vitals/testing/lint.h"
#include "vitals/testing/sentry_recorder.h"
#include "vitals/testing/snapshot.h"

namespace {

void serve_egg() {
  vitals::monitor::track_request("GET", "/eggs/{id}",
                                 [] { throw std::out_of_range{"no such egg"}; });
}

// [metrics]
TEST(Eggs, AnUnknownOneIsCountedAsAnError) {
  vitals::metrics::Registry registry;  // of this test alone
  const auto metrics = vitals::monitor::enable_metrics(registry);
  EXPECT_THROW(serve_egg(), std::out_of_range);
  const vitals::testing::Snapshot after{registry};
  EXPECT_EQ(after.total("http_requests_total", {{"status", "500"}}), 1);
}
// [/metrics]

// [events]
TEST(Eggs, AnUnknownOneIsAnEventWithItsRoute) {
  const vitals::testing::SentryRecorder sentry;  // nothing leaves the process
  EXPECT_THROW(serve_egg(), std::out_of_range);
  const auto errors = sentry.errors();
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_EQ(errors[0].exceptions.back().type, "std::out_of_range") << errors[0];
  EXPECT_EQ(errors[0].transaction, "GET /eggs/{id}");
}
// [/events]

/// Stands for a program's own metrics.
struct ShopMetrics {
  explicit ShopMetrics(vitals::metrics::Registry& registry)
      : weight(registry.gauge("egg_weight_grams", "What an egg weighs on average.")) {}
  vitals::metrics::Gauge weight;
};

// [lint]
TEST(Metrics, AreNamedAsPrometheusAdvises) {
  vitals::metrics::Registry registry;
  const ShopMetrics metrics{registry};
  EXPECT_THAT(vitals::testing::lint(registry), testing::IsEmpty());
}
// [/lint]

TEST(Metrics, ThatAreNamedOtherwiseAreFound) {
  vitals::metrics::Registry registry;
  registry.gauge("wait_milliseconds", "Time that an egg waits.");
  EXPECT_THAT(vitals::testing::lint(registry), testing::ElementsAre(testing::HasSubstr("seconds")));
}

}  // namespace
