#include "health_agent/api/unread_watch.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace health_agent::api {
namespace {

using namespace std::chrono_literals;

constexpr UnreadWatch::Clock::time_point kStart{1h};

/// Of 500 bytes a second nothing is read.
Received unread(int second) {
  const auto taken = 500U * static_cast<unsigned>(second);
  return {65'000U - taken, taken};
}

TEST(UnreadWatch, FindsAProgramThatReadsNothing) {
  UnreadWatch watch;
  for (int second = 0; second <= 10; ++second)
    EXPECT_FALSE(watch.is_unread(unread(second), kStart + std::chrono::seconds{second}));
  EXPECT_TRUE(watch.is_unread(unread(11), kStart + 11s));
}

TEST(UnreadWatch, LetsAProgramThatReadsStay) {
  UnreadWatch watch;
  for (unsigned second = 0; second < 100; ++second)  // seen before it has read, every other time
    EXPECT_FALSE(watch.is_unread({second % 2 == 0 ? 65'000U : 64'500U, 500U * second},
                                 kStart + std::chrono::seconds{second}));
}

TEST(UnreadWatch, LetsAProgramThatReadsStayWhereEachPieceIsLargerThanTheOneBefore) {
  UnreadWatch watch;
  std::uint64_t taken = 0;
  for (unsigned second = 0; second < 100; ++second) {  // seen before it has read
    const unsigned piece = 500 + 100 * second;
    taken += piece;
    EXPECT_FALSE(watch.is_unread({65'000 - piece, taken}, kStart + std::chrono::seconds{second}))
        << second;
  }
}

TEST(UnreadWatch, FindsItWhileTheKernelLetsTheWindowGrow) {
  UnreadWatch watch;
  bool found = false;
  for (unsigned second = 0; second <= 15; ++second)  // 1,200 bytes a second, in steps of 1,024
    found = watch.is_unread({76'800 - 700 * second / 1'024 * 1'024, 1'200U * second},
                            kStart + std::chrono::seconds{second});
  EXPECT_TRUE(found);
}

TEST(UnreadWatch, LetsAProgramThatReadsStayWhereTheWindowHasFallenAndStays) {
  UnreadWatch watch;
  for (unsigned second = 0; second < 100; ++second)
    EXPECT_FALSE(watch.is_unread({76'800 - 1'024 * std::min(second, 5U), 1'200U * second},
                                 kStart + std::chrono::seconds{second}))
        << second;
}

TEST(UnreadWatch, SaysNothingOfAStreamThatIsQuiet) {
  UnreadWatch watch;
  EXPECT_FALSE(watch.is_unread({65'000, 0}, kStart));
  EXPECT_FALSE(watch.is_unread({64'000, 1'000}, kStart + 1s));
  EXPECT_FALSE(watch.is_unread({64'000, 1'000}, kStart + 100s));
}

TEST(UnreadWatch, AnOldWindowIsForgottenWhenItOpens) {
  UnreadWatch watch;
  for (int second = 0; second < 9; ++second)
    EXPECT_FALSE(watch.is_unread(unread(second), kStart + std::chrono::seconds{second}));
  EXPECT_FALSE(watch.is_unread({65'000, 5'000}, kStart + 9s));
  EXPECT_FALSE(watch.is_unread({64'000, 6'000}, kStart + 12s));
}

}  // namespace
}  // namespace health_agent::api
