#include "health_agent/db/probe.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <new>
#include <thread>
#include <vector>

namespace health_agent::db {
namespace {

using Answer = Probe::Answer;

/// A database that answers when it is let.
class Gate {
 public:
  Answer pass() {
    ++asked;
    std::unique_lock lock{mutex_};
    open_.wait(lock, [this] { return is_open_; });
    return Answer::kWell;
  }
  void open() {
    const std::lock_guard lock{mutex_};
    is_open_ = true;
    open_.notify_all();
  }
  std::atomic<int> asked{0};

 private:
  std::mutex mutex_;
  std::condition_variable open_;
  bool is_open_ = false;
};

TEST(Probe, EveryQuestionIsPutAnewWhileAllIsWell) {
  std::atomic<int> asked{0};
  Probe probe{[&] {
    ++asked;
    return Answer::kWell;
  }};
  for (int i = 1; i <= 3; ++i) {
    EXPECT_EQ(probe.ask(), Answer::kWell);
    EXPECT_EQ(asked, i);
  }
}

TEST(Probe, WhatIsNotWellIsRepeatedForAMomentAndThenAskedForAgain) {
  std::atomic<int> asked{0};
  Probe probe{[&] { return ++asked == 1 ? Answer::kBusy : Answer::kWell; }};
  EXPECT_EQ(probe.ask(), Answer::kBusy);
  while (probe.ask() == Answer::kBusy)
    std::this_thread::yield();
  EXPECT_EQ(asked, 2);
}

TEST(Probe, ADatabaseThatHangsIsAwayAndHoldsUpNobodyWhoAsksAgain) {
  Gate gate;
  Probe probe{[&] { return gate.pass(); }};
  EXPECT_EQ(probe.ask(), Answer::kAway);
  std::vector<std::thread> many;
  std::atomic<int> away{0};
  for (int i = 0; i < 8; ++i) {
    many.emplace_back([&] {
      for (int k = 0; k < 1'000; ++k)
        away += probe.ask() == Answer::kAway ? 1 : 0;
    });
  }
  for (std::thread& each : many)
    each.join();
  EXPECT_EQ(away, 8'000);
  EXPECT_EQ(gate.asked, 1) << "one question, and so one connection, is out";
  gate.open();
  while (probe.ask() != Answer::kWell)
    std::this_thread::yield();
}

TEST(Probe, ADatabaseThatHangsIsToldInHalfASecond) {
  auto quickest = std::chrono::steady_clock::duration::max();
  for (int i = 0; i < 3; ++i) {
    Gate gate;
    Probe probe{[&] { return gate.pass(); }};
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(probe.ask(), Answer::kAway);
    quickest = std::min(quickest, std::chrono::steady_clock::now() - start);
    gate.open();
  }
  EXPECT_LT(quickest, std::chrono::milliseconds{500});
}

TEST(Probe, WhoAsksMeanwhileHearsWhatIsNotWellAtOnce) {
  std::atomic<int> asked{0};
  std::atomic<bool> answer{false};
  Probe probe{[&] {
    ++asked;
    answer.wait(false);
    return Answer::kBusy;
  }};
  std::thread first{[&] { EXPECT_NE(probe.ask(), Answer::kWell); }};
  while (asked == 0)
    std::this_thread::yield();
  std::thread second{[&] { EXPECT_NE(probe.ask(), Answer::kWell); }};
  answer = true;
  answer.notify_all();
  first.join();
  second.join();
}

TEST(Probe, WhatThrowsIsAway) {
  Probe probe{[]() -> Answer { throw std::bad_alloc(); }};
  EXPECT_EQ(probe.ask(), Answer::kAway);
}

}  // namespace
}  // namespace health_agent::db
