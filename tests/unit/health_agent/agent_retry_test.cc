#include "health_agent/agent/remote/retry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

namespace health_agent::agent {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using ::testing::Optional;

constexpr std::int64_t kNow = 784'111'777;  // Sun, 06 Nov 1994 08:49:37 GMT

std::optional<milliseconds> asked(int status, std::map<std::string, std::string> headers) {
  return asked_wait({.status = status, .headers = std::move(headers)}, kNow);
}

TEST(Retry, OnlyWhatPassesIsTriedAgain) {
  for (const int status : {408, 429, 500, 502, 503, 504, 529})
    EXPECT_TRUE(may_do_better({.status = status})) << status;
  for (const int status : {301, 400, 401, 402, 403, 404, 409, 413, 422})
    EXPECT_FALSE(may_do_better({.status = status})) << status;
  EXPECT_FALSE(
      may_do_better({.status = 429, .body = R"({"error":{"code":"insufficient_quota"}})"}));
  EXPECT_FALSE(may_do_better({.status = 503, .headers = {{"x-should-retry", "false"}}}));
  EXPECT_TRUE(may_do_better({.status = 409, .headers = {{"x-should-retry", "true"}}}));
}

TEST(Retry, HonoursWhatTheMakerAsksFor) {
  EXPECT_EQ(asked(429, {}), std::nullopt);
  EXPECT_THAT(asked(429, {{"retry-after", "7"}}), Optional(7s));
  EXPECT_THAT(asked(503, {{"retry-after", "0.25"}}), Optional(250ms));
  EXPECT_THAT(asked(503, {{"retry-after", "Sun, 06 Nov 1994 08:49:47 GMT"}}), Optional(10s));
  EXPECT_THAT(asked(503, {{"retry-after", "Sun, 06 Nov 1994 08:49:27 GMT"}}), Optional(0s));
  EXPECT_THAT(asked(429, {{"retry-after-ms", "1500"}, {"retry-after", "2"}}), Optional(1500ms));
  EXPECT_THAT(asked(429, {{"retry-after", "1e30"}}), Optional(24h));
  for (const char* nonsense : {"soon", "-1", "nan", "inf", ""})
    EXPECT_EQ(asked(429, {{"retry-after", nonsense}}), std::nullopt) << nonsense;
}

TEST(Retry, ReadsTheResetOfALimitThatIsUsedUp) {
  EXPECT_THAT(asked(429, {{"x-ratelimit-remaining-requests", "0"},
                          {"x-ratelimit-reset-requests", "1m2.5s"},
                          {"x-ratelimit-remaining-tokens", "17"},
                          {"x-ratelimit-reset-tokens", "6m0s"}}),
              Optional(62'500ms));
  EXPECT_THAT(asked(429, {{"anthropic-ratelimit-requests-remaining", "3"},
                          {"anthropic-ratelimit-requests-reset", "1994-11-06T09:49:37Z"},
                          {"anthropic-ratelimit-input-tokens-remaining", "0"},
                          {"anthropic-ratelimit-input-tokens-reset", "1994-11-06T08:49:49Z"}}),
              Optional(12s));
  EXPECT_EQ(
      asked(503, {{"x-ratelimit-remaining-requests", "0"}, {"x-ratelimit-reset-requests", "1s"}}),
      std::nullopt);
  for (const char* nonsense : {"1", "s", "1x", "1.2.3s", "-1s"}) {
    EXPECT_EQ(asked(429, {{"x-ratelimit-remaining-requests", "0"},
                          {"x-ratelimit-reset-requests", nonsense}}),
              std::nullopt)
        << nonsense;
  }
}

TEST(Retry, WaitsAtRandomUpToABoundThatDoubles) {
  EXPECT_EQ(wait_before_retry(1, 0, {}), 0ms);
  EXPECT_EQ(wait_before_retry(1, 0.5, {}), 250ms);
  EXPECT_EQ(wait_before_retry(2, 0.5, {}), 500ms);
  EXPECT_EQ(wait_before_retry(30, 0.5, {}), 4s);
  EXPECT_EQ(wait_before_retry(1, 0.5, 3s), 3250ms) << "never earlier than asked";
}

}  // namespace
}  // namespace health_agent::agent
