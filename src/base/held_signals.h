#pragma once

#include <pthread.h>
#include <signal.h>

namespace vitals::base {

/// While it lives, no signal handler runs on this thread; signals that come meanwhile run theirs
/// afterwards. Those of a fault of its own the thread keeps: blocked, they would end the process
/// without the crash handler. Cost: two system calls.
class HeldSignals {
 public:
  HeldSignals() noexcept {
    sigset_t all;
    sigfillset(&all);
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS})
      sigdelset(&all, fault);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~HeldSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;

 private:
  sigset_t before_;
};

}  // namespace vitals::base
