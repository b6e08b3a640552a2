#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <set>

namespace health_agent::bot {

/// Remembers who has been told that the bot is not for them: the last thousand. Threads: any.
class Strangers {
 public:
  /// True the first time.
  bool first_time(std::int64_t sender_id) {
    const std::lock_guard lock{mutex_};
    if (!known_.insert(sender_id).second) return false;
    order_.push_back(sender_id);
    if (order_.size() > kMost) {
      known_.erase(order_.front());
      order_.pop_front();
    }
    return true;
  }

 private:
  static constexpr std::size_t kMost = 1000;

  std::mutex mutex_;
  std::set<std::int64_t> known_;
  std::deque<std::int64_t> order_;
};

}  // namespace health_agent::bot
