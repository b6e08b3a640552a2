#pragma once

#include <semaphore.h>

#include <atomic>
#include <chrono>

namespace vitals::delivery::detail {

/// Wakes the thread that sleeps in it. Threads: any.
class Wake {
 public:
  using Time = std::chrono::steady_clock::time_point;

  Wake() noexcept { sem_init(&semaphore_, 0, 0); }
  Wake(const Wake&) = delete;
  Wake& operator=(const Wake&) = delete;
  ~Wake() { sem_destroy(&semaphore_); }

  void now() noexcept { sem_post(&semaphore_); }
  /// The same, unless a thread has been woken already and has not looked yet: only the first of a
  /// burst pays. Pairs with the exchange in look().
  void once() noexcept {
    if (!pending_.exchange(true, std::memory_order_acq_rel)) now();
  }
  /// Called by a thread that is about to look at what there is: either it sees what is new, or the
  /// next once() sees that it must be woken.
  void look() noexcept { pending_.exchange(false, std::memory_order_acq_rel); }
  /// Nobody is to be woken for now, since nothing could be done.
  void defer() noexcept { pending_.store(true, std::memory_order_release); }
  void sleep_until(Time end) noexcept;

 private:
  sem_t semaphore_{};
  std::atomic<bool> pending_{false};
};

}  // namespace vitals::delivery::detail
