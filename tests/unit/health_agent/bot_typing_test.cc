#include "health_agent/bot/typing.h"

#include <gmock/gmock.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <stdexcept>

namespace health_agent::bot {
namespace {

using namespace std::chrono_literals;

/// Notes who is told.
class Told {
 public:
  Typing::Tell tell() {
    return [this](const Place& place, const std::stop_token&) {
      {
        const std::lock_guard lock{mutex_};
        ++times_[place.chat_id];
        changed_.notify_all();
      }
      throw std::runtime_error("Telegram is away");
    };
  }
  bool wait_for(std::int64_t chat, int times) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, 20s, [&] { return times_[chat] >= times; });
  }
  int times(std::int64_t chat) {
    const std::lock_guard lock{mutex_};
    return times_[chat];
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::int64_t, int> times_;
};

TEST(BotTyping, IsToldAgainAndAgainThoughTellingFails) {
  Told told;
  Typing typing{told.tell(), {.first = 1ms, .then = 5ms}};
  const Typing::During during{typing, {7}};
  EXPECT_TRUE(told.wait_for(7, 5));
}

TEST(BotTyping, AChatThatIsDueEarlierIsNotLeftWaiting) {
  Told told;
  Typing typing{told.tell(), {.first = 1ms, .then = 1h}};
  const Typing::During first{typing, {1}};
  ASSERT_TRUE(told.wait_for(1, 1));  // and then in an hour
  const Typing::During second{typing, {2}};
  EXPECT_TRUE(told.wait_for(2, 1));
}

TEST(BotTyping, AQuickAnswerIsNotFollowedByIt) {
  Told told;
  Typing typing{told.tell(), {.first = 500ms, .then = 1ms}};
  { const Typing::During during{typing, {1}}; }
  const Typing::During other{typing, {2}};
  ASSERT_TRUE(told.wait_for(2, 3));
  EXPECT_EQ(told.times(1), 0);
}

}  // namespace
}  // namespace health_agent::bot
