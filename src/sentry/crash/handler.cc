#include "sentry/crash/handler.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <string>
#include <system_error>

#include "base/private_folder.h"
#include "sentry/crash/alt_stack.h"
#include "sentry/crash/crash_writer.h"
#include "sentry/crash/module_list.h"

namespace vitals::sentry::detail {
namespace {

constexpr std::array kSignals{SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};
/// By then a handler that hangs has lost its report, and the process dies all the same.
constexpr time_t kDeadlineSeconds = 10;
constexpr long kWaitNanoseconds = 10'000'000;

enum class Phase : int { kIdle, kWriting, kWritten };

/// Nothing here is ever freed: a handler may run while the client ends.
struct Handlers {
  int folder = -1;
  std::array<struct sigaction, kSignals.size()> former{};
  std::array<std::atomic<bool>, kSignals.size()> installed{};
  std::terminate_handler former_terminate = nullptr;
  std::atomic<bool> terminate_installed{false};

  std::atomic<pid_t> owner{0};  // the thread whose crash is reported; stays until the next install
  std::atomic<Phase> phase{Phase::kIdle};
  int signal = 0;  // of the owner's crash, with what the kernel said of it
  siginfo_t info{};
  const ucontext_t* context = nullptr;
};
constinit Handlers handlers{};

pid_t this_thread() noexcept {
  return static_cast<pid_t>(syscall(SYS_gettid));
}

std::size_t index_of(int signal) noexcept {
  std::size_t index = 0;
  while (index + 1 < kSignals.size() && kSignals[index] != signal)
    ++index;
  return index;
}

void set_default(int signal) noexcept {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  sigaction(signal, &action, nullptr);
}

void change_mask(int how, int signal) noexcept {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  pthread_sigmask(how, &set, nullptr);
}

/// A handler that took too long: on whatever thread the timer found.
void on_deadline(int) noexcept {
  const int signal = handlers.signal;
  set_default(signal);
  syscall(SYS_tgkill, getpid(), handlers.owner.load(std::memory_order_relaxed), signal);
}

/// Bounds what is done while it lives, by the process' own end.
class Deadline {
 public:
  Deadline() noexcept {
    struct sigaction action {};
    action.sa_handler = on_deadline;
    action.sa_flags = SA_ONSTACK | SA_RESTART;
    sigaction(SIGALRM, &action, &former_action_);
    itimerval timer{};
    timer.it_value.tv_sec = kDeadlineSeconds;
    setitimer(ITIMER_REAL, &timer, &former_timer_);
    change_mask(SIG_UNBLOCK, SIGALRM);
  }
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;
  ~Deadline() {
    setitimer(ITIMER_REAL, &former_timer_, nullptr);
    sigaction(SIGALRM, &former_action_, nullptr);
  }

