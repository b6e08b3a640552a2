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
  /// Gives up after some tries. It lets others run between them, since who holds the lock may wait
  /// for this very processor. Async-signal-safe.
  [[nodiscard]] bool try_lock_for_a_while() noexcept {
    for (int rounds = 0; rounds < kPatientRounds; ++rounds) {
      if (rounds > 0) sched_yield();
      for (int tries = 0; tries < kPatientTries; ++tries) {
        if (!locked_.exchange(true, std::memory_order_acquire)) return true;
      }
    }
    return false;
  }
  /// Whether nobody holds it for long, as a thread does that a signal handler interrupted.
  /// Async-signal-safe.
  [[nodiscard]] bool is_free() noexcept {
    if (!try_lock_for_a_while()) return false;
    unlock();
    return true;
  }
  void unlock() noexcept { locked_.store(false, std::memory_order_release); }

 private:
  static constexpr int kSpinsBeforeYield = 64;
  static constexpr int kPatientRounds = 20;
  static constexpr int kPatientTries = 50'000;  // a fraction of a millisecond
  std::atomic<bool> locked_{false};
};

}  // namespace vitals::sentry::detail
