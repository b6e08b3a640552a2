#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <set>

namespace health_agent::bot {

/// Remembers the last thousand keys that it was asked for. Threads: any.
template <class Key>
class Remembered {
 public:
  /// True the first time.
  bool first_time(const Key& key) {
    const std::lock_guard lock{mutex_};
    if (!known_.insert(key).second) return false;
    order_.push_back(key);
    if (order_.size() > kMost) {
      known_.erase(order_.front());
      order_.pop_front();
    }
    return true;
  }

  [[nodiscard]] bool knows(const Key& key) const {
    const std::lock_guard lock{mutex_};
    return known_.contains(key);
  }

 private:
  static constexpr std::size_t kMost = 1000;

  mutable std::mutex mutex_;
  std::set<Key> known_;
  std::deque<Key> order_;
};

}  // namespace health_agent::bot
