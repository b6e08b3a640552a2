#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>

namespace health_agent::db {

/// A number of places that are taken and given back, first come first served. A std::semaphore
/// would let a busy thread overtake a waiting one for ever.
///
/// Threads: any. Cost: one mutex when a place is free.
class Turnstile {
 public:
  explicit Turnstile(int places) : places_(places) {}
  Turnstile(const Turnstile&) = delete;
  Turnstile& operator=(const Turnstile&) = delete;

  /// Takes a place, and returns whether there was one at once.
  [[nodiscard]] bool try_enter() {
    const std::lock_guard lock{mutex_};
    if (places_ == 0) return false;
    --places_;
    return true;
  }

  /// Takes a place, and waits for it up to `timeout`. Returns whether it was given one.
  [[nodiscard]] bool enter(std::chrono::milliseconds timeout) {
    std::unique_lock lock{mutex_};
    if (places_ > 0) {
      --places_;
      return true;
    }
    Waiter self;
    waiting_.push_back(&self);
    if (self.wake.wait_for(lock, timeout, [&] { return self.admitted; })) return true;
    waiting_.erase(std::find(waiting_.begin(), waiting_.end(), &self));
    return false;
  }

  /// How many wait now.
  [[nodiscard]] std::size_t waiting() {
    const std::lock_guard lock{mutex_};
    return waiting_.size();
  }

  /// Gives a place back, to the one who has waited longest.
  void leave() noexcept {
    const std::lock_guard lock{mutex_};
    if (waiting_.empty()) {
      ++places_;
      return;
    }
    Waiter& next = *waiting_.front();
    waiting_.pop_front();
    next.admitted = true;
    next.wake.notify_one();  // inside the lock: the waiter's end destroys the condition variable
  }

 private:
  struct Waiter {
    std::condition_variable wake;
    bool admitted = false;
  };

  std::mutex mutex_;
  int places_;  // zero while anybody waits
  std::deque<Waiter*> waiting_;
};

}  // namespace health_agent::db
