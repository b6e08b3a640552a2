#include "vitals/metrics/counter.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <type_traits>

#include "vitals/metrics/registry.h"

namespace vitals::metrics {
namespace {

TEST(Counter, IsASmallValueToCopy) {
  EXPECT_TRUE(std::is_trivially_copyable_v<Counter>);
  EXPECT_LE(sizeof(Counter), 16u);
}

TEST(Counter, AddsWholeNumbersOfEveryIntegerType) {
  Registry registry;
  const Counter counter = registry.counter("events_total", "Events.");
  counter.inc();
  counter.inc(2);
  counter.inc(3u);
  counter.inc(std::uint64_t{4});
  counter.inc(std::int8_t{5});
  EXPECT_EQ(counter.value(), 15);
}

TEST(Counter, AddsFractions) {
  Registry registry;
  const Counter counter = registry.counter("cost_usd_total", "Cost.");
  counter.inc(0.25);
  counter.inc(2.0);
  counter.inc(0.5);
  EXPECT_EQ(counter.value(), 2.75);
}

TEST(Counter, IgnoresWhatWouldMakeItFallOrSpoilIt) {
  Registry registry;
  const Counter counter = registry.counter("events_total", "Events.");
  counter.inc(3);
  counter.inc(-1);
  counter.inc(-0.5);
  counter.inc(std::numeric_limits<double>::quiet_NaN());
  counter.inc(std::numeric_limits<double>::infinity());
  EXPECT_EQ(counter.value(), 3);
}

TEST(Counter, TakesAmountsTooLargeForAnInteger) {
  Registry registry;
  const Counter counter = registry.counter("events_total", "Events.");
  counter.inc(1e300);
  EXPECT_EQ(counter.value(), 1e300);
}

TEST(Counter, DoesNothingWhenDefaultConstructed) {
  const std::size_t before = detail::cell_usage().thread_bytes;
  const Counter counter;
  counter.inc();
  counter.inc(0.5);
  EXPECT_EQ(counter.value(), 0);
  EXPECT_EQ(detail::cell_usage().thread_bytes, before);
}

TEST(Counter, OutlivesItsRegistryAndTouchesNoOther) {
  Counter orphan;
  {
    Registry registry;
    orphan = registry.counter("events_total", "Events.");
    orphan.inc();
  }
  Registry next;
  const Counter counter = next.counter("events_total", "Events.");
  orphan.inc(100);
  EXPECT_EQ(counter.value(), 0);
  EXPECT_EQ(orphan.value(), 101);
}

TEST(Counter, CellsNeverOverlapAcrossManyPages) {
  Registry registry;
  auto family = registry.counter<"i">("events_total", "Events.", {.max_series = 2000});
  for (int i = 0; i < 1500; ++i)
    family.with(std::to_string(i)).inc(i);
  for (int i = 0; i < 1500; ++i)
    ASSERT_EQ(family.with(std::to_string(i)).value(), i);
}

}  // namespace
}  // namespace vitals::metrics
