#include "sentry/delivery/rate_limits.h"

#include <gtest/gtest.h>

namespace vitals::sentry::detail {
namespace {

using namespace std::chrono_literals;

class RateLimitsTest : public ::testing::Test {
 protected:
  [[nodiscard]] bool errors_limited(std::chrono::seconds later) const {
    return limits.limited(Category::kError, start + later);
  }
  [[nodiscard]] bool transactions_limited(std::chrono::seconds later) const {
    return limits.limited(Category::kTransaction, start + later);
  }
  void update(int status, std::string_view rate_limits, std::string_view retry_after = {}) {
    limits.update(status, rate_limits, retry_after, start);
  }

  RateLimits::Time start = std::chrono::steady_clock::now();
  RateLimits limits;
};

TEST_F(RateLimitsTest, NothingIsLimitedAtFirst) {
  EXPECT_FALSE(errors_limited(0s));
  update(200, "");
  EXPECT_FALSE(transactions_limited(0s));
}

TEST_F(RateLimitsTest, HoldForTheCategoryThatIsNamed) {
  update(200, "30:transaction:organization:quota");
  EXPECT_TRUE(transactions_limited(29s));
  EXPECT_FALSE(transactions_limited(30s));
  EXPECT_FALSE(errors_limited(0s));
}

TEST_F(RateLimitsTest, HoldForAllWhereNoCategoryIsNamed) {
  update(429, "10::organization");
  EXPECT_TRUE(transactions_limited(9s));
  EXPECT_TRUE(errors_limited(9s));
}

TEST_F(RateLimitsTest, TakeSeveralAndIgnoreUnknownCategories) {
  update(200, "10:error;replay:key, 60:profile:key,20:transaction");
  EXPECT_TRUE(errors_limited(9s));
  EXPECT_FALSE(errors_limited(10s));
  EXPECT_TRUE(transactions_limited(19s));
  EXPECT_FALSE(transactions_limited(20s));
}

TEST_F(RateLimitsTest, TheLongerOneWins) {
  update(200, "100:error:key");
  update(200, "10:error:key");
  EXPECT_TRUE(errors_limited(99s));
}

TEST_F(RateLimitsTest, RetryAfterHoldsForA429WithoutThem) {
  update(429, "", "7");
  EXPECT_TRUE(errors_limited(6s));
  EXPECT_FALSE(errors_limited(7s));
}

TEST_F(RateLimitsTest, RetryAfterIsIgnoredOnOtherStatus) {
  update(503, "", "7");
  EXPECT_FALSE(errors_limited(0s));
}

TEST_F(RateLimitsTest, RetryAfterMayBeADate) {
  update(429, "", "Fri, 31 Dec 1999 23:59:59 GMT");
  EXPECT_FALSE(errors_limited(0s));
  update(429, "", "Fri, 31 Dec 2999 23:59:59 GMT");
  EXPECT_TRUE(errors_limited(23h));
}

TEST_F(RateLimitsTest, AMinuteHoldsForA429ThatSaysNothingReadable) {
  update(429, "", "soon");
  EXPECT_TRUE(errors_limited(59s));
  EXPECT_FALSE(errors_limited(60s));
}

TEST_F(RateLimitsTest, AreCappedAtADay) {
  update(429, "1e308:error,99999999999999999999999:transaction");
  EXPECT_TRUE(errors_limited(23h));
  EXPECT_FALSE(errors_limited(24h));
  EXPECT_FALSE(transactions_limited(24h));
}

TEST_F(RateLimitsTest, IgnoreWhatDoesNotParse) {
  update(200, "x:error,-5:error,nan:error,:error,,;;;,10");
  EXPECT_TRUE(errors_limited(9s)) << "the last one, 10 for all, is well-formed";
  EXPECT_FALSE(errors_limited(10s));
}

}  // namespace
}  // namespace vitals::sentry::detail
