#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <latch>
#include <limits>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "vitals/exporting/format.h"
#include "vitals/metrics/registry.h"
#include "vitals/testing/snapshot.h"

namespace vitals::metrics {
namespace {

using ::testing::ElementsAre;
using ::vitals::testing::Snapshot;

class CollectorOf final : public Collector {
 public:
  explicit CollectorOf(std::function<void(SampleSink&)> collect) : collect_(std::move(collect)) {}
  void collect(SampleSink& sink) override { collect_(sink); }

 private:
  std::function<void(SampleSink&)> collect_;
};

void add(Registry& registry, std::function<void(SampleSink&)> collect) {
  registry.collector(std::make_unique<CollectorOf>(std::move(collect)));
}

void say_gauge(SampleSink& sink, std::string_view name, double value) {
  sink.begin_family({name, "Help.", MetricType::kGauge});
  sink.gauge({}, value);
}

TEST(Callback, IsReadAtEveryScrape) {
  Registry registry;
  double value = 1;
  registry.gauge_callback("load", "Load.", [&] { return value; });
  registry.counter_callback("work_total", "Work.", [&] { return value * 10; });
  EXPECT_EQ(Snapshot(registry).value("load"), 1);
  value = 2.5;
  EXPECT_EQ(Snapshot(registry).value("load"), 2.5);
  EXPECT_EQ(Snapshot(registry).value("work_total"), 25);
}

TEST(Callback, ThatThrowsIsLeftOutAndTheOthersStay) {
  Registry registry;
  registry.gauge("before", "Before.");
  registry.gauge_callback("load", "Load.", []() -> double { throw std::runtime_error("away"); });
  registry.gauge_callback("odd", "Odd.", []() -> double { throw 1; });
  registry.gauge("behind", "Behind.");
  EXPECT_THAT(Snapshot(registry).families(), ElementsAre("before", "behind"));
}

TEST(Collector, GivesFamiliesWithLabels) {
  Registry registry;
  add(registry, [](SampleSink& sink) {
    sink.begin_family({"pool_size", "Size.", MetricType::kGauge});
    sink.gauge(SeriesLabels{{"pool", "a"}}, 1);
    sink.gauge(SeriesLabels{{"pool", "b"}}, 2);
    sink.begin_family({"work_total", "Work.", MetricType::kCounter});
    sink.counter({}, {7, 0.5, {}});
    sink.begin_family({"size_bytes", "Size.", MetricType::kHistogram});
    const double bounds[] = {1, 2};
    const std::uint64_t counts[] = {1, 2, 3};
    sink.histogram(SeriesLabels{{"pool", "a"}}, {bounds, counts, 12.5});
  });
  const Snapshot snapshot(registry);
  EXPECT_EQ(snapshot.value("pool_size", {{"pool", "b"}}), 2);
  EXPECT_EQ(snapshot.value("work_total"), 7.5);
  EXPECT_EQ(snapshot.value("size_bytes_bucket", {{"pool", "a"}, {"le", "2"}}), 3);
  EXPECT_EQ(snapshot.value("size_bytes_count", {{"pool", "a"}}), 6);
  EXPECT_EQ(snapshot.value("size_bytes_sum", {{"pool", "a"}}), 12.5);
}

TEST(Collector, MayGiveAHistogramOfCountAndSumAlone) {
  Registry registry;
  add(registry, [](SampleSink& sink) {
    sink.begin_family({"size_bytes", "Size.", MetricType::kHistogram});
    const std::uint64_t counts[] = {4};
    sink.histogram({}, {{}, counts, 12.5, {}, nullptr});
  });
  const Snapshot snapshot(registry);
  EXPECT_EQ(snapshot.value("size_bytes_bucket", {{"le", "+Inf"}}), 4);
  EXPECT_EQ(snapshot.value("size_bytes_count"), 4);
  EXPECT_EQ(snapshot.value("size_bytes_sum"), 12.5);
}

TEST(Collector, ThatThrowsLosesOnlyTheFamilyItWasIn) {
  Registry registry;
  add(registry, [](SampleSink& sink) {
    say_gauge(sink, "whole", 1);
    sink.begin_family({"half", "Half.", MetricType::kGauge});
    sink.gauge(SeriesLabels{{"i", "1"}}, 1);
    throw std::runtime_error("away");
  });
  registry.gauge("behind", "Behind.");
  EXPECT_THAT(Snapshot(registry).families(), ElementsAre("behind", "whole"));
}

TEST(Collector, CannotBringWhatCannotBeExposed) {
  const std::function<void(SampleSink&)> wrong[] = {
      [](SampleSink& s) { say_gauge(s, "bad name", 1); },
      [](SampleSink& s) {
        s.begin_family({"x", "", MetricType::kGauge});
      },
      [](SampleSink& s) {
        s.begin_family({"x", "X.", MetricType::kGauge});
        s.counter({}, {1, 0.0, {}});
      },
      [](SampleSink& s) {
        s.begin_family({"x", "X.", MetricType::kGauge});
        s.gauge({"no quotes"}, 1);
      },
      [](SampleSink& s) {
        s.begin_family({"x", "X.", MetricType::kGauge});
        s.gauge(SeriesLabels{{"le", "1"}}, 1);
      },
      [](SampleSink& s) {
        s.begin_family({"x", "X.", MetricType::kGauge});
        s.gauge(SeriesLabels{{"a", "1"}, {"a", "2"}}, 1);
      },
      [](SampleSink& s) {
        s.begin_family({"x", "X.", MetricType::kHistogram});
        const double bounds[] = {1, 2};
        const std::uint64_t counts[] = {1, 2};
        s.histogram({}, {bounds, counts, 1});
      },
  };
  for (std::size_t i = 0; i < std::size(wrong); ++i) {
    Registry registry;
    add(registry, [&](SampleSink& sink) {
      say_gauge(sink, "right", 1);
      wrong[i](sink);
      say_gauge(sink, "never_reached", 1);
    });
    const std::vector<std::string> families = Snapshot(registry).families();
    EXPECT_THAT(families, ElementsAre("right")) << i;
  }
}

TEST(Collector, CannotGiveASampleBeforeItsFamily) {
  Registry registry;
  add(registry, [](SampleSink& sink) {
    sink.gauge({}, 1);
    say_gauge(sink, "never_reached", 1);
  });
  EXPECT_TRUE(Snapshot(registry).families().empty());
}

TEST(Collector, CannotTakeANameThatIsTaken) {
  Registry registry;
  registry.gauge("load", "Load.").set(1);
  add(registry, [](SampleSink& sink) {
    say_gauge(sink, "load", 2);
    say_gauge(sink, "mine", 3);
    say_gauge(sink, "mine", 4);
  });
  add(registry, [](SampleSink& sink) { say_gauge(sink, "mine", 5); });
  for (int scrape = 0; scrape < 2; ++scrape) {
    const Snapshot snapshot(registry);
    EXPECT_EQ(snapshot.value("load"), 1);
    EXPECT_EQ(snapshot.value("mine"), 3);
    EXPECT_EQ(snapshot.count("mine"), 1u);
  }
  EXPECT_THROW(registry.gauge("mine", "Mine."), DefinitionError);
}

TEST(Collector, GivesOnlyTheFirstOfTwoSeriesWithTheSameLabels) {
  Registry registry;
  add(registry, [](SampleSink& sink) {
    sink.begin_family({"pool_size", "Size.", MetricType::kGauge});
    sink.gauge(SeriesLabels{{"pool", "a"}}, 1);
    sink.gauge(SeriesLabels{{"pool", "a"}}, 2);
  });
  const Snapshot snapshot(registry);
  EXPECT_EQ(snapshot.count("pool_size"), 1u);
  EXPECT_EQ(snapshot.value("pool_size", {{"pool", "a"}}), 1);
}

TEST(Collector, SharesAFamilyWithOthersAndEachSeriesIsThereOnce) {
  Registry registry;
  std::vector<std::string> told;
  registry.on_left_out([&](std::string_view what) { told.emplace_back(what); });
  add(registry, [](SampleSink& sink) {
    sink.begin_family({"pool_size", "Size.", MetricType::kGauge});
    sink.gauge(SeriesLabels{{"pool", "a"}, {"zone", "1"}}, 1);
    sink.gauge(SeriesLabels{{"pool", "b"}}, 2);
    sink.gauge({}, 3);
    say_gauge(sink, "first", 1);
  });
  add(registry, [](SampleSink& sink) {
    say_gauge(sink, "second", 1);
    sink.begin_family({"pool_size", "In other words.", MetricType::kGauge});
    sink.gauge(SeriesLabels{{"zone", "1"}, {"pool", "a"}}, 10);  // another order
    sink.gauge(SeriesLabels{{"pool", "b"}, {"zone", ""}}, 20);   // an empty label
    sink.gauge(SeriesLabels{{"pool", ""}}, 30);                  // the same as none
    sink.gauge(SeriesLabels{{"pool", "c"}}, 4);
    sink.gauge(SeriesLabels{{"zone", ""}, {"pool", "c"}}, 40);  // its own, once more
  });
  std::string page;
  exporting::write_metrics(registry, exporting::Format::kText, page);
  const std::string_view expected =
      "# HELP pool_size Size.\n# TYPE pool_size gauge\n"
      "pool_size{pool=\"a\",zone=\"1\"} 1\npool_size{pool=\"b\"} 2\npool_size 3\n"
      "pool_size{pool=\"c\"} 4\n"
      "# HELP first Help.\n# TYPE first gauge\nfirst 1\n"
      "# HELP second Help.\n# TYPE second gauge\nsecond 1\n";
  EXPECT_EQ(page, expected);
  EXPECT_EQ(registry.left_out().duplicates, 4U);
  EXPECT_EQ(registry.left_out().clashes, 0U);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_THAT(told[0], ::testing::HasSubstr("\"pool_size\": collectors say a series twice"));
  page.clear();
  exporting::write_metrics(registry, exporting::Format::kText, page);
  EXPECT_EQ(page, expected) << "the next scrape says the same";
  EXPECT_EQ(registry.left_out().duplicates, 8U);
  EXPECT_EQ(told.size(), 1U) << "told once";
}

TEST(Collector, WhatItCannotBringIsCountedAndTold) {
  Registry registry;
  std::vector<std::string> told;
  registry.on_left_out([&](std::string_view what) {
    told.emplace_back(what);
    throw std::runtime_error("a listener must not cost the scrape");
  });
  registry.gauge("load", "Load.");
  add(registry, [](SampleSink& sink) {
    say_gauge(sink, "load", 2);
    say_gauge(sink, "depth", 1);
    throw std::runtime_error("away");
  });
  add(registry, [](SampleSink& sink) {
    say_gauge(sink, "load_count", 1);
    sink.begin_family({"load_count_total", "No.", MetricType::kCounter});
    sink.counter({}, {1, 0.0, {}});
  });
  add(registry, [](SampleSink& sink) {
    sink.begin_family({"size_bytes", "Size.", MetricType::kGauge});
    sink.gauge(SeriesLabels{{"a", "1"}}, 1);
    say_gauge(sink, "behind", 1);
  });
  add(registry, [](SampleSink& sink) {
    sink.begin_family({"size_bytes", "Size.", MetricType::kSummary});
    sink.summary(SeriesLabels{{"a", "2"}}, {});
    sink.summary(SeriesLabels{{"a", "3"}}, {});
  });
  add(registry, [](SampleSink& sink) {
    sink.begin_family({"twice_bytes", "Twice.", MetricType::kGauge});
    sink.gauge({"a=\"1\",a=\"2\""}, 1);
  });
  const Snapshot snapshot(registry);
  EXPECT_THAT(snapshot.families(), ElementsAre("behind", "load", "size_bytes"));
  EXPECT_EQ(snapshot.count("size_bytes"), 1U);
  EXPECT_EQ(registry.left_out().clashes, 3U);
  EXPECT_EQ(registry.left_out().failures, 3U);
  EXPECT_EQ(registry.left_out().duplicates, 0U);
  EXPECT_EQ(told.size(), 3U);
}

/// What a scrape says of histograms.
class Histograms final : public SampleSink {
 public:
  void begin_family(const FamilyInfo&) override {}
  void counter(const SeriesInfo&, const CounterView&) override {}
  void gauge(const SeriesInfo&, double) override {}
  void summary(const SeriesInfo&, const SummaryView&) override {}
  void histogram(const SeriesInfo&, const HistogramView& value) override {
    ++all;
    if (value.native != nullptr) ++native;
    EXPECT_EQ(value.count(), 7U);
  }

