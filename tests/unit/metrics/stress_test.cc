#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "vitals/exporting/format.h"
#include "vitals/metrics/registry.h"

namespace vitals::metrics {
namespace {

using Clock = std::chrono::steady_clock;

/// How long to go on: STRESS_SECONDS, two unless told otherwise.
Clock::duration duration() {
  const char* given = std::getenv("STRESS_SECONDS");
  return std::chrono::seconds{given != nullptr ? std::atoi(given) : 2};
}

/// Checks of each scrape that no series stands there twice and that nothing kept has fallen. Series
/// of the family `removed_total` come and go, and are not followed.
class Watcher final : public SampleSink {
 public:
  void begin_family(const FamilyInfo& family) override {
    name_ = family.name;
    seen_.clear();
  }
  void counter(const SeriesInfo& series, const CounterView& value) override {
    see(series, "", static_cast<double>(value.whole) + value.fraction);
  }
  void gauge(const SeriesInfo&, double) override {}
  void histogram(const SeriesInfo& series, const HistogramView& view) override {
    see(series, "count", static_cast<double>(view.count()));
    if (view.native == nullptr) return;
    std::uint64_t native = view.native->zero_count;
    for (const NativeView::Bucket& bucket : view.native->positive)
      native += bucket.count;
    seen_.clear();
    see(series, "native", static_cast<double>(native));
  }
  void summary(const SeriesInfo& series, const SummaryView& view) override {
    see(series, "count", static_cast<double>(view.count));
  }

 private:
  void see(const SeriesInfo& series, const char* part, double value) {
    const std::string key = name_ + '{' + std::string(series.labels) + '}' + part;
    EXPECT_TRUE(seen_.insert(key).second) << key;
    if (name_ == "removed_total") return;
    double& last = last_[key];
    EXPECT_GE(value, last) << key;
    last = value;
  }

  std::string name_;
  std::set<std::string> seen_;
  std::map<std::string, double> last_;
};

TEST(Stress, SumsAreExactAndNeverFallWhileThreadsWriteEndRemoveAndScrape) {
  Registry registry;
  const auto counters = registry.counter<"i">("events_total", "Events.");
  const auto costs = registry.counter<"i">("cost_usd_total", "Cost.");
  const auto histograms = registry.histogram<"i">("size", "Size.", {1, 2, 4},
                                                  {.native = NativeBuckets{.max_buckets = 10}});
  const auto summaries = registry.summary<"i">("work", "Work.", {.quantiles = {.5}});
  const auto removed = registry.counter<"i">("removed_total", "Removed.", {.max_series = 20});
  const auto end = Clock::now() + duration();
  const auto goes_on = [end] { return Clock::now() < end; };
  std::atomic<std::uint64_t> written{0};
  const auto write = [&](std::uint64_t i) {
    counters.with(std::to_string(i % 17)).inc();
    costs.with(std::to_string(i % 3)).inc(0.5);  // exact in binary, so the sum must be too
    histograms.with(std::to_string(i % 5)).observe(static_cast<double>(i % 4096) / 16);
    summaries.with(std::to_string(i % 2)).observe(static_cast<double>(i % 7));
    removed.with(std::to_string(i % 30)).inc();
    written.fetch_add(1, std::memory_order_relaxed);
  };
  {
    std::vector<std::jthread> threads;
    for (std::uint64_t t = 0; t < 2; ++t) {
      threads.emplace_back([&, t] {
        for (std::uint64_t i = t; goes_on(); ++i)
          write(i);
      });
    }
    threads.emplace_back([&] {  // threads that come and go
      while (goes_on()) {
        std::vector<std::jthread> wave;
        for (std::uint64_t t = 0; t < 8; ++t) {
          wave.emplace_back([&, t] {
            for (std::uint64_t i = 0; i < 100; ++i)
              write(i * t);
          });
        }
      }
    });
    threads.emplace_back([&] {
      for (int i = 0; goes_on(); ++i) {
        removed.remove(std::to_string(i % 30));
        if (i % 100 == 0) removed.clear();
      }
    });
    threads.emplace_back([&] {
      Watcher watcher;
      while (goes_on())
        registry.collect(watcher);
    });
    threads.emplace_back([&] {
      std::string page;
      while (goes_on()) {
        page.clear();
        exporting::write_metrics(registry, exporting::Format::kProtobuf, page);
      }
    });
  }
  std::uint64_t events = 0;
  std::uint64_t sizes = 0;
  std::uint64_t works = 0;
  double cost = 0;
  for (int i = 0; i < 17; ++i) {
    const std::string label = std::to_string(i);
    events += static_cast<std::uint64_t>(counters.with(label).value());
    if (i < 3) cost += costs.with(label).value();
    if (i < 5) sizes += histograms.with(label).count();
    if (i < 2) works += summaries.with(label).count();
  }
  EXPECT_GT(written, 0U);
  EXPECT_EQ(events, written);
  EXPECT_EQ(sizes, written);
  EXPECT_EQ(works, written);
  EXPECT_EQ(cost, static_cast<double>(written) * 0.5);
}

}  // namespace
}  // namespace vitals::metrics
