#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

#include "health_agent/bot/place.h"

namespace health_agent::bot {

/// Tells chats that somebody types, again and again while an answer is being made: first after a
/// moment, so that a quick answer is not followed by it, then every few seconds, since Telegram
/// shows it for five. One thread for all chats. Threads: any.
class Typing {
 public:
  /// Tells one chat. What it throws is of no account.
  using Tell = std::function<void(const Place& place, const std::stop_token& stop)>;

  struct Pauses {
    std::chrono::milliseconds first{300};
    std::chrono::milliseconds then{4000};
  };

  explicit Typing(Tell tell) : Typing(std::move(tell), Pauses{}) {}
  Typing(Tell tell, Pauses pauses);
  ~Typing();
  Typing(const Typing&) = delete;
  Typing& operator=(const Typing&) = delete;

  /// While it lives, the chat is told.
  class [[nodiscard("the chat is told no longer when it is destroyed")]] During {
   public:
    During(Typing & typing, const Place& place);
    ~During();
    During(const During&) = delete;
    During& operator=(const During&) = delete;

   private:
    Typing* typing_;
    Place place_;
  };

 private:
  using Clock = std::chrono::steady_clock;

  void run(const std::stop_token& stop);

  Tell tell_;
  Pauses pauses_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<Place, Clock::time_point> due_;  // one entry a chat: its updates go one by one
  std::uint64_t changes_ = 0;
  std::stop_source stop_;
  std::thread thread_;
};

}  // namespace health_agent::bot
