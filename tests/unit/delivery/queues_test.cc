#include "delivery/queues.h"

#include <gtest/gtest.h>

#include <memory>

namespace vitals::delivery::detail {
namespace {

struct Thing final : Cargo {
  explicit Thing(std::size_t given) : bytes(given) {}
  [[nodiscard]] std::size_t cost() const noexcept override { return bytes; }
  void count_dropped(DropReason) const noexcept override { ++dropped; }
  std::size_t bytes;
  static inline int dropped = 0;
};

constexpr Queues::Lanes kAll{true, true, true, true};

class QueuesTest : public ::testing::Test {
 protected:
  QueuesTest() { Thing::dropped = 0; }
  bool push(std::size_t lane, std::size_t bytes = 100) {
    return queues.push(lane, std::make_unique<Thing>(bytes));
  }

  Queues queues{{{.capacity = 128, .bytes = 100'000},
                 {.capacity = 128, .bytes = 75'000, .gives_way = true},
                 {.capacity = 128, .bytes = 10'000, .purse = 1}}};
};

TEST_F(QueuesTest, TheFirstLaneGoesFirstButNotForEver) {
  for (int i = 0; i < 100; ++i)
    EXPECT_TRUE(push(0));
  EXPECT_TRUE(push(2));
  int before = 0;
  for (; before < 100; ++before) {
    const auto taken = queues.take(Queues::Order::kFair, kAll);
    ASSERT_TRUE(taken);
    queues.release(*taken);
    if (taken->lane == 2) break;
  }
  EXPECT_GE(before, 4) << "the first lane does not go first";
  EXPECT_LT(before, 8) << "all of the first lane went before it";
}

TEST_F(QueuesTest, ByRankAllOfTheFirstLaneGoesFirst) {
  EXPECT_TRUE(push(2));
  for (int i = 0; i < 100; ++i)
    EXPECT_TRUE(push(0));
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(queues.take(Queues::Order::kByRank, kAll)->lane, 0U) << i;
}

TEST_F(QueuesTest, WhatIsThereIsTakenWhoseverTurnItIs) {
  for (int i = 0; i < 20; ++i)
    EXPECT_TRUE(push(2));
  for (int i = 0; i < 20; ++i)
    EXPECT_TRUE(queues.take(Queues::Order::kFair, kAll));
  EXPECT_FALSE(queues.take(Queues::Order::kFair, kAll));
}

TEST_F(QueuesTest, AClosedLaneIsPassedOver) {
  EXPECT_TRUE(push(1));
  EXPECT_FALSE(queues.take(Queues::Order::kByRank, {true, false, true, true}));
  EXPECT_EQ(queues.take(Queues::Order::kByRank, kAll)->lane, 1U);
}

TEST_F(QueuesTest, ALaneThatGivesWayLosesItsOldestToOneBeforeIt) {
  for (int i = 0; i < 7; ++i)
    EXPECT_TRUE(push(1, 10'000));
  EXPECT_FALSE(push(1, 10'000)) << "the last quarter of the purse is not its own";
  EXPECT_EQ(Thing::dropped, 1);
  for (int i = 0; i < 10; ++i)
    EXPECT_TRUE(push(0, 10'000)) << i;
  EXPECT_EQ(Thing::dropped, 1 + 7) << "all of them have given way";
  EXPECT_FALSE(push(0, 10'000));
  EXPECT_TRUE(push(2)) << "another purse is not touched";
}

TEST_F(QueuesTest, NothingGivesWayToWhatNeverFits) {
  EXPECT_TRUE(push(1));
  EXPECT_FALSE(push(0, 100'001));
  EXPECT_EQ(Thing::dropped, 1) << "itself alone";
  EXPECT_EQ(queues.depth(), 1U);
}

TEST_F(QueuesTest, TheBytesOfWhatIsTakenCountUntilItIsReleased) {
  EXPECT_TRUE(push(2, 10'000));
  const auto taken = queues.take(Queues::Order::kByRank, kAll);
  ASSERT_TRUE(taken);
  EXPECT_FALSE(push(2, 1));
  queues.release(*taken);
  EXPECT_TRUE(push(2, 1));
}

TEST_F(QueuesTest, OnlyTheFirstPurseIsLookedAtForPressure) {
  for (int i = 0; i < 120; ++i)
    static_cast<void>(push(2, 80));
  EXPECT_FALSE(queues.nearly_full());
  for (int i = 0; i < 103; ++i)
    static_cast<void>(push(0, 1));
  EXPECT_TRUE(queues.nearly_full());
}

}  // namespace
}  // namespace vitals::delivery::detail
