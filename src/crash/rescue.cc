#include "crash/rescue.h"

#include <pthread.h>
#include <semaphore.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "base/background_thread.h"
#include "base/clock.h"

namespace vitals::crash::detail {
namespace {

using Clock = std::chrono::steady_clock;

/// The handler's own end comes after ten seconds.
constexpr std::chrono::milliseconds kMostPatience{8000};
constexpr long kLookNanoseconds = 1'000'000;

/// Never freed, since a handler may look at it at any time.
struct State {
  std::atomic<pid_t> process{0};  // whose thread waits; 0: there is none
  std::atomic<std::int64_t> patience_ns{0};
  std::atomic<Trace*> transaction{nullptr};
  std::atomic<std::uint32_t> asked{0};
  std::atomic<std::uint32_t> done{0};
  std::atomic<bool> stopping{false};
  std::atomic<bool> ended{true};
  sem_t wake{};
};
constinit State state;
constinit thread_local bool is_rescue_thread = false;

void run(const RescueThread::Work& work) noexcept {
  is_rescue_thread = true;
  pthread_setname_np(pthread_self(), "vitals-rescue");
  while (true) {
    while (sem_wait(&state.wake) != 0 && errno == EINTR) {
    }
    if (state.stopping.load(std::memory_order_acquire)) break;                // pairs with stop()
    const std::uint32_t round = state.asked.load(std::memory_order_acquire);  // with the handler
    if (round == state.done.load(std::memory_order_relaxed)) continue;
    const auto patience =
        std::chrono::nanoseconds{state.patience_ns.load(std::memory_order_relaxed)};
    work(state.transaction.exchange(nullptr, std::memory_order_acquire), Clock::now() + patience);
    state.done.store(round, std::memory_order_release);  // pairs with the handler
  }
  state.ended.store(true, std::memory_order_release);  // pairs with stop()
}

}  // namespace

bool RescueThread::start(Work work, std::chrono::milliseconds patience) noexcept {
  static const bool made = sem_init(&state.wake, 0, 0) == 0;
  if (!made || !state.ended.load(std::memory_order_acquire)) return false;
  patience = std::clamp(patience, std::chrono::milliseconds{0}, kMostPatience);
  state.patience_ns.store(std::chrono::nanoseconds{patience}.count(), std::memory_order_relaxed);
  state.stopping.store(false, std::memory_order_relaxed);
  state.ended.store(false, std::memory_order_relaxed);
  try {
    thread_ = base::start_background_thread([work = std::move(work)] {
      // So that this thread has memory of its own: the heap that all share may be locked, for ever,
      // by the thread that crashed.
      void* volatile own = std::malloc(64);
      std::free(own);
      run(work);
    });
  } catch (...) {
    state.ended.store(true, std::memory_order_relaxed);
    return false;
  }
  state.process.store(getpid(), std::memory_order_release);  // pairs with the handler
  return true;
}

void RescueThread::stop() noexcept {
  if (!thread_.joinable()) return;
  state.process.store(0, std::memory_order_release);
  state.stopping.store(true, std::memory_order_release);  // pairs with run()
  sem_post(&state.wake);
  // It waits, unless a crash has begun: then the process is about to end.
  constexpr std::chrono::seconds kGrace{1};
  const auto end = Clock::now() + kGrace;
  while (!state.ended.load(std::memory_order_acquire)) {  // pairs with run()
    if (Clock::now() >= end) return thread_.detach();
    std::this_thread::sleep_for(std::chrono::microseconds{50});
  }
  thread_.join();
}

void rescue_what_waits(Trace* transaction) noexcept {
  if (is_rescue_thread) return;
  if (state.process.load(std::memory_order_acquire) != getpid()) return;  // pairs with start()
  state.transaction.store(transaction, std::memory_order_release);        // pairs with run()
  const std::uint32_t round = state.asked.fetch_add(1, std::memory_order_acq_rel) + 1;
  sem_post(&state.wake);
  const std::int64_t end =
      base::steady_clock_ns() + state.patience_ns.load(std::memory_order_relaxed);
  while (base::steady_clock_ns() < end) {
    const auto behind = static_cast<std::int32_t>(
        round - state.done.load(std::memory_order_acquire));  // with run()
    if (behind <= 0) return;
    const timespec pause{0, kLookNanoseconds};
    nanosleep(&pause, nullptr);
  }
}

void forget_rescue_thread() noexcept {
  state.process.store(0, std::memory_order_relaxed);
  state.ended.store(true, std::memory_order_relaxed);
}

}  // namespace vitals::crash::detail