  int all = 0;
  int native = 0;
};

TEST(Collector, NativeBucketsThatAreNoneAreLeftOutAndTheClassicOnesStay) {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  constexpr std::int32_t kLeast = std::numeric_limits<std::int32_t>::min();
  constexpr std::int32_t kLast = std::numeric_limits<std::int32_t>::max();
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  using Side = std::vector<NativeView::Bucket>;
  const struct {
    std::int32_t schema;
    double zero_threshold;
    std::uint64_t zero_count;
    Side positive;
    Side negative;
    bool sound;
  } kTable[] = {
      {3, 0.5, 1, {{-4, 1}, {9, 2}}, {{2, 3}}, true},
      {-4, 0.0, 0, {{-67, 3}, {65, 4}}, {}, true},
      {8, 0.0, 7, {}, {}, true},
      {99, 0.0, 0, {{1, 7}}, {}, false},
      {9, 0.0, 0, {{1, 7}}, {}, false},
      {-5, 0.0, 0, {{1, 7}}, {}, false},
      {0, kNaN, 0, {{1, 7}}, {}, false},
      {0, kInf, 7, {}, {}, false},
      {0, -1.0, 0, {{1, 7}}, {}, false},
      {0, 0.0, 0, {{2, 3}, {1, 4}}, {}, false},
      {0, 0.0, 0, {{2, 3}, {2, 4}}, {}, false},
      {0, 0.0, 0, {}, {{2, 3}, {-2, 4}}, false},
      {0, 0.0, 0, {{kLeast, 3}, {kLast, 4}}, {}, false},
      {0, 0.0, 0, {{1, 6}}, {}, false},
      {0, 0.0, 1, {{1, 7}}, {}, false},
      {0, 0.0, 0, {{1, kMost}, {2, 8}}, {}, false},
      {0, 0.0, kMost, {{1, 8}}, {}, false},
  };
  for (const auto& row : kTable) {
    Registry registry;
    std::vector<std::string> told;
    registry.on_left_out([&](std::string_view what) { told.emplace_back(what); });
    add(registry, [&](SampleSink& sink) {
      sink.begin_family({"wait_seconds", "Wait.", MetricType::kHistogram});
      const std::array<double, 1> bounds{1};
      const std::array<std::uint64_t, 2> counts{3, 4};
      const NativeView native{row.schema, row.zero_threshold, row.zero_count, row.positive,
                              row.negative};
      sink.histogram({}, {bounds, counts, 1.5, {}, &native});
    });
    Histograms said;
    registry.collect(said);
    const std::size_t at = static_cast<std::size_t>(&row - kTable);
    EXPECT_EQ(said.all, 1) << at;
    EXPECT_EQ(said.native, row.sound ? 1 : 0) << at;
    EXPECT_EQ(registry.left_out().failures, row.sound ? 0U : 1U) << at;
    EXPECT_EQ(told.size(), row.sound ? 0U : 1U) << at;
  }
}

TEST(Collector, MayDefineMetricsWhileItIsRead) {
  Registry registry;
  bool done = false;
  add(registry, [&](SampleSink& sink) {
    if (!done) registry.gauge("late", "Late.").set(1);
    done = true;
    say_gauge(sink, "mine", 1);
  });
  (void)Snapshot(registry);
  EXPECT_EQ(Snapshot(registry).value("late"), 1);
}

TEST(Registry, LeavesOutFamiliesWithoutSeries) {
  Registry registry;
  registry.counter<"path">("requests_total", "Requests.");
  registry.counter("events_total", "Events.");
  EXPECT_THAT(Snapshot(registry).families(), ElementsAre("events_total"));
}

TEST(Registry, DefaultOneIsTheSameEverywhereAndHasTheProcessMetrics) {
  EXPECT_EQ(&default_registry(), &default_registry());
  EXPECT_TRUE(Snapshot(default_registry()).value("process_cpu_seconds_total").has_value());
}

/// Wants nothing but one family.
class OnlyFamily final : public SampleSink {
 public:
  explicit OnlyFamily(std::string name) : name_(std::move(name)) {}
  bool wants(const FamilyInfo& family) override { return family.name == name_; }
  void begin_family(const FamilyInfo& family) override { said.emplace_back(family.name); }
  void counter(const SeriesInfo&, const CounterView&) override {}
  void gauge(const SeriesInfo&, double) override {}
  void histogram(const SeriesInfo&, const HistogramView&) override {}
  void summary(const SeriesInfo&, const SummaryView&) override {}

