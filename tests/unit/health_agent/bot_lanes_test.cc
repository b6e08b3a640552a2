#include "health_agent/bot/lanes.h"

#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <new>
#include <stop_token>
#include <thread>
#include <vector>

#include "health_agent/bot/backoff.h"
#include "health_agent/bot/waiting.h"
#include "tests/unit/failing_memory.h"

namespace health_agent::bot {
namespace {

using namespace std::chrono_literals;

TEST(BotLanes, KeepTheOrderOfALaneAndUseAllThreads) {
  std::atomic<bool> overlapped{false};
  std::vector<std::vector<int>> done(4);
  std::vector<std::atomic<int>> inside(4);
  {
    Lanes lanes{4, 1000};
    for (int i = 0; i < 100; ++i) {
      for (std::size_t lane = 0; lane < 4; ++lane) {
        ASSERT_TRUE(lanes.post(static_cast<std::int64_t>(lane), [&, lane, i] {
          if (inside[lane].fetch_add(1) != 0) overlapped = true;
          done[lane].push_back(i);
          inside[lane].fetch_sub(1);
        }));
      }
    }
    while (lanes.room() < 1000)
      std::this_thread::yield();
  }
  EXPECT_FALSE(overlapped);
  for (const std::vector<int>& lane : done) {
    ASSERT_EQ(lane.size(), 100U);
    EXPECT_TRUE(std::is_sorted(lane.begin(), lane.end()));
  }
}

TEST(BotLanes, ASlowLaneDoesNotHoldUpAnother) {
  Lanes lanes{2, 10};
  std::promise<void> go;
  std::promise<void> other;
  lanes.post(1, [&] { go.get_future().wait(); });
  lanes.post(1, [] {});
  lanes.post(2, [&] { other.set_value(); });
  EXPECT_EQ(other.get_future().wait_for(10s), std::future_status::ready);
  go.set_value();
}

TEST(BotLanes, RoomCountsWhatWaitsAndWhatRuns) {
  Lanes lanes{1, 2};
  std::promise<void> go;
  const std::shared_future<void> gone = go.get_future().share();
  EXPECT_EQ(lanes.room(), 2U);
  lanes.post(1, [gone] { gone.wait(); });
  lanes.post(2, [gone] { gone.wait(); });
  EXPECT_EQ(lanes.room(), 0U);
  std::stop_source stop;
  std::thread later{[&] { stop.request_stop(); }};
  EXPECT_FALSE(lanes.wait_for_room(stop.get_token()));
  later.join();
  go.set_value();
  EXPECT_TRUE(lanes.wait_for_room({}));
}

TEST(BotLanes, ClosingLetsThoseUnderWayFinishAndForgetsTheRest) {
  Lanes lanes{1, 10};
  std::promise<void> begun;
  std::promise<void> go;
  std::atomic<bool> second{false};
  lanes.post(1, [&] {
    begun.set_value();
    go.get_future().wait();
  });
  lanes.post(1, [&] { second = true; });
  begun.get_future().wait();
  EXPECT_FALSE(lanes.close(10ms)) << "one still runs";
  EXPECT_FALSE(lanes.post(1, [] {}));
  go.set_value();
  EXPECT_TRUE(lanes.close(10s));
  EXPECT_FALSE(second);
}

TEST(BotLanes, AJobThatThrowsTakesNeitherItsThreadNorItsLaneWithIt) {
  Lanes lanes{1, 10};
  for (int i = 0; i < 3; ++i)
    lanes.post(1, [] { throw std::bad_alloc{}; });
  std::promise<void> same_lane;
  std::promise<void> other_lane;
  lanes.post(1, [&] { same_lane.set_value(); });
  lanes.post(2, [&] { other_lane.set_value(); });
  EXPECT_EQ(same_lane.get_future().wait_for(10s), std::future_status::ready);
  EXPECT_EQ(other_lane.get_future().wait_for(10s), std::future_status::ready);
  while (lanes.room() < 10)
    std::this_thread::yield();
}

TEST(BotLanes, AJobForWhichThereIsNoMemoryLeavesNothingBehind) {
  Lanes lanes{1, 100};
  std::atomic<int> done{0};
  int posted = 0;
  bool whole = false;
  for (std::size_t after = 0; !whole; ++after) {
    const unit::FailingMemory none{after};
    try {
      // Each in a lane of its own, which has to be made first.
      lanes.post(static_cast<std::int64_t>(after), [&done] { ++done; });
      ++posted;
    } catch (const std::bad_alloc&) {
    }
    whole = !none.failed();
  }
  while (lanes.room() < 100)
    std::this_thread::yield();
  EXPECT_EQ(done, posted);
}

TEST(BotWaiting, TakesNoMemoryAndEndsWhenToldTo) {
  std::stop_source stop;
  {
    const unit::FailingMemory none{0};
    EXPECT_TRUE(sleep_unless(stop.get_token(), 1ms));
  }
  std::thread later{[&] { stop.request_stop(); }};
  EXPECT_FALSE(sleep_unless(stop.get_token(), 1h));
  later.join();
  EXPECT_FALSE(sleep_unless(stop.get_token(), 1h)) << "told before";
}

TEST(BotBackoff, GrowsToItsMostAndBeginsAnew) {
  Backoff backoff{100ms, 1s};
  std::chrono::milliseconds whole = 100ms;
  for (int i = 0; i < 20; ++i) {
    const auto pause = backoff.next();
    EXPECT_GE(pause, whole / 2) << i;
    EXPECT_LE(pause, whole) << i;
    whole = std::min<std::chrono::milliseconds>(1s, whole * 2);
  }
  backoff.reset();
  EXPECT_LE(backoff.next(), 100ms);
}

}  // namespace
}  // namespace health_agent::bot