 private:
  struct sigaction former_action_ {};
  itimerval former_timer_{};
};

/// Waits for the thread that reports. That one ends the process, as a rule; if not, this one goes
/// on to what its own signal does.
void wait_for_owner() noexcept {
  for (long waited = 0; waited < kDeadlineSeconds * 1'000'000'000; waited += kWaitNanoseconds) {
    const timespec pause{0, kWaitNanoseconds};
    nanosleep(&pause, nullptr);
  }
}

/// Makes the signal come once more, with all that the kernel said of it, as soon as the handler has
/// returned and the thread's registers are as they were. For a fault running into it once more
/// would do, unless another thread has mended its cause meanwhile.
void deliver_again(int signal, siginfo_t* info) noexcept {
  change_mask(SIG_BLOCK, signal);
  const pid_t process = getpid();
  if (syscall(SYS_rt_tgsigqueueinfo, process, this_thread(), signal, info) == 0) return;
  syscall(SYS_tgkill, process, this_thread(), signal);
}

void call_former(const struct sigaction& former, int signal, siginfo_t* info,
                 void* context) noexcept {
  // As the kernel would have called it.
  pthread_sigmask(SIG_SETMASK, &static_cast<const ucontext_t*>(context)->uc_sigmask, nullptr);
  pthread_sigmask(SIG_BLOCK, &former.sa_mask, nullptr);
  if ((former.sa_flags & SA_NODEFER) == 0) change_mask(SIG_BLOCK, signal);
  if ((former.sa_flags & static_cast<int>(SA_RESETHAND)) != 0) set_default(signal);
  if ((former.sa_flags & SA_SIGINFO) != 0) {
    former.sa_sigaction(signal, info, context);
  } else {
    former.sa_handler(signal);
  }
}

void give_way(int signal, siginfo_t* info, void* context) noexcept {
  const struct sigaction& former = handlers.former[index_of(signal)];
  remove_crash_handlers();
  if ((former.sa_flags & SA_SIGINFO) != 0 || former.sa_handler != SIG_DFL) {
    call_former(former, signal, info, context);
  } else {
    // Also where ours was not the one installed, and remove_crash_handlers() left it alone.
    set_default(signal);
    deliver_again(signal, info);
  }
}

void on_signal(int signal, siginfo_t* info, void* context) noexcept {
  const int saved_errno = errno;
  const pid_t self = this_thread();
  pid_t owner = 0;
  if (handlers.owner.compare_exchange_strong(owner, self, std::memory_order_acq_rel)) {
    handlers.signal = signal;
    handlers.info = *info;
    handlers.context = static_cast<const ucontext_t*>(context);
    handlers.phase.store(Phase::kWriting, std::memory_order_relaxed);
    {
      const Deadline deadline;
      write_crash_report({CrashKind::kSignal, signal, info, handlers.context, 0});
    }
    handlers.phase.store(Phase::kWritten, std::memory_order_relaxed);
  } else if (owner != self) {
    wait_for_owner();
  } else if (handlers.phase.load(std::memory_order_relaxed) == Phase::kWriting) {
    // A fault in the handler itself. What is left to do is done from here, and then it is as if
    // this had been the first: it returns to where that would have returned.
    resume_crash_report();
    handlers.phase.store(Phase::kWritten, std::memory_order_relaxed);
    const itimerval none{};
    setitimer(ITIMER_REAL, &none, nullptr);
    if (handlers.context != nullptr) {
      auto& here = *static_cast<ucontext_t*>(context);
      here.uc_mcontext = handlers.context->uc_mcontext;
      here.uc_sigmask = handlers.context->uc_sigmask;
      signal = handlers.signal;
      *info = handlers.info;
    }
  }
  give_way(signal, info, context);
  errno = saved_errno;
}

[[noreturn, gnu::noinline]] void on_terminate() noexcept {
  const auto caller = reinterpret_cast<std::uintptr_t>(__builtin_return_address(0));
  const pid_t self = this_thread();
  pid_t owner = 0;
  if (handlers.owner.compare_exchange_strong(owner, self, std::memory_order_acq_rel)) {
    // A file that may not grow would end the process by a signal of its own.
    change_mask(SIG_BLOCK, SIGXFSZ);
    handlers.signal = SIGABRT;
    handlers.context = nullptr;
    handlers.phase.store(Phase::kWriting, std::memory_order_relaxed);
    {
      const Deadline deadline;
      write_crash_report({CrashKind::kTerminate, SIGABRT, nullptr, nullptr, caller});
    }
    handlers.phase.store(Phase::kWritten, std::memory_order_relaxed);
  } else if (owner != self) {
    wait_for_owner();
  }
  // The abort that follows is this crash, not one more.
  const std::terminate_handler former = handlers.former_terminate;
  remove_crash_handlers();
  if (former != nullptr) former();
  std::abort();
}

bool is_ours(const struct sigaction& action) noexcept {
  return (action.sa_flags & SA_SIGINFO) != 0 && action.sa_sigaction == on_signal;
}

void install_signals() noexcept {
  struct sigaction action {};
  action.sa_sigaction = on_signal;
  // A fault in the handler must come back to it: blocked, it would end the process on the spot.
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  sigfillset(&action.sa_mask);
  for (const int signal : kSignals)
    sigdelset(&action.sa_mask, signal);
  sigdelset(&action.sa_mask, SIGALRM);
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    struct sigaction present {};
    if (sigaction(kSignals[i], nullptr, &present) != 0 || is_ours(present)) continue;
    if ((present.sa_flags & SA_SIGINFO) == 0 && present.sa_handler == SIG_IGN) continue;
    handlers.former[i] = present;
    if (sigaction(kSignals[i], &action, nullptr) == 0) {
      handlers.installed[i].store(true, std::memory_order_relaxed);
    }
  }
}

}  // namespace

Result<bool> install_crash_handlers(const Options& options) {
  const std::filesystem::path path = std::filesystem::path{options.cache_dir} / kCrashFolder;
  base::make_private_folder(path);
  const int folder = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) {
    return Error{"no crash will be reported, cannot open the folder " + path.string() + ": " +
                 std::generic_category().message(errno)};
  }
  if (handlers.folder >= 0) close(handlers.folder);
  handlers.folder = folder;
  handlers.owner.store(0, std::memory_order_relaxed);
  handlers.phase.store(Phase::kIdle, std::memory_order_relaxed);
  prepare_crash_report(options, folder);
  refresh_module_list();
  alt_stacks_wanted.store(true, std::memory_order_relaxed);
  want_alt_stack();
  install_signals();
  if (std::get_terminate() != on_terminate) {
    handlers.former_terminate = std::set_terminate(on_terminate);
    handlers.terminate_installed.store(true, std::memory_order_relaxed);
  }
  return true;
}

void remove_crash_handlers() noexcept {
  alt_stacks_wanted.store(false, std::memory_order_relaxed);
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    if (!handlers.installed[i].exchange(false, std::memory_order_relaxed)) continue;
    struct sigaction present {};
    if (sigaction(kSignals[i], nullptr, &present) == 0 && is_ours(present)) {
      sigaction(kSignals[i], &handlers.former[i], nullptr);
    }
  }
  if (handlers.terminate_installed.exchange(false, std::memory_order_relaxed) &&
      std::get_terminate() == on_terminate) {
    std::set_terminate(handlers.former_terminate);
  }
}

}  // namespace vitals::sentry::detail
