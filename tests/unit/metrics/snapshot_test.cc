#include "vitals/testing/snapshot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "vitals/metrics/registry.h"

namespace vitals::testing {
namespace {

TEST(Snapshot, FindsASampleByItsLabelsInAnyOrder) {
  metrics::Registry registry;
  registry.counter<"a", "b">("x_total", "X.").with("1", "quoted \"2\"").inc(3);
  const Snapshot snapshot(registry);
  EXPECT_EQ(snapshot.value("x_total", {{"b", "quoted \"2\""}, {"a", "1"}}), 3);
  EXPECT_EQ(snapshot.value("x_total", {{"a", "1"}}), std::nullopt);
  EXPECT_EQ(snapshot.value("x_total"), std::nullopt);
  EXPECT_EQ(snapshot.value("y_total"), std::nullopt);
}

TEST(Snapshot, AddsUpTheSamplesThatIncludeTheLabels) {
  metrics::Registry registry;
  auto family = registry.counter<"a", "b">("x_total", "X.");
  family.with("1", "1").inc(1);
  family.with("1", "2").inc(2);
  family.with("2", "2").inc(4);
  const Snapshot snapshot(registry);
  EXPECT_EQ(snapshot.total("x_total"), 7);
  EXPECT_EQ(snapshot.total("x_total", {{"a", "1"}}), 3);
  EXPECT_EQ(snapshot.total("x_total", {{"b", "2"}}), 6);
  EXPECT_EQ(snapshot.total("y_total"), 0);
  EXPECT_EQ(snapshot.count("x_total"), 3u);
}

TEST(Snapshot, DoesNotChangeWithTheRegistry) {
  metrics::Registry registry;
  const metrics::Counter counter = registry.counter("x_total", "X.");
  const Snapshot before(registry);
  counter.inc();
  EXPECT_EQ(before.value("x_total"), 0);
  EXPECT_EQ(Snapshot(registry).value("x_total"), 1);
}

TEST(Snapshot, GivesTheBucketsOfAHistogramAddedUp) {
  metrics::Registry registry;
  const metrics::Histogram histogram = registry.histogram("x_seconds", "X.", {.5, 1});
  for (const double v : {.1, .7, 3.})
    histogram.observe(v);
  const Snapshot snapshot(registry);
  EXPECT_EQ(snapshot.value("x_seconds_bucket", {{"le", "0.5"}}), 1);
  EXPECT_EQ(snapshot.value("x_seconds_bucket", {{"le", "1"}}), 2);
  EXPECT_EQ(snapshot.value("x_seconds_bucket", {{"le", "+Inf"}}), 3);
  EXPECT_EQ(snapshot.value("x_seconds_count"), 3);
}

}  // namespace
}  // namespace vitals::testing
