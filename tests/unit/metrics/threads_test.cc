#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <latch>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "vitals/metrics/registry.h"
#include "vitals/testing/snapshot.h"

namespace vitals::metrics {
namespace {

using ::vitals::testing::Snapshot;

TEST(Threads, ComingAndGoingLoseNoCount) {
  Registry registry;
  const Counter counter = registry.counter("events_total", "Events.");
  const Histogram histogram = registry.histogram("size_bytes", "Size.", {1, 2, 3});
  constexpr int kRounds = 50;
  constexpr int kThreads = 8;
  constexpr int kEach = 200;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([=] {
        for (int i = 0; i < kEach; ++i) {
          counter.inc();
          counter.inc(0.5);
          histogram.observe(i % 5);
        }
      });
    }
  }
  constexpr std::uint64_t kAll = std::uint64_t{kRounds} * kThreads * kEach;
  EXPECT_EQ(counter.value(), double(kAll) * 1.5);
  EXPECT_EQ(histogram.count(), kAll);
  EXPECT_EQ(histogram.sum(), double(kAll) * 2);
}

TEST(Threads, GiveTheirMemoryBackWhenTheyEnd) {
  Registry registry;
  const Counter counter = registry.counter("events_total", "Events.");
  counter.inc();
  const detail::CellUsage before = detail::cell_usage();
  std::latch counted(4);
  std::latch seen(1);
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        counter.inc();
        counted.count_down();
        seen.wait();
      });
    }
    counted.wait();
    EXPECT_EQ(detail::cell_usage().threads, before.threads + 4);
    EXPECT_GT(detail::cell_usage().thread_bytes, before.thread_bytes);
    seen.count_down();
  }
  EXPECT_EQ(detail::cell_usage().threads, before.threads);
  EXPECT_EQ(detail::cell_usage().thread_bytes, before.thread_bytes);
}

// Fractions that cannot be added exactly: the last digit must not depend on which threads have
// ended, or a scraper takes the counter to have been reset.
TEST(Threads, NeverMakeATotalFallWhileTheyEnd) {
  Registry registry;
  const Counter counter = registry.counter("cost_usd_total", "Cost.");
  std::atomic<bool> stop = false;
  std::jthread scraper([&] {
    double last = 0;
    while (!stop.load(std::memory_order_relaxed)) {
      const double now = counter.value();
      ASSERT_GE(now, last);
      last = now;
    }
  });
  std::mt19937 random(3);
  for (int round = 0; round < 300; ++round) {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([counter, amount = std::uniform_real_distribution<>(0, 1e-3)(random)] {
        for (int i = 1; i < 10; ++i)
          counter.inc(amount / i);
      });
    }
  }
  stop = true;
}

// The same without a race to win: threads that hold values of very different sizes end one by one.
TEST(Threads, LeaveTheTotalToTheLastDigitWhenTheyEnd) {
  Registry registry;
  std::mt19937 random(4);
  for (int round = 0; round < 200; ++round) {
    const Counter counter =
        registry.counter("cost" + std::to_string(round) + "_usd_total", "Cost.");
    constexpr int kThreads = 6;
    std::latch counted(kThreads);
    std::vector<std::unique_ptr<std::latch>> ends;
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      ends.push_back(std::make_unique<std::latch>(1));
      const double amount = std::uniform_real_distribution<>(0.1, 0.9)(random);
      threads.emplace_back([&counted, &end = *ends.back(), counter, amount] {
        counter.inc(amount);
        counted.count_down();
        end.wait();
      });
    }
    counted.wait();
    const double before = counter.value();
    std::vector<int> order{3, 0, 5, 1, 4, 2};
    for (const int t : order) {
      ends[std::size_t(t)]->count_down();
      threads[std::size_t(t)].join();
      ASSERT_EQ(counter.value(), before) << "round " << round;
    }
  }
}

TEST(Threads, FindOneSeriesWhenAllAskForItFirst) {
  for (int round = 0; round < 30; ++round) {
    Registry registry;
    auto family = registry.counter<"a", "b">("events_total", "Events.");
    constexpr int kThreads = 4;
    std::latch start(kThreads);
    {
      std::vector<std::jthread> threads;
      for (int t = 0; t < kThreads; ++t) {
        threads.emplace_back([&] {
          start.arrive_and_wait();
          for (int i = 0; i < 100; ++i)
            family.with("v" + std::to_string(i), "x").inc();
        });
      }
    }
    ASSERT_EQ(family.size(), 100u);
    const Snapshot snapshot(registry);
    ASSERT_EQ(snapshot.count("events_total"), 100u);
    ASSERT_EQ(snapshot.total("events_total"), 100 * kThreads);
  }
}

