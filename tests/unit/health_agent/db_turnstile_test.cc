#include "health_agent/db/turnstile.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>
#include <vector>

namespace health_agent::db {
namespace {

using std::chrono::milliseconds;

void wait_until_waiting(Turnstile& turnstile, std::size_t count) {
  while (turnstile.waiting() < count)
    std::this_thread::sleep_for(milliseconds{1});
}

TEST(Turnstile, LetsInTheFirstToCome) {
  Turnstile turnstile{1};
  ASSERT_TRUE(turnstile.try_enter());
  std::mutex mutex;
  std::vector<int> order;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      ASSERT_TRUE(turnstile.enter(milliseconds{30'000}));
      {
        const std::lock_guard lock{mutex};
        order.push_back(i);
      }
      turnstile.leave();
    });
    wait_until_waiting(turnstile, static_cast<std::size_t>(i) + 1);
  }
  turnstile.leave();
  for (std::thread& thread : threads)
    thread.join();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7}));
}

TEST(Turnstile, NobodyOvertakesTheOneWhoWaits) {
  Turnstile turnstile{1};
  ASSERT_TRUE(turnstile.try_enter());
  std::thread waiter{[&] { EXPECT_TRUE(turnstile.enter(milliseconds{30'000})); }};
  wait_until_waiting(turnstile, 1);
  turnstile.leave();
  EXPECT_FALSE(turnstile.try_enter());  // the place went to the waiter, awake or not
  waiter.join();
  EXPECT_FALSE(turnstile.try_enter());
}

TEST(Turnstile, WhoGivesUpIsNotGivenAPlace) {
  Turnstile turnstile{1};
  ASSERT_TRUE(turnstile.try_enter());
  EXPECT_FALSE(turnstile.enter(milliseconds{10}));
  EXPECT_EQ(turnstile.waiting(), 0U);
  turnstile.leave();
  EXPECT_TRUE(turnstile.try_enter());
}

TEST(Turnstile, NeverLetsInMoreThanItHasPlaces) {
  Turnstile turnstile{3};
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  std::atomic<int> gave_up{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 300; ++round) {
        if (!turnstile.enter(milliseconds{round % 2 == 0 ? 30'000 : 0})) {
          ++gave_up;
          continue;
        }
        const int now = ++inside;
        for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
        }
        std::this_thread::yield();
        --inside;
        turnstile.leave();
      }
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  EXPECT_LE(most, 3);
  EXPECT_LE(gave_up, 8 * 150);
  for (int i = 0; i < 3; ++i)
    EXPECT_TRUE(turnstile.try_enter());
  EXPECT_FALSE(turnstile.try_enter());  // every place came back, and none was made
}

}  // namespace
}  // namespace health_agent::db
