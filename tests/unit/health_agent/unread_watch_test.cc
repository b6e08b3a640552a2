#include "health_agent/api/unread_watch.h"

#include <gtest/gtest.h>

namespace health_agent::api {
namespace {

using namespace std::chrono_literals;

constexpr UnreadWatch::Clock::time_point kStart{1h};

TEST(UnreadWatch, FindsAProgramThatReadsNothing) {
  UnreadWatch watch;
  for (int second = 0; second <= 10; ++second)
    EXPECT_FALSE(watch.is_unread(65'000U - 500U * static_cast<unsigned>(second),
                                 kStart + std::chrono::seconds{second}));
  EXPECT_TRUE(watch.is_unread(59'000, kStart + 11s));
}

TEST(UnreadWatch, LetsAProgramThatReadsStay) {
  UnreadWatch watch;
  for (int second = 0; second < 100; ++second)  // seen before it has read, every other time
    EXPECT_FALSE(
        watch.is_unread(second % 2 == 0 ? 65'000 : 64'500, kStart + std::chrono::seconds{second}));
}

TEST(UnreadWatch, SaysNothingOfAStreamThatIsQuiet) {
  UnreadWatch watch;
  EXPECT_FALSE(watch.is_unread(65'000, kStart));
  EXPECT_FALSE(watch.is_unread(64'000, kStart + 1s));
  EXPECT_FALSE(watch.is_unread(64'000, kStart + 100s));
}

TEST(UnreadWatch, AnOldWindowIsForgottenWhenItOpens) {
  UnreadWatch watch;
  for (int second = 0; second < 9; ++second)
    EXPECT_FALSE(watch.is_unread(65'000U - 500U * static_cast<unsigned>(second),
                                 kStart + std::chrono::seconds{second}));
  EXPECT_FALSE(watch.is_unread(65'000, kStart + 9s));
  EXPECT_FALSE(watch.is_unread(64'000, kStart + 12s));
}

}  // namespace
}  // namespace health_agent::api
