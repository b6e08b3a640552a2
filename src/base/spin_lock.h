#pragma once

#include <sched.h>

#include <atomic>
#include <mutex>

namespace vitals::base {

/// A lock for a few instructions' work. It is held by users' threads only: a sending thread runs at
/// the lowest priority, and those that wait for it would wait long. It knows which thread holds it,
/// so that a signal handler that has interrupted the holder does not wait for ever.
class SpinLock {
 public:
  /// Waits for the lock. False, without it, when this very thread holds it already.
  [[nodiscard]] bool lock() noexcept {
    for (int spins = 0;; ++spins) {
      const void* holder = nullptr;
      if (holder_.compare_exchange_strong(holder, &this_thread_, std::memory_order_acquire,
                                          std::memory_order_relaxed)) {
        return true;
      }
      if (holder == &this_thread_) return false;
      if (spins >= kSpinsBeforeYield) sched_yield();
    }
  }
  /// Gives up after some tries. It lets others run between them, since who holds the lock may wait
  /// for this very processor. Async-signal-safe.
  [[nodiscard]] bool try_lock_for_a_while() noexcept {
    for (int rounds = 0; rounds < kPatientRounds; ++rounds) {
      if (rounds > 0) sched_yield();
      for (int tries = 0; tries < kPatientTries; ++tries) {
        const void* holder = nullptr;
        if (holder_.compare_exchange_strong(holder, &this_thread_, std::memory_order_acquire,
                                            std::memory_order_relaxed)) {
          return true;
        }
        if (holder == &this_thread_) return false;
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
  void unlock() noexcept { holder_.store(nullptr, std::memory_order_release); }

  /// Holds it, if it could be had: false in a signal handler that has interrupted the holder, which
  /// must then leave alone what the lock guards.
  class [[nodiscard]] Hold {
   public:
    explicit Hold(SpinLock& lock) noexcept : lock_(lock.lock() ? &lock : nullptr) {}
    Hold(SpinLock& lock, std::adopt_lock_t) noexcept : lock_(&lock) {}
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;
    ~Hold() {
      if (lock_ != nullptr) lock_->unlock();
    }
    [[nodiscard]] explicit operator bool() const noexcept { return lock_ != nullptr; }

   private:
    SpinLock* const lock_;
  };

 private:
  static constexpr int kSpinsBeforeYield = 64;
  static constexpr int kPatientRounds = 20;
  static constexpr int kPatientTries = 50'000;  // a fraction of a millisecond
  /// Its address stands for the thread.
  static inline constinit thread_local char this_thread_ = 0;
  std::atomic<const void*> holder_{nullptr};
};

}  // namespace vitals::base
