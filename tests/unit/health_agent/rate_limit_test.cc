#include "health_agent/api/rate_limit.h"

#include <gtest/gtest.h>

#include <string>

namespace health_agent::api {
namespace {

using namespace std::chrono_literals;

TEST(RateLimit, ZeroIsNoLimit) {
  RateLimit limit{0};
  for (int i = 0; i < 10'000; ++i)
    ASSERT_EQ(limit.take("a"), 0);
}

TEST(RateLimit, LetsAMinutesWorthThroughAndThenOneAtATime) {
  RateLimit limit{60};
  const auto start = RateLimit::Clock::now();
  for (int i = 0; i < 60; ++i)
    ASSERT_EQ(limit.take("a", start), 0);
  EXPECT_EQ(limit.take("a", start), 1);
  EXPECT_EQ(limit.take("a", start + 1s), 0);
  EXPECT_EQ(limit.take("a", start + 1s), 1);
}

TEST(RateLimit, SaysHowLongToWait) {
  RateLimit limit{2};
  const auto start = RateLimit::Clock::now();
  ASSERT_EQ(limit.take("a", start), 0);
  ASSERT_EQ(limit.take("a", start), 0);
  EXPECT_EQ(limit.take("a", start), 30);
  EXPECT_EQ(limit.take("a", start + 30s), 0);
}

TEST(RateLimit, CallersDoNotShareABucket) {
  RateLimit limit{1};
  const auto start = RateLimit::Clock::now();
  EXPECT_EQ(limit.take("a", start), 0);
  EXPECT_EQ(limit.take("b", start), 0);
  EXPECT_GT(limit.take("a", start), 0);
}

TEST(RateLimit, FloodOfCallersPushesOutTheLeastRecentOnes) {
  RateLimit limit{1};
  const auto start = RateLimit::Clock::now();
  EXPECT_EQ(limit.take("old", start), 0);
  EXPECT_EQ(limit.take("kept", start), 0);
  for (int i = 0; i < 9'999; ++i)
    EXPECT_EQ(limit.take("flood-" + std::to_string(i), start), 0);
  EXPECT_GT(limit.take("kept", start), 0);
  EXPECT_EQ(limit.take("old", start), 0);  // forgotten, so it starts with a full bucket
}

}  // namespace
}  // namespace health_agent::api
