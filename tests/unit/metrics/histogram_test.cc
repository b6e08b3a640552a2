#include "vitals/metrics/histogram.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <string>

#include "vitals/exporting/format.h"
#include "vitals/metrics/registry.h"

namespace vitals::metrics {
namespace {

using ::testing::ElementsAre;

TEST(Histogram, CountsAValueOnABoundInTheBucketBelow) {
  Registry registry;
  const Histogram histogram = registry.histogram("size_bytes", "Size.", {1, 2, 5});
  for (const double v : {0.5, 1.0, 1.5, 2.0, 5.0, 5.1, -3.0})
    histogram.observe(v);
  EXPECT_THAT(histogram.buckets(), ElementsAre(3, 2, 1, 1));
}

TEST(Histogram, CountEqualsTheSumOfItsBuckets) {
  Registry registry;
  const Histogram histogram = registry.histogram("latency_seconds", "Latency.", kDefaultBuckets);
  std::mt19937 random(1);
  std::exponential_distribution<double> latency(1.0);
  double sum = 0;
  for (int i = 0; i < 1000; ++i) {
    const double v = latency(random);
    histogram.observe(v);
    sum += v;
  }
  const std::vector<std::uint64_t> buckets = histogram.buckets();
  EXPECT_EQ(histogram.count(), 1000u);
  EXPECT_EQ(std::accumulate(buckets.begin(), buckets.end(), std::uint64_t{0}), 1000u);
  EXPECT_DOUBLE_EQ(histogram.sum(), sum);
}

TEST(Histogram, FindsTheBucketForEveryNumberOfBounds) {
  Registry registry;
  std::mt19937 random(2);
  for (std::size_t n = 1; n <= 40; ++n) {
    const Buckets buckets = linear_buckets(1, 1, n);
    const Histogram histogram = registry.histogram("size_" + std::to_string(n), "Size.", buckets);
    std::vector<std::uint64_t> expected(n + 1);
    for (int i = 0; i < 200; ++i) {
      const double v = std::uniform_real_distribution<double>(0, double(n) + 2)(random);
      histogram.observe(v);
      const auto bounds = buckets.bounds();
      ++expected[static_cast<std::size_t>(std::lower_bound(bounds.begin(), bounds.end(), v) -
                                          bounds.begin())];
    }
    ASSERT_EQ(histogram.buckets(), expected) << n << " bounds";
  }
}

TEST(Histogram, PutsInfinityInTheLastBucketAndIgnoresNaN) {
  Registry registry;
  const Histogram histogram = registry.histogram("size_bytes", "Size.", {1, 2});
  histogram.observe(std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.sum(), 0);
  histogram.observe(std::numeric_limits<double>::infinity());
  EXPECT_THAT(histogram.buckets(), ElementsAre(0, 0, 1));
  EXPECT_TRUE(std::isinf(histogram.sum()));
}

TEST(Histogram, DropsAnInfiniteLastBoundThatTheUserWrote) {
  Registry registry;
  const Histogram histogram =
      registry.histogram("size_bytes", "Size.", {1, 2, std::numeric_limits<double>::infinity()});
  EXPECT_THAT(histogram.bounds(), ElementsAre(1, 2));
}

TEST(Histogram, HoldsTheMostBucketsThatAreAllowed) {
  Registry registry;
  auto family = registry.histogram<"i">("size_bytes", "Size.", linear_buckets(1, 1, 511));
  for (const char* i : {"a", "b", "c"}) {
    family.with(i).observe(511);
    family.with(i).observe(512);
  }
  const std::vector<std::uint64_t> buckets = family.with("b").buckets();
  ASSERT_EQ(buckets.size(), 512u);
  EXPECT_EQ(buckets[510], 1u);
  EXPECT_EQ(buckets[511], 1u);
}

TEST(Histogram, DoesNothingWhenDefaultConstructed) {
  const Histogram histogram;
  histogram.observe(1);
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.sum(), 0);
  EXPECT_TRUE(histogram.buckets().empty());
}

TEST(Histogram, OutlivesItsRegistry) {
  Histogram orphan;
  {
    Registry registry;
    orphan = registry.histogram("size_bytes", "Size.", {1, 2});
  }
  orphan.observe(1.5);
  EXPECT_THAT(orphan.buckets(), ElementsAre(0, 1, 0));
}

TEST(Buckets, LinearAndExponentialHelpersGiveTheBounds) {
  const auto bounds = [](const Buckets& buckets) {
    return std::vector<double>(buckets.bounds().begin(), buckets.bounds().end());
  };
  EXPECT_THAT(bounds(linear_buckets(-1, 0.5, 4)), ElementsAre(-1, -0.5, 0, 0.5));
  EXPECT_THAT(bounds(exponential_buckets(1, 10, 3)), ElementsAre(1, 10, 100));
}

TEST(Buckets, HelpersRefuseWhatWouldNotAscend) {
  EXPECT_THROW((void)linear_buckets(0, 0, 3), DefinitionError);
  EXPECT_THROW((void)linear_buckets(0, 1, 0), DefinitionError);
  EXPECT_THROW((void)exponential_buckets(0, 2, 3), DefinitionError);
  EXPECT_THROW((void)exponential_buckets(1, 1, 3), DefinitionError);
  EXPECT_THROW((void)exponential_buckets(1, 2, 0), DefinitionError);
}

TEST(Histogram, WithoutAFiniteBucketIsItsCountAndSum) {
  Registry registry;
  const Histogram defined = registry.histogram("wait_seconds", "Wait.", Buckets{});
  const auto labelled =
      registry.histogram<"kind">("size_bytes", "Size.", {std::numeric_limits<double>::infinity()});
  defined.observe(2);
  defined.observe(std::numeric_limits<double>::infinity() * 0);  // not a number
  defined.observe(0.5);
  labelled.with("a").observe(7);
  EXPECT_EQ(defined.count(), 2U);
  EXPECT_EQ(defined.sum(), 2.5);
  EXPECT_TRUE(defined.bounds().empty());
  std::string page;
  exporting::write_metrics(registry, exporting::Format::kText, page);
  EXPECT_EQ(page,
            "# HELP wait_seconds Wait.\n# TYPE wait_seconds histogram\n"
            "wait_seconds_bucket{le=\"+Inf\"} 2\nwait_seconds_sum 2.5\nwait_seconds_count 2\n"
            "# HELP size_bytes Size.\n# TYPE size_bytes histogram\n"
            "size_bytes_bucket{kind=\"a\",le=\"+Inf\"} 1\nsize_bytes_sum{kind=\"a\"} 7\n"
            "size_bytes_count{kind=\"a\"} 1\n");
}

}  // namespace
}  // namespace vitals::metrics
