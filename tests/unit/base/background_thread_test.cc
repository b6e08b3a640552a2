#include "base/background_thread.h"

#include <gtest/gtest.h>

namespace vitals::base {
namespace {

TEST(BackgroundThread, LeavesTheServicesSignalsAloneAndKeepsThoseOfItsOwnFaults) {
  sigset_t blocked;
  sigemptyset(&blocked);
  std::thread thread =
      start_background_thread([&] { pthread_sigmask(SIG_BLOCK, nullptr, &blocked); });
  thread.join();
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGALRM})
    EXPECT_EQ(sigismember(&blocked, signal), 1) << signal;
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT})
    EXPECT_EQ(sigismember(&blocked, signal), 0) << signal;

  sigset_t own;
  pthread_sigmask(SIG_BLOCK, nullptr, &own);
  EXPECT_EQ(sigismember(&own, SIGUSR1), 0) << "the starter's mask is as it was";
}

}  // namespace
}  // namespace vitals::base
