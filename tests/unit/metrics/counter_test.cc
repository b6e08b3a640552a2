#include "vitals/metrics/counter.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <latch>
#include <limits>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "vitals/exporting/format.h"
#include "vitals/metrics/registry.h"

namespace vitals::metrics {
namespace {

TEST(Counter, IsASmallValueToCopy) {
  EXPECT_TRUE(std::is_trivially_copyable_v<Counter>);
  EXPECT_LE(sizeof(Counter), 16u);
}

TEST(Counter, AddsWholeNumbersOfEveryIntegerType) {
  Registry registry;
  const Counter counter = registry.counter("events_total", "Events.");
  counter.inc();
  counter.inc(2);
  counter.inc(3u);
  counter.inc(std::uint64_t{4});
  counter.inc(std::int8_t{5});
  EXPECT_EQ(counter.value(), 15);
}

TEST(Counter, AddsFractions) {
  Registry registry;
  const Counter counter = registry.counter("cost_usd_total", "Cost.");
  counter.inc(0.25);
  counter.inc(2.0);
  counter.inc(0.5);
  EXPECT_EQ(counter.value(), 2.75);
}

TEST(Counter, IgnoresWhatWouldMakeItFallOrSpoilIt) {
  Registry registry;
  const Counter counter = registry.counter("events_total", "Events.");
  counter.inc(3);
  counter.inc(-1);
  counter.inc(-0.5);
  counter.inc(std::numeric_limits<double>::quiet_NaN());
  counter.inc(std::numeric_limits<double>::infinity());
  EXPECT_EQ(counter.value(), 3);
}

TEST(Counter, TakesAmountsTooLargeForAnInteger) {
  Registry registry;
  const Counter counter = registry.counter("events_total", "Events.");
  counter.inc(1e300);
  EXPECT_EQ(counter.value(), 1e300);
}

/// What the text format says of the only counter.
std::string exposed(const Registry& registry) {
  std::string page;
  exporting::write_metrics(registry, exporting::Format::kText, page);
  const std::size_t at = page.rfind("events_total ");
  return page.substr(at + 13, page.size() - at - 14);
}

TEST(Counter, IsTheNearestDoubleToTheExactSum) {
  constexpr double k53 = 0x1p53;
  const struct {
    std::vector<double> amounts;
    std::uint64_t whole;
    std::string text;
    double value;
  } cases[] = {
      {{}, 9'007'199'254'740'993, "9007199254740993", k53},
      {{0.5}, 9'007'199'254'740'993, "9007199254740994", k53 + 2},
      {{0.25}, 9'007'199'254'740'993, "9007199254740994", k53 + 2},
      {{0.5}, 9'007'199'254'740'992, "9007199254740992", k53},
      {{0.75}, 9'007'199'254'740'992, "9007199254740992", k53},
      {{0.5, 0.5}, 9'007'199'254'740'992, "9007199254740993", k53},
      {{k53}, 1, "9007199254740993", k53},
      {{k53, 0.5}, 1, "9007199254740994", k53 + 2},
      {{k53, k53, 1.0}, 2, "18014398509481987", 2 * k53 + 4},
      {{0.5}, 18'014'398'509'481'986, "18014398509481988", 2 * k53 + 4},
      {{k53 / 4 + 0.5, k53 / 4 + 0.5}, 4'503'599'627'370'496, "9007199254740993", k53},
      {{0x1p60}, 1, "1152921504606846977", 0x1p60},
      {{1e300}, 1, "1e+300", 1e300},
      {{0.1, 0.2}, 0, "0.30000000000000004", 0.1 + 0.2},
      {{2.5, 0.25}, 4, "6.75", 6.75},
  };
  for (const auto& test : cases) {
    for (const bool from_threads : {false, true}) {
      Registry registry;
      const Counter counter = registry.counter("events_total", "Events.");
      counter.inc(test.whole);
      for (const double amount : test.amounts) {
        if (from_threads) {
          std::thread([&] { counter.inc(amount); }).join();
        } else {
          counter.inc(amount);
        }
      }
      EXPECT_EQ(exposed(registry), test.text);
      EXPECT_EQ(counter.value(), test.value) << test.text;
    }
  }
}

TEST(Counter, LargeAmountsWithoutEndNeverMakeItFall) {
  Registry registry;
  const Counter counter = registry.counter("events_total", "Events.");
  double before = 0;
  for (int i = 0; i < 100; ++i) {
    counter.inc(4e18);
    ASSERT_GT(counter.value(), before);
    before = counter.value();
  }
  EXPECT_DOUBLE_EQ(before, 4e20);
}

TEST(Counter, DoesNothingWhenDefaultConstructed) {
  const std::size_t before = detail::cell_usage().thread_bytes;
  const Counter counter;
  counter.inc();
  counter.inc(0.5);
  EXPECT_EQ(counter.value(), 0);
  EXPECT_EQ(detail::cell_usage().thread_bytes, before);
}

TEST(Counter, OutlivesItsRegistryAndTouchesNoOther) {
  Counter orphan;
  {
    Registry registry;
    orphan = registry.counter("events_total", "Events.");
    orphan.inc();
  }
  Registry next;
  const Counter counter = next.counter("events_total", "Events.");
  orphan.inc(100);
  EXPECT_EQ(counter.value(), 0);
  EXPECT_EQ(orphan.value(), 101);
}

TEST(Counter, CellsNeverOverlapAcrossManyPages) {
  Registry registry;
  auto family = registry.counter<"i">("events_total", "Events.", {.max_series = 2000});
  for (int i = 0; i < 1500; ++i)
    family.with(std::to_string(i)).inc(i);
  for (int i = 0; i < 1500; ++i)
    ASSERT_EQ(family.with(std::to_string(i)).value(), i);
}

TEST(Counter, LargeAmountsOfSeveralThreadsNeverMakeItFall) {
  using Add = void (*)(const Counter&);
  constexpr Add kAdds[] = {
      [](const Counter& counter) { counter.inc(4e18); },
      [](const Counter& counter) { counter.inc(std::int64_t{4'000'000'000'000'000'000}); },
      [](const Counter& counter) { counter.inc(std::uint64_t{4'000'000'000'000'000'000}); },
      [](const Counter& counter) { counter.inc(std::numeric_limits<std::uint64_t>::max()); },
      [](const Counter& counter) {
        for (int i = 0; i < 3'000; ++i)
          counter.inc(0x1p53 - 1);
      },
  };
  for (const Add add : kAdds) {
    for (const bool alive : {true, false}) {
      Registry registry;
      const Counter counter = registry.counter("events_total", "Events.");
      add(counter);
      const double each = counter.value();
      double before = each;
      std::vector<std::thread> threads;
      std::latch all_read{1};
      for (int i = 2; i <= 7; ++i) {
        std::latch added{1};
        threads.emplace_back([&] {
          add(counter);
          added.count_down();
          if (alive) all_read.wait();
        });
        added.wait();
        if (!alive) threads.back().join();
        EXPECT_GT(counter.value(), before);
        before = counter.value();
        EXPECT_DOUBLE_EQ(before, each * i);
        EXPECT_DOUBLE_EQ(std::stod(exposed(registry)), before);
      }
      all_read.count_down();
      for (std::thread& thread : threads) {
        if (thread.joinable()) thread.join();
      }
      EXPECT_DOUBLE_EQ(counter.value(), before) << "when all have ended";
      counter.inc();
      EXPECT_GE(counter.value(), before);
    }
  }
}

TEST(Counter, OneThreadsLargeIntegersNeverMakeItFall) {
  Registry registry;
  const Counter counter = registry.counter("events_total", "Events.");
  double before = 0;
  for (int i = 0; i < 20; ++i) {
    counter.inc(std::uint64_t{1} << 63U);
    ASSERT_GT(counter.value(), before);
    before = counter.value();
  }
  EXPECT_DOUBLE_EQ(before, 20 * 0x1p63);
}

}  // namespace
}  // namespace vitals::metrics
