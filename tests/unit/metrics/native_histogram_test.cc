#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <random>
#include <thread>
#include <vector>

#include "metrics/native_cells.h"
#include "vitals/metrics/registry.h"

namespace vitals::metrics {
namespace {

using detail::native_key;

/// The native buckets of the only histogram of a registry.
struct Native {
  std::int32_t schema = 0;
  std::uint64_t zero_count = 0;
  std::map<std::int32_t, std::uint64_t> positive;
  std::map<std::int32_t, std::uint64_t> negative;
  double sum = 0;

  [[nodiscard]] std::uint64_t count() const {
    std::uint64_t total = zero_count;
    for (const auto& [key, count] : positive)
      total += count;
    for (const auto& [key, count] : negative)
      total += count;
    return total;
  }
};

class NativeSink final : public SampleSink {
 public:
  void begin_family(const FamilyInfo&) override {}
  void counter(const SeriesInfo&, const CounterView&) override {}
  void gauge(const SeriesInfo&, double) override {}
  void summary(const SeriesInfo&, const SummaryView&) override {}
  void histogram(const SeriesInfo&, const HistogramView& view) override {
    ASSERT_NE(view.native, nullptr);
    found.emplace();
    found->schema = view.native->schema;
    found->zero_count = view.native->zero_count;
    for (const auto& [key, count] : view.native->positive) {
      EXPECT_TRUE(found->positive.emplace(key, count).second) << "twice: " << key;
    }
    for (const auto& [key, count] : view.native->negative) {
      EXPECT_TRUE(found->negative.emplace(key, count).second) << "twice: " << key;
    }
    found->sum = view.sum;
  }
  std::optional<Native> found;
};

Native read(const Registry& registry) {
  NativeSink sink;
  registry.collect(sink);
  return sink.found.value_or(Native{});
}

TEST(NativeKey, BoundsBelongToTheBucketBelowThem) {
  for (std::int32_t schema = -4; schema <= 8; ++schema) {
    for (const std::int32_t key : {-40, -1, 0, 1, 2, 39}) {
      const double bound = std::exp2(std::ldexp(static_cast<double>(key), -schema));
      if (bound == 0 || std::isinf(bound)) continue;
      if (schema <= 0) {
        EXPECT_EQ(native_key(bound, schema), key) << schema;
      } else {
        // The power of two is rounded, and so may lie a hair on either side.
        EXPECT_NEAR(native_key(bound, schema), key, 1) << schema;
      }
      EXPECT_EQ(native_key(bound * 1.0001, schema), key + 1) << schema;
      EXPECT_EQ(native_key(bound * 0.9999, schema), key) << schema;
    }
  }
}

TEST(NativeKey, PowersOfTwoAreExactAtEverySchema) {
  for (std::int32_t schema = 0; schema <= 8; ++schema) {
    for (int exponent = -1000; exponent <= 1000; exponent += 125) {
      EXPECT_EQ(native_key(std::ldexp(1.0, exponent), schema), exponent * (1 << schema));
    }
  }
}

TEST(NativeKey, OfInfinityIsBehindThatOfTheLargestNumber) {
  for (const std::int32_t schema : {-4, 0, 3, 8}) {
    EXPECT_EQ(native_key(std::numeric_limits<double>::infinity(), schema),
              native_key(std::numeric_limits<double>::max(), schema) + 1);
  }
}

TEST(NativeKey, LoweringTheSchemaMergesPairs) {
  std::mt19937_64 random{1};
  std::lognormal_distribution<double> values{0, 5};
  for (int i = 0; i < 10000; ++i) {
    const double value = values(random);
    for (int steps = 1; steps <= 12; ++steps) {
      EXPECT_EQ(detail::lower_key(native_key(value, 8), steps), native_key(value, 8 - steps));
    }
  }
}

TEST(NativeHistogram, CountsByValueSignAndZero) {
  Registry registry;
  const Histogram histogram = registry.native_histogram("size", "Sizes.", {.schema = 0});
  for (const double value : {1.0, 1.5, 2.0, 2.1, -3.0, 0.0, -0.0, 1e-300})
    histogram.observe(value);
  histogram.observe(std::numeric_limits<double>::quiet_NaN());
  const Native native = read(registry);
  EXPECT_EQ(native.schema, 0);
  EXPECT_EQ(native.zero_count, 3U);
  EXPECT_EQ(native.positive, (std::map<std::int32_t, std::uint64_t>{{0, 1}, {1, 2}, {2, 1}}));
  EXPECT_EQ(native.negative, (std::map<std::int32_t, std::uint64_t>{{2, 1}}));
  EXPECT_DOUBLE_EQ(native.sum, 1.0 + 1.5 + 2.0 + 2.1 - 3.0);
  EXPECT_EQ(histogram.count(), 8U);
}

TEST(NativeHistogram, PastItsLimitPairsOfBucketsBecomeOne) {
  Registry registry;
  const Histogram histogram =
      registry.native_histogram("size", "Sizes.", {.schema = 8, .max_buckets = 20});
  std::uint64_t observed = 0;
  for (double value = 1e-6; value < 1e6; value *= 1.01) {
    histogram.observe(value);
    histogram.observe(-value);
    observed += 2;
  }
  const Native native = read(registry);
  EXPECT_EQ(native.count(), observed);
  EXPECT_LE(native.positive.size() + native.negative.size(), 20U);
  EXPECT_LT(native.schema, 0);
  // Each count lies where its value belongs by the schema that is left.
  std::map<std::int32_t, std::uint64_t> expected;
  for (double value = 1e-6; value < 1e6; value *= 1.01)
    ++expected[native_key(value, native.schema)];
  EXPECT_EQ(native.positive, expected);
}

TEST(NativeHistogram, HoldsEveryNumberAtTheCoarsestSchema) {
  Registry registry;
  const Histogram histogram =
      registry.native_histogram("size", "Sizes.", {.schema = -4, .max_buckets = 2});
  std::uint64_t observed = 0;
  for (int exponent = -1074; exponent <= 1023; ++exponent) {
    histogram.observe(std::ldexp(1.0, exponent));
    histogram.observe(-std::ldexp(1.0, exponent));
    observed += 2;
  }
  histogram.observe(std::numeric_limits<double>::infinity());
  EXPECT_EQ(read(registry).count(), observed + 1);
}

TEST(NativeHistogram, LosesNoCountWhileThreadsObserveAndTheSchemaFalls) {
  Registry registry;
  const Histogram histogram = registry.native_histogram("size", "Sizes.", {.max_buckets = 16});
  constexpr int kThreads = 4;
  constexpr int kEach = 20000;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&histogram, t] {
      std::mt19937_64 random{static_cast<std::uint64_t>(t)};
      std::lognormal_distribution<double> values{0, 4};
      for (int i = 0; i < kEach; ++i)
        histogram.observe(values(random));
    });
  }
  std::uint64_t last = 0;
  for (int i = 0; i < 50; ++i) {
    const std::uint64_t now = read(registry).count();
    EXPECT_GE(now, last);
    last = now;
  }
  for (std::thread& thread : threads)
    thread.join();
  EXPECT_EQ(read(registry).count(), std::uint64_t{kThreads * kEach});
}

