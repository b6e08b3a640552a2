#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>

namespace health_agent::api {

/// The requests that have come in and whose answers are not written yet. Threads: any.
class InFlight {
 public:
  void enter() noexcept { count_.fetch_add(1, std::memory_order_relaxed); }
  void leave() noexcept {
    if (count_.fetch_sub(1, std::memory_order_acq_rel) ==
        1) {  // pairs with the acquire in wait_none()
      const std::lock_guard lock{mutex_};
      none_.notify_all();
    }
  }
  bool wait_none(std::chrono::milliseconds timeout) {
    std::unique_lock lock{mutex_};
    return none_.wait_for(lock, timeout,
                          [this] { return count_.load(std::memory_order_acquire) == 0; });
  }

 private:
  std::atomic<int> count_{0};
  std::mutex mutex_;
  std::condition_variable none_;
};

}  // namespace health_agent::api