  std::vector<std::string> said;

 private:
  std::string name_;
};

TEST(Collector, DoesNotRunForFamiliesThatItDoesNotDeclare) {
  struct Declares final : Collector {
    explicit Declares(int& runs) : runs_(runs) {}
    void collect(SampleSink& sink) override {
      ++runs_;
      say_gauge(sink, "declared", 1);
    }
    [[nodiscard]] std::span<const FamilyInfo> families() const override {
      static constexpr FamilyInfo kFamilies[] = {{"declared", "D.", MetricType::kGauge}};
      return kFamilies;
    }
    int& runs_;
  };
  Registry registry;
  int declared = 0;
  int silent = 0;
  registry.collector(std::make_unique<Declares>(declared));
  add(registry, [&silent](SampleSink& sink) {
    ++silent;
    say_gauge(sink, "silent", 1);
  });
  OnlyFamily other("silent");
  registry.collect(other);
  EXPECT_THAT(other.said, ElementsAre("silent"));
  EXPECT_EQ(declared, 0);
  OnlyFamily own("declared");
  registry.collect(own);
  EXPECT_THAT(own.said, ElementsAre("declared"));
  EXPECT_EQ(declared, 1);
  EXPECT_EQ(silent, 2) << "one that declares nothing is always run";
}

TEST(Collector, AScrapeInsideOneIsAnError) {
  Registry registry;
  Registry unrelated;
  unrelated.gauge("elsewhere", "E.").set(3);
  int errors = 0;
  const auto scrape = [&] {
    EXPECT_EQ(Snapshot(unrelated).value("elsewhere"), 3);
    try {
      (void)Snapshot(registry);
    } catch (const std::logic_error&) {
      ++errors;
      throw;
    }
  };
  add(registry, [&](SampleSink& sink) {
    say_gauge(sink, "before", 1);
    say_gauge(sink, "within", 1);
    scrape();
  });
  registry.gauge_callback("callback", "C.", [&] {
    scrape();
    return 1.0;
  });
  registry.gauge("behind", "Behind.");
  for (int i = 1; i <= 2; ++i) {
    EXPECT_THAT(Snapshot(registry).families(), ElementsAre("before", "behind"));
    EXPECT_EQ(errors, 2 * i);
  }
}

TEST(Collector, OfTwoRegistriesThatScrapeEachOtherIsAnError) {
  Registry one;
  Registry two;
  int errors = 0;
  add(one, [&](SampleSink&) { (void)Snapshot(two); });
  add(two, [&](SampleSink&) {
    try {
      (void)Snapshot(one);
    } catch (const std::logic_error&) {
      ++errors;
    }
  });
  (void)Snapshot(one);
  EXPECT_EQ(errors, 1);
}

/// How often the collector ran for four scrapes at once, all of which must show its value.
int runs_for_four_scrapes() {
  constexpr int kScrapes = 4;
  Registry registry;
  std::atomic<int> runs = 0;
  std::atomic<int> begun = 0;
  std::latch others(kScrapes - 1);
  struct Slow final : Collector {
    explicit Slow(std::function<void()> asked, std::function<void(SampleSink&)> run)
        : asked_(std::move(asked)), run_(std::move(run)) {}
    void collect(SampleSink& sink) override { run_(sink); }
    // Asked of before it runs: all but the first are on their way to it by then.
    [[nodiscard]] std::span<const FamilyInfo> families() const override {
      asked_();
      return {};
    }
    std::function<void()> asked_;
    std::function<void(SampleSink&)> run_;
  };
  registry.collector(std::make_unique<Slow>(
      [&] {
        if (begun.fetch_add(1) > 0) others.count_down();
      },
      [&](SampleSink& sink) {
        ++runs;
        others.wait();
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        say_gauge(sink, "slow", 5);
      }));
  std::atomic<int> right = 0;
  std::vector<std::jthread> scrapes;
  for (int i = 0; i < kScrapes; ++i) {
    scrapes.emplace_back([&] {
      if (Snapshot(registry).value("slow") == 5) ++right;
    });
  }
  scrapes.clear();
  EXPECT_EQ(right, kScrapes);
  return runs;
}

TEST(Collector, ThatIsSlowIsSharedByTheScrapesThatComeMeanwhile) {
  // On a busy machine the others may come too late to share, so one time of many is enough.
  bool shared = false;
  for (int i = 0; i < 200 && !shared; ++i)
    shared = runs_for_four_scrapes() < 4;
  EXPECT_TRUE(shared);
}

TEST(Collector, AnExemplarThatHasALabelTwiceIsNoneOfAnybodys) {
  for (const char* labels : {"a=\"1\",a=\"2\"", "a=\"1\",b=\"2\",a=\"1\"", "a=\"\",a=\"\""}) {
    Registry registry;
    registry.gauge("behind", "Behind.");
    add(registry, [labels](SampleSink& sink) {
      sink.begin_family({"events_total", "Events.", MetricType::kCounter});
      sink.counter({}, {3, 0.0, {labels, 1.0, 1.0}});
    });
    std::string page;
    exporting::write_metrics(registry, exporting::Format::kOpenMetrics, page);
    EXPECT_EQ(page.find("events"), std::string::npos) << page;
    EXPECT_NE(page.find("behind"), std::string::npos) << page;
  }
}

}  // namespace
}  // namespace vitals::metrics