TEST(NativeHistogram, MayStandBesideClassicBuckets) {
  Registry registry;
  const auto family = registry.histogram<"method">("size", "Sizes.", {1, 2},
                                                   {.native = NativeBuckets{.schema = 0}});
  family.with("GET").observe(1.5);
  EXPECT_EQ(family.with("GET").buckets(), (std::vector<std::uint64_t>{0, 1, 0}));
  EXPECT_EQ(read(registry).positive, (std::map<std::int32_t, std::uint64_t>{{1, 1}}));
}

TEST(NativeHistogram, RefusesWhatCannotBe) {
  Registry registry;
  EXPECT_THROW(registry.native_histogram("a", "A.", {.schema = 9}), DefinitionError);
  EXPECT_THROW(registry.native_histogram("a", "A.", {.schema = -5}), DefinitionError);
  EXPECT_THROW(registry.native_histogram("a", "A.", {.zero_threshold = -1}), DefinitionError);
  EXPECT_THROW(registry.native_histogram("a", "A.", {.max_buckets = 1}), DefinitionError);
  EXPECT_THROW(registry.gauge("a", "A.", {.native = NativeBuckets{}}), DefinitionError);
  EXPECT_NO_THROW(registry.native_histogram("a", "A."));
}

/// Adds up what a reading says of its observations, in each of the ways that it says it.
class Reader final : public SampleSink {
 public:
  void begin_family(const FamilyInfo&) override {}
  void counter(const SeriesInfo&, const CounterView&) override {}
  void gauge(const SeriesInfo&, double) override {}
  void summary(const SeriesInfo&, const SummaryView&) override {}
  void histogram(const SeriesInfo&, const HistogramView& value) override {
    count = value.count();
    ones = value.counts[0];
    fours = value.counts[1];
    sum = value.sum;
    zeros = sparse = value.native->zero_count;
    for (const NativeView::Bucket& bucket : value.native->positive)
      sparse += bucket.count;
  }

  std::uint64_t count = 0;
  std::uint64_t ones = 0;
  std::uint64_t fours = 0;
  std::uint64_t sparse = 0;
  std::uint64_t zeros = 0;
  double sum = 0;
};

