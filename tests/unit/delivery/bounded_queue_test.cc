#include "delivery/bounded_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace vitals::delivery::detail {
namespace {

TEST(BoundedQueue, GivesBackInOrder) {
  BoundedQueue<int> queue{4};
  for (int i = 0; i < 3; ++i) {
    auto item = std::make_unique<int>(i);
    EXPECT_TRUE(queue.push(item));
    EXPECT_EQ(item, nullptr);
  }
  EXPECT_EQ(queue.size(), 3U);
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(*queue.pop(), i);
  EXPECT_EQ(queue.pop(), nullptr);
}

TEST(BoundedQueue, LeavesWhatItRefusesWithTheCaller) {
  BoundedQueue<int> queue{2};
  for (int i = 0; i < 2; ++i) {
    auto item = std::make_unique<int>(i);
    EXPECT_TRUE(queue.push(item));
  }
  auto refused = std::make_unique<int>(7);
  EXPECT_FALSE(queue.push(refused));
  ASSERT_NE(refused, nullptr);
  EXPECT_EQ(*refused, 7);
  EXPECT_NE(queue.pop(), nullptr);
  EXPECT_TRUE(queue.push(refused));
}

TEST(BoundedQueue, LosesAndDoublesNothingUnderManyThreads) {
  constexpr int kThreads = 4;
  constexpr int kEach = 20000;
  BoundedQueue<int> queue{64};
  std::vector<std::atomic<int>> seen(kThreads * kEach);
  std::atomic<int> refused{0};
  std::atomic<int> running{kThreads};
  std::vector<std::thread> producers;
  for (int thread = 0; thread < kThreads; ++thread) {
    producers.emplace_back([&, thread] {
      for (int i = 0; i < kEach; ++i) {
        auto item = std::make_unique<int>(thread * kEach + i);
        if (!queue.push(item)) {
          refused.fetch_add(1);
          seen[static_cast<std::size_t>(*item)].fetch_add(1);
        }
      }
      running.fetch_sub(1);
    });
  }
  std::vector<int> last(kThreads, -1);
  for (bool more = true; more;) {
    more = running.load() > 0;
    while (const auto item = queue.pop()) {
      more = true;
      seen[static_cast<std::size_t>(*item)].fetch_add(1);
      int& before = last[static_cast<std::size_t>(*item / kEach)];
      EXPECT_LT(before, *item) << "one producer's items stay in order";
      before = *item;
    }
  }
  for (std::thread& producer : producers)
    producer.join();
  for (const auto& times : seen)
    EXPECT_EQ(times.load(), 1);
  EXPECT_LT(refused.load(), kThreads * kEach);
}

}  // namespace
}  // namespace vitals::delivery::detail
