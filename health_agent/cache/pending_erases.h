#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace health_agent::cache {

/// Keys that should have been erased from a shared cache and could not be: what it holds for them
/// may be from before a change. At most `most` keys are remembered one by one; past that, and without
/// memory for one, all keys count as pending until everything has been thrown away.
///
/// Threads: any. Cost: holds() is one load while nothing is pending.
class PendingErases {
 public:
  /// Some of what is pending, to be made up for.
  struct Batch {
    std::uint64_t all = 0;  ///< not zero: everything has to go
    std::vector<std::pair<std::string, std::uint64_t>> keys;

    [[nodiscard]] bool empty() const noexcept { return all == 0 && keys.empty(); }
  };

  explicit PendingErases(std::size_t most) : most_(most) {}

  void add(std::string_view key) noexcept {
    const std::lock_guard lock{mutex_};
    ++sequence_;
    if (all_ != 0 || !remember(key)) {
      keys_.clear();
      all_ = sequence_;
    }
    any_.store(true, std::memory_order_release);  // pairs with the acquire in any()
  }

  [[nodiscard]] bool any() const noexcept { return any_.load(std::memory_order_acquire); }

  /// Whether what the cache holds for `key` is not to be trusted.
  [[nodiscard]] bool holds(std::string_view key) const {
    if (!any()) return false;
    const std::lock_guard lock{mutex_};
    return all_ != 0 || keys_.contains(key);
  }

  [[nodiscard]] Batch next(std::size_t most) const {
    const std::lock_guard lock{mutex_};
    Batch batch{all_, {}};
    for (auto key = keys_.begin(); key != keys_.end() && batch.keys.size() < most; ++key)
      batch.keys.emplace_back(*key);
    return batch;
  }

  /// What `batch` holds has been made up for. A key that was added once more since then stays: it
  /// may have been erased before that last change.
  void done(const Batch& batch) {
    const std::lock_guard lock{mutex_};
    if (all_ == batch.all) all_ = 0;
    for (const auto& [key, sequence] : batch.keys) {
      const auto known = keys_.find(key);
      if (known != keys_.end() && known->second == sequence) keys_.erase(known);
    }
    any_.store(all_ != 0 || !keys_.empty(), std::memory_order_release);
  }

 private:
  /// False when there is no room for one more, or no memory.
  bool remember(std::string_view key) noexcept {
    try {
      if (const auto known = keys_.find(key); known != keys_.end()) {
        known->second = sequence_;
        return true;
      }
      return keys_.size() < most_ && keys_.emplace(key, sequence_).second;
    } catch (const std::bad_alloc&) {
      return false;
    }
  }

  const std::size_t most_;
  mutable std::mutex mutex_;
  std::map<std::string, std::uint64_t, std::less<>> keys_;
  std::uint64_t all_ = 0;
  std::uint64_t sequence_ = 0;
  std::atomic<bool> any_{false};
};

}  // namespace health_agent::cache
