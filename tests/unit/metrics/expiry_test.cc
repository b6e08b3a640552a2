#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cmath>
#include <future>
#include <string>
#include <string_view>
#include <thread>

#include "vitals/metrics/registry.h"
#include "vitals/metrics/summary.h"
#include "vitals/testing/snapshot.h"

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

/// Makes a label set on another thread while the family is being read.
class MakesSeries final : public SampleSink {
 public:
  explicit MakesSeries(FamilyCore& core) : core_(core) {}
  void begin_family(const FamilyInfo&) override {}
  void counter(const SeriesInfo&, const CounterView&) override {
    ++read;
    if (read > 1) return;
    std::promise<bool> made;
    std::future<bool> done = made.get_future();
    std::thread([&core = core_, made = std::move(made)]() mutable {
      const bool is_new = core.find_or_make(std::array{std::string_view{"late"}}) != nullptr;
      const bool removed = core.remove(std::array{std::string_view{"1"}});
      made.set_value(is_new && removed);
    }).detach();
    in_time = done.wait_for(60s) == std::future_status::ready && done.get();
  }
  void gauge(const SeriesInfo&, double) override {}
  void histogram(const SeriesInfo&, const HistogramView&) override {}
  void summary(const SeriesInfo&, const SummaryView&) override {}

  std::size_t read = 0;
  bool in_time = false;

 private:
  FamilyCore& core_;
};

TEST_F(Expiry, ANewLabelSetAndARemovalDoNotWaitForAScrape) {
  FamilyCore core{spec(MetricType::kCounter)};
  for (int i = 0; i < 1000; ++i)
    static_cast<void>(series(core, std::to_string(i)));
  MakesSeries sink(core);
  core.collect(sink, std::chrono::steady_clock::time_point{0s});
  EXPECT_TRUE(sink.in_time);
  EXPECT_EQ(sink.read, 1000U) << "as they were when the scrape began";
  EXPECT_EQ(left(core, 1s), 1000U);
}

class ManySeries : public Expiry {
 protected:
  static constexpr int kSeries = 100'000;

  ManySeries() : core_(many()) { fill(); }
  void fill() {
    for (int i = 0; i < kSeries; ++i)
      static_cast<void>(series(core_, std::to_string(i)));
  }
  /// One list of 100,000 that is searched and moved for each of them takes minutes.
  void expect_quick() const { EXPECT_LT(std::chrono::steady_clock::now() - start_, 20s); }
  static detail::FamilySpec many() {
    detail::FamilySpec made = spec(MetricType::kCounter);
    made.max_series = kSeries;
    return made;
  }

  FamilyCore core_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

TEST_F(ManySeries, ExpireInOnePass) {
  EXPECT_EQ(left(core_, 0s), std::size_t{kSeries});
  EXPECT_EQ(left(core_, 60s), 0U);
  fill();
  EXPECT_EQ(left(core_, 61s), std::size_t{kSeries});
  expect_quick();
}

TEST_F(ManySeries, AreRemovedOneByOneWithoutALookAtTheOthers) {
  EXPECT_EQ(left(core_, 0s), std::size_t{kSeries});
  for (int i = 0; i < kSeries; ++i)
    ASSERT_TRUE(core_.remove(std::array{std::string_view{std::to_string(i)}}));
  EXPECT_FALSE(core_.remove(std::array{std::string_view{"1"}}));
  EXPECT_EQ(left(core_, 1s), 0U);
  expect_quick();
}

TEST_F(ManySeries, AreClearedAtOnceAndMadeAnew) {
  static_cast<void>(left(core_, 0s));
  for (int round = 0; round < 3; ++round) {
    core_.clear();
    EXPECT_EQ(core_.size(), 0U);
    EXPECT_EQ(left(core_, 1s), 0U);
    static_cast<void>(series(core_, "x"));
    EXPECT_EQ(left(core_, 2s), 1U);
  }
  expect_quick();
}

TEST_F(Expiry, TheLongestTimeIsForEverAndNotNone) {
  for (const std::chrono::seconds longest :
       {std::chrono::seconds::max(), std::chrono::seconds::max() - 1s,
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::nanoseconds::max()) + 1s,
        std::chrono::seconds{std::chrono::hours{24 * 365 * 293}}}) {
    detail::FamilySpec lasting = spec(MetricType::kCounter);
    lasting.expire_after = longest;
    FamilyCore core{std::move(lasting)};
    detail::add_count(series(core, "idle").slot, 1);
    for (const auto at : {0s, 1s, 1'000'000s})
      EXPECT_EQ(left(core, at), 1U) << longest.count();
  }
  // The same of the other durations that may be given.
  Registry registry;
  const Summary summary = registry.summary(
      "wait_seconds", "Wait.", {.quantiles = {.5}, .window = std::chrono::seconds::max()});
  summary.observe(3);
  EXPECT_NEAR(*testing::Snapshot(registry).value("wait_seconds", {{"quantile", "0.5"}}), 3, 0.1);
}

}  // namespace
}  // namespace vitals::metrics
