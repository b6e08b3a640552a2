#include "vitals/metrics/observables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <latch>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "vitals/metrics/registry.h"
#include "vitals/testing/snapshot.h"

namespace vitals::metrics {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::ThrowsMessage;
using ::vitals::testing::Snapshot;

enum class Side { kLeft, kRight };

}  // namespace
}  // namespace vitals::metrics

template <>
struct vitals::metrics::LabelValues<vitals::metrics::Side> {
  static constexpr std::array<std::string_view, 2> kValues{"left", "right"};
};

namespace vitals::metrics {
namespace {

TEST(Observables, AreReadUntilTheirGuardIsDropped) {
  Registry registry;
  const auto sizes =
      registry.gauge_callback<"pool", enum_label<Side>("side")>("pool_size", "Connections.");
  EXPECT_THAT(Snapshot(registry).families(), IsEmpty());
  const ScopedDefinition orders = sizes.observe("orders \"1\"", Side::kLeft, [] { return 3.0; });
  {
    const ScopedDefinition users = sizes.observe("users", Side::kRight, [] { return 5.0; });
    const Snapshot snapshot(registry);
    EXPECT_EQ(snapshot.value("pool_size", {{"pool", "orders \"1\""}, {"side", "left"}}), 3);
    EXPECT_EQ(snapshot.value("pool_size", {{"pool", "users"}, {"side", "right"}}), 5);
  }
  const Snapshot snapshot(registry);
  EXPECT_EQ(snapshot.total("pool_size", {{"pool", "orders \"1\""}}), 3);
  EXPECT_EQ(snapshot.count("pool_size"), 1U);
}

TEST(Observables, CountersAreOfTheirType) {
  Registry registry;
  const auto sent = registry.counter_callback<"to">("sent_total", "Sent.");
  const ScopedDefinition one = sent.observe("a", [] { return 7.0; });
  EXPECT_EQ(Snapshot(registry).value("sent_total", {{"to", "a"}}), 7);
}

TEST(Observables, ALabelSetIsObservedByOneAtATime) {
  Registry registry;
  const auto sizes = registry.gauge_callback<"pool">("pool_size", "Connections.");
  {
    const ScopedDefinition one = sizes.observe("a", [] { return 1.0; });
    EXPECT_THAT([&] { static_cast<void>(sizes.observe("a", [] { return 2.0; })); },
                ThrowsMessage<DefinitionError>(HasSubstr("{pool=\"a\"} is observed already")));
  }
  const ScopedDefinition again = sizes.observe("a", [] { return 2.0; });
  EXPECT_EQ(Snapshot(registry).value("pool_size", {{"pool", "a"}}), 2);
  EXPECT_THROW(static_cast<void>(sizes.observe("b", nullptr)), DefinitionError);
}

TEST(Observables, PastTheLimitAreCountedAndNotRead) {
  Registry registry;
  const auto sizes =
      registry.gauge_callback<"pool">("pool_size", "Connections.", {.max_series = 2});
  std::vector<ScopedDefinition> guards;
  for (int i = 0; i < 5; ++i)
    guards.push_back(sizes.observe(std::to_string(i), [] { return 1.0; }));
  const std::vector<FamilyUsage> usage = registry.usage();
  ASSERT_EQ(usage.size(), 1U);
  EXPECT_EQ(usage[0].series, 2U);
  EXPECT_EQ(usage[0].overflows, 3U);
}

TEST(Observables, OneThatThrowsIsLeftOutCountedAndToldOf) {
  Registry registry;
  std::vector<std::string> told;
  registry.on_left_out([&](std::string_view what) { told.emplace_back(what); });
  const auto sizes = registry.gauge_callback<"pool">("pool_size", "Connections.");
  const ScopedDefinition bad =
      sizes.observe("bad", []() -> double { throw std::runtime_error("away"); });
  const ScopedDefinition good = sizes.observe("good", [] { return 2.0; });
  registry.gauge_callback("odd", "Odd.", []() -> double { throw 1; });
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(Snapshot(registry).value("pool_size", {{"pool", "good"}}), 2);
  EXPECT_EQ(Snapshot(registry).count("pool_size"), 1U);
  EXPECT_EQ(registry.left_out().failures, 8U);
  EXPECT_THAT(told, ElementsAre("metric \"pool_size\": its function threw: away",
                                "metric \"odd\": its function threw what is no std::exception"));
}

TEST(Observables, OutliveTheirRegistry) {
  auto registry = std::make_unique<Registry>();
  const auto sizes = registry->gauge_callback<"pool">("pool_size", "Connections.");
  ScopedDefinition size = sizes.observe("a", [] { return 1.0; });
  registry = nullptr;
  const ScopedDefinition none = sizes.observe("b", [] { return 1.0; });
  size = ScopedDefinition{};
}

// A callback and what it holds.
struct Source {
  std::latch entered{1};
  std::atomic<bool> go_on{false};
  std::atomic<bool> gone{false};
};

TEST(ScopedDefinition, WaitsForTheCallThatIsUnderWay) {
  Registry registry;
  Source source;
  ScopedDefinition guard = registry.gauge_callback("slow", "Slow.", [&source] {
    source.entered.count_down();
    while (!source.go_on)
      std::this_thread::sleep_for(1ms);
    EXPECT_FALSE(source.gone);
    return 1.0;
  });
  std::thread scrape([&] { static_cast<void>(Snapshot(registry)); });
  source.entered.wait();
  std::thread remove([&] {
    guard = ScopedDefinition{};
    source.gone = true;
  });
  std::this_thread::sleep_for(20ms);
  EXPECT_FALSE(source.gone);
  source.go_on = true;
  remove.join();
  scrape.join();
  EXPECT_TRUE(source.gone);
  EXPECT_THAT(Snapshot(registry).families(), IsEmpty());
}

TEST(ScopedDefinition, MayBeDroppedFromWithinItsOwnCallback) {
  Registry registry;
  ScopedDefinition guard;
  int calls = 0;
  guard = registry.gauge_callback("once", "Once.", [&] {
    ++calls;
    guard = ScopedDefinition{};
    return 1.0;
  });
  static_cast<void>(Snapshot(registry));
  static_cast<void>(Snapshot(registry));
  EXPECT_EQ(calls, 1);
}

TEST(ScopedDefinition, FreesTheNameForAnother) {
  Registry registry;
  {
    const ScopedDefinition guard = registry.gauge_callback("load", "Load.", [] { return 1.0; });
  }
  registry.counter("load_total", "Another that wants the same name.");
  EXPECT_THROW(registry.gauge("load", "Load."), DefinitionError);
  registry.find("load_total").remove();
  registry.gauge("load", "Load.").set(4);
  EXPECT_EQ(Snapshot(registry).value("load"), 4);
  EXPECT_FALSE(registry.find("load_total").is_there());
}

TEST(ScopedDefinition, ACollectorsNamesAreFreeWhenItHasGone) {
  class Says final : public Collector {
   public:
    void collect(SampleSink& sink) override {
      sink.begin_family({"pool", "Pool.", MetricType::kGauge});
      sink.gauge({}, 1);
    }
  };
  Registry registry;
  {
    const ScopedDefinition guard = registry.collector(std::make_unique<Says>());
    EXPECT_EQ(Snapshot(registry).value("pool"), 1);
    EXPECT_THROW(registry.gauge("pool", "Pool."), DefinitionError);
  }
  EXPECT_FALSE(Snapshot(registry).value("pool"));
  registry.gauge("pool", "Pool.").set(2);
  EXPECT_EQ(Snapshot(registry).value("pool"), 2);
}

TEST(ScopedDefinition, AFamilyThatComesAndGoesBeginsAnewEachTime) {
  Registry registry;
  for (int i = 0; i < 100; ++i) {
    auto work = registry.counter<"kind">("work_total", "Work.");
    const ScopedDefinition guard = registry.find("work_total");
    EXPECT_EQ(work.size(), 0U);
    work.with("a").inc();
    EXPECT_EQ(Snapshot(registry).value("work_total", {{"kind", "a"}}), 1);
  }
  EXPECT_THAT(Snapshot(registry).families(), IsEmpty());
  const auto other = registry.counter<"kind", "place">("work_total", "Work, and where.");
  other.with("a", "here").inc();
  EXPECT_EQ(Snapshot(registry).value("work_total", {{"kind", "a"}, {"place", "here"}}), 1);
}

TEST(ScopedDefinition, AHandleOfWhatIsGoneCountsWhereNobodySeesIt) {
  Registry registry;
  const auto work = registry.counter<"kind">("work_total", "Work.");
  const Counter kept = work.with("a");
  registry.find("work_total").remove();
  kept.inc();
  work.with("b").inc();
  EXPECT_THAT(Snapshot(registry).families(), IsEmpty());
}

TEST(ScopedDefinition, ComeAndGoWhileOthersScrape) {
  Registry registry;
  const auto sizes = registry.gauge_callback<"pool">("pool_size", "Connections.");
  std::atomic<bool> done{false};
  std::vector<std::thread> scrapers;
  for (int i = 0; i < 2; ++i) {
    scrapers.emplace_back([&] {
      while (!done)
        static_cast<void>(Snapshot(registry));
    });
  }
  std::vector<std::thread> pools;
  for (int i = 0; i < 4; ++i) {
    pools.emplace_back([&, i] {
      for (int round = 0; round < 50; ++round) {
        const auto size = std::make_unique<double>(i);
        const ScopedDefinition guard =
            sizes.observe(std::to_string(i), [&value = *size] { return value; });
        const ScopedDefinition other = registry.gauge_callback("own_" + std::to_string(i), "Own.",
                                                               [&value = *size] { return value; });
      }
    });
  }
  for (std::thread& pool : pools)
    pool.join();
  done = true;
  for (std::thread& scraper : scrapers)
    scraper.join();
  EXPECT_THAT(Snapshot(registry).families(), IsEmpty());
}

}  // namespace
}  // namespace vitals::metrics
