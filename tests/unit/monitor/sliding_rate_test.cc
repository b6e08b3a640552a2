#include "monitor/sliding_rate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <thread>
#include <vector>

namespace vitals::monitor {
namespace {

TEST(SlidingRate, IsNanWhileThereWereNone) {
  const SlidingRate rate;
  EXPECT_TRUE(std::isnan(rate.rate(0)));
  EXPECT_TRUE(std::isnan(rate.rate(1'000'000)));
}

TEST(SlidingRate, IsTheShareOfHits) {
  SlidingRate rate;
  for (int i = 0; i < 3; ++i)
    rate.record(true, 100);
  rate.record(false, 101);
  EXPECT_DOUBLE_EQ(rate.rate(102), 0.75);
}

TEST(SlidingRate, ForgetsWhatIsOlderThanFiveMinutes) {
  SlidingRate rate;
  rate.record(true, 1000);
  EXPECT_DOUBLE_EQ(rate.rate(1000 + 295), 1.0);
  rate.record(false, 1000 + 290);
  EXPECT_DOUBLE_EQ(rate.rate(1000 + 290), 0.5);
  EXPECT_DOUBLE_EQ(rate.rate(1000 + 300), 0.0);
  EXPECT_TRUE(std::isnan(rate.rate(1000 + 700)));
}

TEST(SlidingRate, ReusesAStepOfALongPastWindow) {
  SlidingRate rate;
  rate.record(false, 0);
  rate.record(true, 60 * SlidingRate::kStepSeconds);  // the same step, one window later
  EXPECT_DOUBLE_EQ(rate.rate(60 * SlidingRate::kStepSeconds), 1.0);
}

TEST(SlidingRate, LosesNoCountBetweenThreads) {
  SlidingRate rate;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&rate, t] {
      for (int i = 0; i < 10'000; ++i)
        rate.record(t != 0, 50 + i % 2);
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  EXPECT_DOUBLE_EQ(rate.rate(55), 0.75);
}

}  // namespace
}  // namespace vitals::monitor
