#include "vitals/metrics/summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <random>
#include <thread>
#include <vector>

#include "metrics/quantile_window.h"
#include "vitals/metrics/registry.h"
#include "vitals/testing/snapshot.h"

namespace vitals::metrics {
namespace {

using detail::QuantileWindow;
using testing::Snapshot;

std::vector<SummaryView::Quantile> asked(std::vector<double> quantiles) {
  std::vector<SummaryView::Quantile> result;
  for (const double quantile : quantiles)
    result.push_back({quantile, 0});
  return result;
}

TEST(Summary, HasCountAndSumAndNoQuantilesUnlessAskedFor) {
  Registry registry;
  const Summary summary = registry.summary("size_bytes", "Sizes.");
  summary.observe(1.5);
  summary.observe(2);
  summary.observe(std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(summary.count(), 2U);
  EXPECT_EQ(summary.sum(), 3.5);
  const Snapshot snapshot(registry);
  EXPECT_EQ(snapshot.value("size_bytes_count"), 2);
  EXPECT_EQ(snapshot.value("size_bytes_sum"), 3.5);
  EXPECT_EQ(snapshot.count("size_bytes"), 0U);
}

TEST(Summary, OfAFamilyHasQuantilesOfEachSeries) {
  Registry registry;
  const auto family =
      registry.summary<"kind">("size_bytes", "Sizes.", {.quantiles = {.5, 1}}, {.max_series = 3});
  for (int i = 1; i <= 100; ++i)
    family.with("a").observe(i);
  family.with("b").observe(7);
  const Snapshot snapshot(registry);
  EXPECT_NEAR(*snapshot.value("size_bytes", {{"kind", "a"}, {"quantile", "0.5"}}), 50, 0.51);
  EXPECT_NEAR(*snapshot.value("size_bytes", {{"kind", "a"}, {"quantile", "1"}}), 100, 1.01);
  EXPECT_NEAR(*snapshot.value("size_bytes", {{"kind", "b"}, {"quantile", "0.5"}}), 7, 0.08);
}

TEST(Summary, RefusesWhatCannotBe) {
  Registry registry;
  EXPECT_THROW(registry.summary("a", "A.", {.quantiles = {1.5}}), DefinitionError);
  EXPECT_THROW(registry.summary("a", "A.", {.quantiles = {.9, .5}}), DefinitionError);
  EXPECT_THROW(registry.summary<"kind">("a", "A.", {.quantiles = {.5}},
                                        {.expire_after = std::chrono::seconds{60}}),
               DefinitionError)
      << "each that is gone would keep its window";
  EXPECT_THROW(registry.summary("a", "A.", {.window = std::chrono::seconds{1}}), DefinitionError);
  EXPECT_THROW(registry.summary<"quantiles">("a_sum", "A."), DefinitionError);
}

TEST(QuantileWindow, IsWithinOnePercentOfTheValueWithThatRank) {
  std::mt19937_64 random{7};
  std::lognormal_distribution<double> values{-3, 2};
  QuantileWindow window{std::chrono::seconds{600}};
  std::vector<double> all;
  for (int i = 0; i < 20000; ++i) {
    all.push_back(values(random) * (i % 4 == 0 ? -1 : 1));
    window.observe_at(all.back(), 1000);
  }
  std::ranges::sort(all);
  auto quantiles = asked({0, .01, .2, .5, .9, .99, .999, 1});
  window.read_at(quantiles, 1000);
  for (const auto& [quantile, value] : quantiles) {
    const double exact =
        all[static_cast<std::size_t>(quantile * static_cast<double>(all.size() - 1))];
    EXPECT_NEAR(value, exact, std::fabs(exact) * 0.01001) << quantile;
  }
}

TEST(QuantileWindow, ForgetsWhatIsOlderThanItself) {
  QuantileWindow window{std::chrono::seconds{50}};
  auto one = asked({1});
  window.read_at(one, 100);
  EXPECT_TRUE(std::isnan(one[0].value));
  window.observe_at(1000, 100);
  window.observe_at(10, 130);
  window.read_at(one, 140);
  EXPECT_NEAR(one[0].value, 1000, 10);
  window.read_at(one, 160);
  EXPECT_NEAR(one[0].value, 10, 0.1);
  window.read_at(one, 500);
  EXPECT_TRUE(std::isnan(one[0].value));
  window.observe_at(3, 500);
  window.read_at(one, 500);
  EXPECT_NEAR(one[0].value, 3, 0.03);
}

TEST(QuantileWindow, TakesEveryNumber) {
  QuantileWindow window{std::chrono::seconds{50}};
  for (const double value :
       {0.0, -0.0, 1e-300, 1e300, -1e300, std::numeric_limits<double>::infinity(),
        -std::numeric_limits<double>::infinity()}) {
    window.observe_at(value, 1);
  }
  auto quantiles = asked({0, .5, 1});
  window.read_at(quantiles, 1);
  EXPECT_LT(quantiles[0].value, -1e14);
  EXPECT_EQ(quantiles[1].value, 0);
  EXPECT_GT(quantiles[2].value, 1e14);
}

TEST(QuantileWindow, CountsWhatManyThreadsObserve) {
  QuantileWindow window{std::chrono::seconds{50}};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&window, t] {
      for (int i = 0; i < 10000; ++i)
        window.observe_at(t + 1, 1);
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  auto quantiles = asked({.2, .4, .6, .9});
  window.read_at(quantiles, 1);
  for (std::size_t i = 0; i < 4; ++i)
    EXPECT_NEAR(quantiles[i].value, static_cast<double>(i + 1), 0.04);
}

}  // namespace
}  // namespace vitals::metrics
