#include <gtest/gtest.h>
#include <malloc.h>

#include <string>
#include <vector>

#include "console/event_store.h"
#include "console/ring.h"
#include "vitals/console/console.h"
#include "vitals/metrics/registry.h"

namespace vitals::console::detail {
namespace {

constexpr double kFirstTime = 1'000'000'000;
constexpr std::size_t kBound = 32 * 1024 * 1024;

/// What the allocator has given out; 0 where a sanitizer stands in for it.
std::size_t in_use() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

TEST(RingMemory, AThousandSeriesFitAndStayInTheBoundOverAnHourOfChurn) {
  metrics::Registry registry;
  auto counters = registry.counter<"name">("things_total", "Things.");
  auto histograms =
      registry.histogram<"name">("time_seconds", "Time.", {.01, .05, .1, .5, 1, 2, 5, 10});
  const auto name = [](int number) { return "/api/v1/things/" + std::to_string(number); };
  for (int i = 0; i < 550; ++i)
    counters.with(name(i)).inc();
  for (int i = 0; i < 450; ++i)
    histograms.with(name(i)).observe(.2);
  const std::size_t before = in_use();
  const std::size_t budget = ConsoleOptions{}.ring_bytes;
  Ring ring{budget};
  ring.sample(registry, kFirstTime);
  EXPECT_EQ(ring.counts().series, 1000U);
  EXPECT_EQ(ring.counts().not_kept, 0U);
  int first = 0;
  for (int second = 1; second <= 3600; ++second) {
    // One of each goes and one comes, every second.
    counters.remove(name(first));
    histograms.remove(name(first));
    counters.with(name(first + 550)).inc();
    histograms.with(name(first + 450)).observe(.2);
    ++first;
    ring.sample(registry, kFirstTime + second);
    ASSERT_LE(ring.counts().bytes, budget);
    ASSERT_EQ(ring.counts().not_kept, 0U) << "those that are gone make room, second " << second;
  }
  EXPECT_LE(in_use() - before, kBound);
}

TEST(RingMemory, PastTheBudgetNewSeriesAreNotKeptAndCounted) {
  metrics::Registry registry;
  auto counters = registry.counter<"name">("things_total", "Things.", {.max_series = 5000});
  for (int i = 0; i < 3000; ++i)
    counters.with(std::to_string(i)).inc();
  Ring ring{1024 * 1024};
  ring.sample(registry, kFirstTime);
  ring.sample(registry, kFirstTime + 1);
  const RingCounts counts = ring.counts();
  EXPECT_GT(counts.series, 80U);
  EXPECT_EQ(counts.series + counts.not_kept, 3000U);
  EXPECT_LE(counts.bytes, 1024U * 1024U);
}

TEST(EventStoreMemory, StaysInItsBoundWhateverComes) {
  EventStore store;
  const StoreLimits limits;
  sentry::Event error;
  error.exceptions.push_back({.type = "Broken", .value = "no"});
  sentry::Event trace;
  trace.type = sentry::Event::Type::kTransaction;
  const std::size_t before = in_use();
  for (int i = 0; i < 20'000; ++i) {
    const auto number = static_cast<std::size_t>(i);
    error.timestamp = vitals::Timestamp{std::chrono::seconds{i + 1}};
    error.exceptions.back().type = "Broken" + std::to_string(i % 700);
    store.add(error, std::string(number * 37 % 60'000, 'x'));
    trace.start = vitals::Timestamp{std::chrono::seconds{i + 1}};
    trace.timestamp = trace.start + std::chrono::milliseconds{i % 977};
    trace.transaction = "GET /" + std::to_string(i % 50);
    trace.status = i % 3 == 0 ? "internal_error" : "ok";
    store.add(trace, std::string(number * 41 % 300'000, 'y'));
    ASSERT_LE(store.bytes(), limits.error_bytes + limits.trace_bytes);
  }
  EXPECT_LE(in_use() - std::min(before, in_use()),
            limits.error_bytes + limits.trace_bytes + 1'000'000);
  EXPECT_LE(store.errors(1000).size(), limits.groups);
  EXPECT_FALSE(store.errors(1000).empty());
  EXPECT_FALSE(store.slow_traces(20'000).empty());
  EXPECT_FALSE(store.failed_traces().empty());
}

}  // namespace
}  // namespace vitals::console::detail
