#include "console/ring.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "console/counts16.h"
#include "vitals/metrics/registry.h"

namespace vitals::console::detail {
namespace {

// Before any series of these tests is made, so that each counts as made since the last sample.
constexpr double kStart = 1'000'000'000;
constexpr std::size_t kRoom = 24 * 1024 * 1024;

const RingSeries& only(const Ring& ring, std::string_view family) {
  return *ring.find(family)->series.front();
}

TEST(Counts16, AreExactBelow2048AndCloseAbove) {
  for (std::uint32_t n = 0; n < 2048; ++n)
    ASSERT_EQ(unpack_count(pack_count(n)), n);
  for (std::uint64_t n = 2048; n < (1ULL << 32); n = n * 5 / 4 + 7) {
    const auto count = static_cast<std::uint32_t>(n);
    const double back = unpack_count(pack_count(count));
    ASSERT_LE(back, static_cast<double>(n));
    ASSERT_GT(back, static_cast<double>(n) * (1 - 1.0 / 1024)) << n;
  }
  EXPECT_GT(unpack_count(pack_count(0xffffffffU)), 0xffc00000U);
}

TEST(Ring, ACounterIsItsGrowthAndWhatItHadBeforeIsLeftOut) {
  metrics::Registry registry;
  auto counter = registry.counter("things_total", "Things.");
  counter.inc(500);
  Ring ring{kRoom};
  ring.sample(registry, kStart);
  counter.inc(7);
  ring.sample(registry, kStart + 1);
  ring.sample(registry, kStart + 2);
  const auto hold = ring.lock();
  ASSERT_EQ(ring.length(Window::kQuarterHour), 3U);
  const RingSeries& series = only(ring, "things_total");
  EXPECT_EQ(series.scalar(ring.row(Window::kQuarterHour, 0)), 0);
  EXPECT_EQ(series.scalar(ring.row(Window::kQuarterHour, 1)), 7);
  EXPECT_EQ(series.scalar(ring.row(Window::kQuarterHour, 2)), 0);
  EXPECT_EQ(series.last(), 507);
}

TEST(Ring, ACounterThatIsMadeLaterCountsFromItsBeginning) {
  metrics::Registry registry;
  Ring ring{kRoom};
  auto family = registry.counter<"kind">("things_total", "Things.");
  ring.sample(registry, kStart);
  family.with("new").inc(3);
  ring.sample(registry, kStart + 1);
  const auto hold = ring.lock();
  EXPECT_EQ(only(ring, "things_total").scalar(ring.row(Window::kQuarterHour, 1)), 3);
}

TEST(Ring, ACounterThatWasRemovedAndMadeAgainNeverFalls) {
  metrics::Registry registry;
  Ring ring{kRoom};
  auto family = registry.counter<"kind">("things_total", "Things.");
  family.with("a").inc(100);
  ring.sample(registry, kStart);
  family.remove("a");
  family.with("a").inc(4);
  ring.sample(registry, kStart + 1);
  const auto hold = ring.lock();
  EXPECT_EQ(only(ring, "things_total").scalar(ring.row(Window::kQuarterHour, 1)), 4);
}

TEST(Ring, AGaugeThatIsGoneHasNoValue) {
  metrics::Registry registry;
  Ring ring{kRoom};
  auto family = registry.gauge<"kind">("level", "A level.");
  ring.sample(registry, kStart);
  family.with("a").set(5);
  ring.sample(registry, kStart + 1);
  family.remove("a");
  ring.sample(registry, kStart + 2);
  const auto hold = ring.lock();
  const RingSeries& series = only(ring, "level");
  EXPECT_TRUE(std::isnan(series.scalar(ring.row(Window::kQuarterHour, 0))));
  EXPECT_EQ(series.scalar(ring.row(Window::kQuarterHour, 1)), 5);
  EXPECT_TRUE(std::isnan(series.scalar(ring.row(Window::kQuarterHour, 2))));
}

TEST(Ring, AHistogramIsTheGrowthOfItsBuckets) {
  metrics::Registry registry;
  Ring ring{kRoom};
  auto histogram = registry.histogram("time_seconds", "Time.", {.1, 1});
  histogram.observe(.05);
  ring.sample(registry, kStart);
  for (int i = 0; i < 5; ++i)
    histogram.observe(.5);
  histogram.observe(7);
  ring.sample(registry, kStart + 1);
  const auto hold = ring.lock();
  const RingSeries& series = only(ring, "time_seconds");
  const std::size_t row = ring.row(Window::kQuarterHour, 1);
  EXPECT_EQ(series.bucket(row, 0), 0U);
  EXPECT_EQ(series.bucket(row, 1), 5U);
  EXPECT_EQ(series.bucket(row, 2), 1U);
}

TEST(Ring, WrapsAroundAndKeepsTheLast15Minutes) {
  metrics::Registry registry;
  auto counter = registry.counter("things_total", "Things.");
  Ring ring{kRoom};
  ring.sample(registry, kStart);
  for (int second = 1; second <= 2000; ++second) {
    counter.inc(static_cast<std::uint64_t>(second));
    ring.sample(registry, kStart + second);
  }
  const auto hold = ring.lock();
  ASSERT_EQ(ring.length(Window::kQuarterHour), kSecondRows);
  EXPECT_EQ(ring.newest(Window::kQuarterHour), static_cast<std::int64_t>(kStart) + 2000);
  const RingSeries& series = only(ring, "things_total");
  for (std::size_t i = 0; i < kSecondRows; ++i)
    ASSERT_EQ(series.scalar(ring.row(Window::kQuarterHour, i)), static_cast<float>(1101 + i));
}

TEST(Ring, AMissedSecondIsAGapAndTheNextRateIsOverBoth) {
  metrics::Registry registry;
  auto counter = registry.counter("things_total", "Things.");
  Ring ring{kRoom};
  ring.sample(registry, kStart);
  counter.inc(30);
  ring.sample(registry, kStart + 3);
  const auto hold = ring.lock();
  ASSERT_EQ(ring.length(Window::kQuarterHour), 4U);
  EXPECT_EQ(ring.elapsed(ring.row(Window::kQuarterHour, 1)), 0);
  EXPECT_EQ(ring.elapsed(ring.row(Window::kQuarterHour, 2)), 0);
  EXPECT_EQ(ring.elapsed(ring.row(Window::kQuarterHour, 3)), 3);
  EXPECT_EQ(only(ring, "things_total").scalar(ring.row(Window::kQuarterHour, 3)), 30);
}

TEST(Ring, AGapIsOneAlsoWhereAnOlderRowLay) {
  metrics::Registry registry;
  Ring ring{kRoom};
  for (int second = 0; second < 1000; ++second)
    ring.sample(registry, kStart + second);
  ring.sample(registry, kStart + 1010);
  const auto hold = ring.lock();
  for (std::size_t i = kSecondRows - 12; i < kSecondRows - 1; ++i)
    EXPECT_EQ(ring.elapsed(ring.row(Window::kQuarterHour, i)), i == kSecondRows - 12 ? 1 : 0) << i;
}

TEST(Ring, WhatASeriesCountedLongBeforeTheRingSawItIsNoGrowth) {
  metrics::Registry registry;
  constexpr double kLater = 4'000'000'000;  // the series below are older than the last sample
  Ring ring{kRoom};
  auto family = registry.counter<"kind">("things_total", "Things.");
  ring.sample(registry, kLater);
  family.with("old").inc(1000);
  ring.sample(registry, kLater + 5);
  family.with("old").inc(2);
  ring.sample(registry, kLater + 6);
  const auto hold = ring.lock();
  const RingSeries& series = only(ring, "things_total");
  EXPECT_EQ(series.scalar(ring.row(Window::kQuarterHour, 5)), 0);
  EXPECT_EQ(series.scalar(ring.row(Window::kQuarterHour, 6)), 2);
}

TEST(Ring, ASecondIsSampledOnce) {
  metrics::Registry registry;
  auto counter = registry.counter("things_total", "Things.");
  Ring ring{kRoom};
  ring.sample(registry, kStart);
  counter.inc(5);
  ring.sample(registry, kStart + 0.5);
  ring.sample(registry, kStart - 100);
  ring.sample(registry, kStart + 1);
  const auto hold = ring.lock();
  EXPECT_EQ(ring.length(Window::kQuarterHour), 2U);
  EXPECT_EQ(only(ring, "things_total").scalar(ring.row(Window::kQuarterHour, 1)), 5);
}

TEST(Ring, AMinuteIsTheSumOfACountersSecondsAndTheMeanOfAGauges) {
  metrics::Registry registry;
  auto counter = registry.counter("things_total", "Things.");
  auto gauge = registry.gauge("level", "A level.");
  auto histogram = registry.histogram("time_seconds", "Time.", {.1, 1});
  Ring ring{kRoom};
  const double minute = std::floor(kStart / 60) * 60;
  ring.sample(registry, minute);
  for (int second = 1; second < 150; ++second) {
    counter.inc(2);
    histogram.observe(.5);
    gauge.set(second < 60 ? 10 : 20);
    ring.sample(registry, minute + second);
  }
  const auto hold = ring.lock();
  ring.settle_minute();
  ASSERT_EQ(ring.length(Window::kDay), 3U);
  EXPECT_EQ(ring.newest(Window::kDay), static_cast<std::int64_t>(minute) + 120);
  const auto row = [&ring](std::size_t i) { return ring.row(Window::kDay, i); };
  EXPECT_EQ(only(ring, "things_total").scalar(row(0)), 118);
  EXPECT_EQ(only(ring, "things_total").scalar(row(1)), 120);
  EXPECT_EQ(only(ring, "things_total").scalar(row(2)), 60);
  EXPECT_EQ(only(ring, "time_seconds").bucket(row(1), 1), 60U);
  EXPECT_EQ(only(ring, "level").scalar(row(1)), 20);
  EXPECT_EQ(ring.elapsed(row(1)), 60);
}

}  // namespace
}  // namespace vitals::console::detail
