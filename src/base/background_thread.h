#pragma once

#include <pthread.h>
#include <signal.h>

#include <thread>
#include <utility>

namespace vitals::base {

/// Starts a thread that leaves the service's signals to the service's own threads. Those of a fault
/// of its own it keeps: blocked, they would end the process without the crash handler.
/// Throws std::system_error when there is no thread to be had.
template <class Work>
[[nodiscard]] std::thread start_background_thread(Work work) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS}) {
    sigdelset(&all, fault);
  }
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    std::thread thread{std::move(work)};
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return thread;
  } catch (...) {
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw;
  }
}

}  // namespace vitals::base
