#pragma once

#include <sched.h>

#include <atomic>

namespace vitals::sentry::detail {

/// A lock for a few instructions' work, held by users' threads only and never by the client's own:
/// that one runs at the lowest priority, and whoever waited for it would wait long.
class SpinLock {
 public:
  void lock() noexcept {
    for (int spins = 0; locked_.exchange(true, std::memory_order_acquire); ++spins) {
      if (spins >= kSpinsBeforeYield) sched_yield();
    }
  }
  /// Gives up after some tries, without ever yielding. Async-signal-safe.
  [[nodiscard]] bool try_lock_for_a_while() noexcept {
    for (int tries = 0; tries < kPatientTries; ++tries) {
      if (!locked_.exchange(true, std::memory_order_acquire)) return true;
    }
    return false;
  }
  void unlock() noexcept { locked_.store(false, std::memory_order_release); }

 private:
  static constexpr int kSpinsBeforeYield = 64;
  static constexpr int kPatientTries = 1'000'000;  // some milliseconds
  std::atomic<bool> locked_{false};
};

}  // namespace vitals::sentry::detail
