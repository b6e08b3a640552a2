#include "vitals/metrics/timer.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>

#include "vitals/metrics/registry.h"

namespace vitals::metrics {
namespace {

using namespace std::chrono_literals;

class TimerTest : public ::testing::Test {
 protected:
  Registry registry_;
  Histogram histogram_ = registry_.histogram("latency_seconds", "Latency.", {10});
};

TEST_F(TimerTest, ObservesSecondsAtTheEndOfItsScope) {
  {
    const Timer timer{histogram_};
    std::this_thread::sleep_for(20ms);
  }
  EXPECT_EQ(histogram_.count(), 1u);
  EXPECT_GE(histogram_.sum(), 0.020);
  EXPECT_LT(histogram_.sum(), 10);
}

TEST_F(TimerTest, ObservesWhenItsScopeIsLeftByAnException) {
  EXPECT_THROW(
      {
        const Timer timer{histogram_};
        throw std::runtime_error("");
      },
      std::runtime_error);
  EXPECT_EQ(histogram_.count(), 1u);
}

TEST_F(TimerTest, ObservesOnceWhenItIsStopped) {
  double seconds = 0;
  {
    Timer timer{histogram_};
    seconds = timer.stop();
    (void)timer.stop();
  }
  EXPECT_EQ(histogram_.count(), 1u);
  EXPECT_EQ(histogram_.sum(), seconds);
}

TEST_F(TimerTest, ObservesNothingWhenItIsCancelled) {
  {
    Timer timer{histogram_};
    timer.cancel();
  }
  EXPECT_EQ(histogram_.count(), 0u);
}

TEST_F(TimerTest, TellsASummaryAndAGauge) {
  const Summary summary = registry_.summary("work_seconds", "Work.");
  const Gauge gauge = registry_.gauge("last_run_seconds", "The last run.");
  {
    const Timer of_summary{summary};
    const Timer<Gauge> of_gauge{gauge};
    std::this_thread::sleep_for(5ms);
  }
  EXPECT_EQ(summary.count(), 1u);
  EXPECT_GE(summary.sum(), 0.005);
  EXPECT_GE(gauge.value(), 0.005);
}

TEST_F(TimerTest, InProgressHoldsTheGaugeUpWhileItLives) {
  const Gauge gauge = registry_.gauge("in_progress", "In progress.");
  {
    const InProgress first{gauge};
    const InProgress second{gauge};
    EXPECT_EQ(gauge.value(), 2);
  }
  EXPECT_EQ(gauge.value(), 0);
}

}  // namespace
}  // namespace vitals::metrics
