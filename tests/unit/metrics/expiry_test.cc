#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cmath>
#include <string_view>

#include "vitals/metrics/registry.h"

namespace vitals::metrics {
namespace {

using namespace std::chrono_literals;
using detail::FamilyCore;

class NoSink final : public SampleSink {
 public:
  void begin_family(const FamilyInfo&) override {}
  void counter(const SeriesInfo&, const CounterView&) override {}
  void gauge(const SeriesInfo&, double) override {}
  void histogram(const SeriesInfo&, const HistogramView&) override {}
  void summary(const SeriesInfo&, const SummaryView&) override {}
};

class Expiry : public ::testing::Test {
 protected:
  /// How many series are left after a scrape at this time.
  static std::size_t left(FamilyCore& core, std::chrono::seconds at) {
    NoSink sink;
    core.collect(sink, std::chrono::steady_clock::time_point{at});
    return core.size();
  }
  static detail::FamilySpec spec(MetricType type) {
    detail::FamilySpec made;
    made.type = type;
    made.name = type == MetricType::kCounter ? "x_total" : "x";
    made.help = "X.";
    made.label_names = {"a"};
    made.expire_after = 60s;
    return made;
  }
  static const detail::Series& series(FamilyCore& core, std::string_view value) {
    return *core.find_or_make(std::array{value});
  }
};

TEST_F(Expiry, TakesWhatHasNotChangedForThatLong) {
  FamilyCore core{spec(MetricType::kCounter)};
  detail::add_count(series(core, "idle").slot, 1);
  detail::add_count(series(core, "busy").slot, 1);
  EXPECT_EQ(left(core, 0s), 2U);
  EXPECT_EQ(left(core, 30s), 2U);
  detail::add_sum(series(core, "busy").slot, 0.5);
  EXPECT_EQ(left(core, 59s), 2U);
  EXPECT_EQ(left(core, 60s), 1U);
  EXPECT_EQ(left(core, 118s), 1U);
  EXPECT_EQ(left(core, 119s), 0U);
  EXPECT_EQ(left(core, 200s), 0U);
}

TEST_F(Expiry, MakesRoomAndBeginsAnewFromZero) {
  detail::FamilySpec small = spec(MetricType::kCounter);
  small.max_series = 1;
  FamilyCore core{small};
  const detail::Slot before = series(core, "first").slot;
  detail::add_count(before, 5);
  EXPECT_EQ(left(core, 0s), 1U);
  EXPECT_EQ(left(core, 60s), 0U);
  const detail::Slot after = series(core, "first").slot;
  EXPECT_NE(after, before);
  detail::add_count(before, 1);  // a handle that somebody kept
  EXPECT_EQ(left(core, 61s), 1U);
}

TEST_F(Expiry, LooksAtGaugesAndHistogramsToo) {
  FamilyCore gauges{spec(MetricType::kGauge)};
  series(gauges, "a").gauge->store(1);
  EXPECT_EQ(left(gauges, 0s), 1U);
  series(gauges, "a").gauge->store(2);
  EXPECT_EQ(left(gauges, 60s), 1U);
  EXPECT_EQ(left(gauges, 120s), 0U);

  detail::FamilySpec histogram = spec(MetricType::kHistogram);
  histogram.layout = detail::intern_layout(std::array{1.0, 2.0});
  FamilyCore histograms{histogram};
  detail::add_observation(series(histograms, "a").slot, 2, 5);
  EXPECT_EQ(left(histograms, 0s), 1U);
  detail::add_observation(series(histograms, "a").slot, 1, 0);
  EXPECT_EQ(left(histograms, 60s), 1U);
  EXPECT_EQ(left(histograms, 120s), 0U);
}

TEST_F(Expiry, TakesAGaugeThatIsNotANumber) {
  FamilyCore core{spec(MetricType::kGauge)};
  series(core, "a").gauge->store(std::nan(""), std::memory_order_relaxed);
  EXPECT_EQ(left(core, 0s), 1U);
  EXPECT_EQ(left(core, 60s), 0U);
}

TEST_F(Expiry, IsOffUnlessAskedForAndNeverTakesAMetricWithoutLabels) {
  detail::FamilySpec lasting = spec(MetricType::kCounter);
  lasting.expire_after = 0s;
  FamilyCore core{lasting};
  static_cast<void>(series(core, "a"));
  EXPECT_EQ(left(core, 0s), 1U);
  EXPECT_EQ(left(core, 1000000s), 1U);

  Registry registry;
  registry.counter("alone_total", "A.", {.expire_after = 1s});
  NoSink sink;
  registry.collect(sink);
  EXPECT_EQ(registry.usage().at(0).series, 1U);
}

}  // namespace
}  // namespace vitals::metrics