TEST(NativeHistogram, WithClassicBucketsIsOneReadingWhileThreadsCount) {
  Registry registry;
  const Histogram histogram =
      registry.histogram("wait_seconds", "Wait.", {1, 10}, {.native = NativeBuckets{}});
  std::atomic<bool> stop{false};
  std::atomic<int> running{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      ++running;
      while (!stop) {
        histogram.observe(1);
        histogram.observe(4);
        histogram.observe(0);
      }
    });
  }
  while (running < 3)
    std::this_thread::yield();
  std::uint64_t before = 0;
  for (int i = 0; i < 3'000; ++i) {
    Reader reader;
    registry.collect(reader);
    ASSERT_EQ(reader.count, reader.sparse) << i;
    ASSERT_EQ(reader.ones + reader.fours, reader.count) << i;
    ASSERT_GE(reader.count, before);
    before = reader.count;
    // Zeros share the classic bucket of the ones.
    ASSERT_EQ(reader.sum, static_cast<double>(reader.ones - reader.zeros + 4 * reader.fours)) << i;
  }
  stop = true;
  for (std::thread& thread : threads)
    thread.join();
  Reader reader;
  registry.collect(reader);
  EXPECT_EQ(reader.count, histogram.count());
  EXPECT_EQ(reader.sum, histogram.sum());
}

TEST(NativeHistogram, OfAnInfiniteValueKeepsItsSumWhenTheThreadEnds) {
  Registry registry;
  const Histogram histogram = registry.histogram("size", "Size.", {1}, {.native = NativeBuckets{}});
  std::thread([&] { histogram.observe(std::numeric_limits<double>::infinity()); }).join();
  NativeSink sink;
  registry.collect(sink);
  ASSERT_TRUE(sink.found);
  EXPECT_EQ(sink.found->sum, std::numeric_limits<double>::infinity());
}

using namespace std::chrono_literals;

std::uint64_t count_of(const detail::NativeReading& reading) {
  std::uint64_t count = reading.view.zero_count;
  for (const auto& side : {reading.positive, reading.negative})
    for (const NativeView::Bucket& bucket : side)
      count += bucket.count;
  return count;
}

TEST(NativeCells, ComeBackToTheirResolutionByStartingAnew) {
  detail::NativeCells cells{{.schema = 3, .max_buckets = 4, .reset_after = 1h}};
  auto now = std::chrono::steady_clock::now();
  detail::NativeReading reading;
  EXPECT_EQ(cells.since(), 0);
  for (int round = 0; round < 5; ++round) {
    double sum = 0;
    for (int i = 0; i < 20; ++i) {
      cells.add(1 << i, 0);
      sum += 1 << i;
    }
    cells.read_at(reading, 1, now);
    EXPECT_LT(reading.view.schema, 3) << "it has lost resolution";
    EXPECT_EQ(count_of(reading), 20U) << round;
    EXPECT_EQ(reading.classic[0], 20U);
    EXPECT_DOUBLE_EQ(reading.sum, sum);
    now += 61min;
    cells.read_at(reading, 1, now);
    EXPECT_EQ(reading.view.schema, 3);
    EXPECT_EQ(count_of(reading), 0U);
    EXPECT_EQ(reading.sum, 0);
    EXPECT_GT(cells.since(), 1.6e9);
  }
}

TEST(NativeCells, ThatHaveLostNothingGoOn) {
  detail::NativeCells cells{{.schema = 3, .max_buckets = 4, .reset_after = 1h}};
  cells.add(1, 0);
  detail::NativeReading reading;
  cells.read_at(reading, 1, std::chrono::steady_clock::now() + 100h);
  EXPECT_EQ(count_of(reading), 1U);
  EXPECT_EQ(cells.since(), 0);
}

TEST(NativeCells, TheZeroBucketGrowsBeforeResolutionIsLost) {
  detail::NativeCells cells{
      {.schema = 3, .zero_threshold = 0, .max_buckets = 4, .max_zero_threshold = 0.01}};
  for (const double value : {0.001, 0.002, 0.004, 0.005, 1.0, 2.0, 3.0, -0.003})
    cells.add(value, 0);
  detail::NativeReading reading;
  cells.read(reading, 1);
  EXPECT_EQ(reading.view.schema, 3);
  EXPECT_GT(reading.view.zero_threshold, 0.003);
  EXPECT_LE(reading.view.zero_threshold, 0.01);
  EXPECT_GE(reading.view.zero_count, 3U);
  EXPECT_EQ(count_of(reading), 8U);
  for (const double value : {7.0, 20.0})
    cells.add(value, 0);
  cells.read(reading, 1);
  EXPECT_LT(reading.view.schema, 3) << "what is above the largest threshold stays";
  EXPECT_EQ(count_of(reading), 10U);
}

}  // namespace
}  // namespace vitals::metrics
