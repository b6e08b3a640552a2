#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "integration/support/prometheus.h"
#include "vitals/exporting/exposer.h"
#include "vitals/exporting/scrape.h"
#include "vitals/metrics/registry.h"

namespace integration {
namespace {

using vitals::exporting::Exposer;
using vitals::exporting::ScrapeHandler;
using vitals::metrics::Registry;

/// The value with that share of the others not above it.
double exact_quantile(std::vector<double> values, double quantile) {
  std::ranges::sort(values);
  return values[static_cast<std::size_t>(quantile * static_cast<double>(values.size() - 1))];
}

TEST(NativeHistogram, QuantilesOfPrometheusAreRightWithinTheSchemasError) {
  Registry registry;
  const auto fine = registry.native_histogram("fine", "F.", {.schema = 5, .max_buckets = 1000});
  const auto coarse = registry.native_histogram("coarse", "C.", {.schema = 8, .max_buckets = 30});
  const auto mixed = registry.native_histogram("mixed", "M.", {.schema = 3});
  std::mt19937_64 random{3};
  std::lognormal_distribution<double> spread{-4, 1.5};
  std::vector<double> values;
  std::vector<double> signed_values;
  for (int i = 0; i < 5000; ++i) {
    values.push_back(spread(random));
    fine.observe(values.back());
    coarse.observe(values.back());
    signed_values.push_back(i % 3 == 0 ? -values.back() : values.back());
    mixed.observe(signed_values.back());
  }
  ScrapeHandler handler{registry};
  const auto exposer = Exposer::start({.port = 0}, handler);
  ASSERT_TRUE(exposer) << exposer.error().message;
  Prometheus prometheus{{{"native", (*exposer)->port()}}, {.features = "native-histograms"}};
  ASSERT_TRUE(prometheus.becomes("up", 1)) << prometheus.errors();

  EXPECT_EQ(prometheus.query("histogram_count(fine)"), 5000);
  EXPECT_EQ(prometheus.query("histogram_count(coarse)"), 5000);
  EXPECT_EQ(prometheus.query("histogram_count(mixed)"), 5000);
  EXPECT_NEAR(prometheus.query("histogram_sum(fine)").value_or(0), fine.sum(), 1e-6);
  for (const double quantile : {.1, .5, .9, .99}) {
    const std::string asked = "histogram_quantile(" + std::to_string(quantile) + ", ";
    const double exact = exact_quantile(values, quantile);
    const double by_fine = prometheus.query(asked + "fine)").value_or(0);
    EXPECT_LT(std::fabs(std::log2(by_fine / exact)), std::exp2(-5) * 1.1) << quantile;
    // 30 buckets for these five powers of ten are left at a factor of two each, or finer.
    const double by_coarse = prometheus.query(asked + "coarse)").value_or(0);
    EXPECT_LT(std::fabs(std::log2(by_coarse / exact)), 1.1) << quantile;
    const double exact_signed = exact_quantile(signed_values, quantile);
    const double by_mixed = prometheus.query(asked + "mixed)").value_or(0);
    EXPECT_LT(std::fabs(std::log2(by_mixed / exact_signed)), std::exp2(-3) * 1.1) << quantile;
  }
}

}  // namespace
}  // namespace integration
