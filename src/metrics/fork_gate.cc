#include "vitals/metrics/detail/fork_gate.h"

#include <pthread.h>
#include <time.h>

#include "metrics/after_fork.h"

namespace vitals::metrics::detail {
namespace {

// Of threads: how many are in a section, and how many are about to fork. Each side writes its own
// and then looks at the other, so all four accesses are in one order.
constinit std::atomic<std::uint32_t> g_inside{0};
constinit std::atomic<std::uint32_t> g_forking{0};
constinit std::atomic<std::uint32_t> g_forks{0};
constinit std::atomic<double> g_forked_at{0.0};
constinit thread_local std::uint32_t t_depth = 0;

void before_fork() noexcept {
  g_forking.fetch_add(1, std::memory_order_seq_cst);
  // A handler of a signal may fork in the middle of a section of its own thread. On a section's
  // edges depth and count differ for an instruction: a fork there is not supported.
  const std::uint32_t own = t_depth > 0 ? 1 : 0;
  while (g_inside.load(std::memory_order_seq_cst) > own) {
    constexpr timespec kPause{0, 20'000};
    nanosleep(&kPause, nullptr);
  }
}

void after_fork_in_parent() noexcept {
  g_forking.fetch_sub(1, std::memory_order_seq_cst);
  g_forking.notify_all();
}

void after_fork_in_child() noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME_COARSE, &now);
  g_forked_at.store(static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9);
  g_forks.fetch_add(1);
  g_inside.store(t_depth > 0 ? 1 : 0);
  g_forking.store(0);
  restart_cells();
}

// Its constructor runs before main(), and again for each shared object that has the library.
[[maybe_unused]] const int g_registered =
    pthread_atfork(&before_fork, &after_fork_in_parent, &after_fork_in_child);

}  // namespace

void ForkSection::enter() noexcept {
  if (t_depth++ > 0) return;
  for (;;) {
    g_inside.fetch_add(1, std::memory_order_seq_cst);
    const std::uint32_t forking = g_forking.load(std::memory_order_seq_cst);
    if (forking == 0) return;
    g_inside.fetch_sub(1, std::memory_order_seq_cst);
    g_forking.wait(forking);
  }
}

void ForkSection::leave() noexcept {
  if (--t_depth == 0) g_inside.fetch_sub(1, std::memory_order_seq_cst);
}

std::uint32_t forks() noexcept {
  return g_forks.load(std::memory_order_relaxed);
}

double forked_at() noexcept {
  return g_forked_at.load(std::memory_order_relaxed);
}

void LongLock::lock() noexcept {
  const std::uint32_t mine = forks() + 1;
  std::uint32_t seen = holder_.load(std::memory_order_relaxed);
  for (;;) {
    if (seen == mine) {
      holder_.wait(seen, std::memory_order_relaxed);
      seen = holder_.load(std::memory_order_relaxed);
    } else if (holder_.compare_exchange_weak(seen, mine, std::memory_order_acquire,
                                             std::memory_order_relaxed)) {
      return;  // the acquire pairs with unlock()
    }
  }
}

void LongLock::unlock() noexcept {
  holder_.store(0, std::memory_order_release);  // pairs with lock()
  holder_.notify_one();
}

}  // namespace vitals::metrics::detail
