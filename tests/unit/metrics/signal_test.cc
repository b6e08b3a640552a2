#include <gtest/gtest.h>
#include <signal.h>
#include <sys/time.h>

#include <cstdint>

#include "vitals/metrics/registry.h"

#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__)

namespace vitals::metrics {
namespace {

Counter g_counter;
volatile sig_atomic_t g_handled = 0;

TEST(SignalHandler, CountsOfTheHandlerAndOfWhatItInterruptsAreAllThere) {
  Registry registry;
  g_counter = registry.counter("events_total", "Events.");
  g_counter.inc();  // the first count takes memory
  struct sigaction action {};
  action.sa_handler = [](int) {
    g_counter.inc(3);
    g_handled = g_handled + 1;
  };
  ASSERT_EQ(sigaction(SIGVTALRM, &action, nullptr), 0);
  const itimerval often{{0, 50}, {0, 50}};
  ASSERT_EQ(setitimer(ITIMER_VIRTUAL, &often, nullptr), 0);
  std::uint64_t own = 1;
  while (g_handled < 100) {
    for (int i = 0; i < 1000; ++i)
      g_counter.inc(2);
    own += 2000;
  }
  const itimerval never{};
  ASSERT_EQ(setitimer(ITIMER_VIRTUAL, &never, nullptr), 0);
  signal(SIGVTALRM, SIG_IGN);
  EXPECT_EQ(static_cast<std::uint64_t>(g_counter.value()),
            own + 3 * static_cast<std::uint64_t>(g_handled));
}

}  // namespace
}  // namespace vitals::metrics

#endif
