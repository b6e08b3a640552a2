#include "vitals/metrics/gauge.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <vector>

#include "vitals/metrics/registry.h"

namespace vitals::metrics {
namespace {

TEST(Gauge, RisesAndFalls) {
  Registry registry;
  const Gauge gauge = registry.gauge("queue_length", "Length.");
  gauge.set(10);
  gauge.inc();
  gauge.inc(2.5);
  gauge.dec();
  gauge.dec(0.5);
  EXPECT_EQ(gauge.value(), 12);
}

TEST(Gauge, IsThereAtZeroBeforeItIsSet) {
  Registry registry;
  EXPECT_EQ(registry.gauge("queue_length", "Length.").value(), 0);
}

TEST(Gauge, SetsTheCurrentTimeInSeconds) {
  Registry registry;
  const Gauge gauge = registry.gauge("last_success_timestamp_seconds", "When it last succeeded.");
  gauge.set_to_current_time();
  const double now =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  EXPECT_NEAR(gauge.value(), now, 5.0);
}

TEST(Gauge, LosesNothingWhenThreadsCollide) {
  Registry registry;
  const Gauge gauge = registry.gauge("in_progress", "In progress.");
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([gauge] {
      for (int i = 0; i < 10'000; ++i)
        gauge.inc();
      for (int i = 0; i < 9'000; ++i)
        gauge.dec();
    });
  }
  threads.clear();
  EXPECT_EQ(gauge.value(), 4'000);
}

TEST(Gauge, OfLabelsAreIndependent) {
  Registry registry;
  auto gauges = registry.gauge<"i">("queue_length", "Length.");
  for (int i = 0; i < 200; ++i)
    gauges.with(std::to_string(i)).set(i);
  for (int i = 0; i < 200; ++i)
    ASSERT_EQ(gauges.with(std::to_string(i)).value(), i);
}

TEST(Gauge, DoesNothingWhenDefaultConstructed) {
  const Gauge gauge;
  gauge.set(1);
  gauge.inc();
  EXPECT_EQ(gauge.value(), 0);
}

}  // namespace
}  // namespace vitals::metrics