TEST(Threads, CountEverythingWhenTheFamilyOverflows) {
  Registry registry;
  auto family = registry.counter<"path">("events_total", "Events.", {.max_series = 50});
  constexpr int kThreads = 4;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&family, t] {
        for (int i = 0; i < 2000; ++i)
          family.with(std::to_string((i * 7 + t) % 500)).inc();
      });
    }
  }
  EXPECT_EQ(family.size(), 51u);
  EXPECT_EQ(Snapshot(registry).total("events_total"), 2000 * kThreads);
  EXPECT_EQ(Snapshot(registry).value("events_total", {{"path", "(other)"}}),
            double(registry.usage().at(0).overflows));
}

/// Checks what must hold in every scrape: totals never fall, and no series stands there twice.
class Monotonic final : public SampleSink {
 public:
  void begin_family(const FamilyInfo& family) override {
    name_ = family.name;
    seen_.clear();
  }
  void counter(const SeriesInfo& series, const CounterView& value) override {
    see(std::string(series.labels), double(value.whole) + value.fraction);
  }
  void gauge(const SeriesInfo&, double) override {}
  void histogram(const SeriesInfo& series, const HistogramView& view) override {
    see(std::string(series.labels), double(view.count()));
  }
  void summary(const SeriesInfo&, const SummaryView&) override {}

 private:
  void see(const std::string& labels, double value) {
    ASSERT_TRUE(seen_.insert(labels).second) << name_ << labels;
    double& last = last_[name_ + labels];
    ASSERT_GE(value, last) << name_ << labels;
    last = value;
  }

  std::string name_;
  std::set<std::string> seen_;
  std::map<std::string, double> last_;
};

TEST(Threads, MayScrapeWhileOthersWriteAndDefine) {
  Registry registry;
  auto counters = registry.counter<"i">("events_total", "Events.");
  auto histograms = registry.histogram<"i">("size_bytes", "Size.", {1, 2, 4});
  std::atomic<bool> stop = false;
  std::jthread scraper([&] {
    Monotonic sink;
    while (!stop.load(std::memory_order_relaxed))
      registry.collect(sink);
  });
  std::atomic<std::uint64_t> counted = 0;
  {
    std::vector<std::jthread> writers;
    for (int t = 0; t < 3; ++t) {
      writers.emplace_back([&, t] {
        for (int i = 0; i < 3000; ++i) {
          counters.with(std::to_string(i % 97)).inc();
          histograms.with(std::to_string(i % 13)).observe(i % 6);
          counted.fetch_add(1);
          if (i % 1000 == 0) {
            registry.counter("late_" + std::to_string(t * 10 + i / 1000) + "_total", "Late.").inc();
          }
        }
      });
    }
  }
  stop = true;
  scraper.join();
  const Snapshot snapshot(registry);
  EXPECT_EQ(snapshot.total("events_total"), double(counted));
  EXPECT_EQ(snapshot.total("size_bytes_count"), double(counted));
}

TEST(Threads, MayCountWhileSeriesAreRemovedAndScraped) {
  Registry registry;
  auto family = registry.counter<"i">("events_total", "Events.", {.max_series = 20});
  auto gauges = registry.gauge<"i">("load", "Load.");
  std::atomic<bool> stop = false;
  std::vector<std::jthread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; !stop.load(std::memory_order_relaxed); ++i) {
        family.with(std::to_string(i % 30)).inc();
        gauges.with(std::to_string(i % 5)).inc();
      }
    });
  }
  threads.emplace_back([&] {
    while (!stop.load(std::memory_order_relaxed))
      (void)Snapshot(registry);
  });
  for (int i = 0; i < 2000; ++i) {
    family.remove(std::to_string(i % 30));
    gauges.remove(std::to_string(i % 5));
    if (i % 100 == 0) family.clear();
  }
  stop = true;
  threads.clear();
  family.clear();
  family.with("after").inc();
  EXPECT_EQ(Snapshot(registry).total("events_total"), 1);
}

}  // namespace
}  // namespace vitals::metrics
