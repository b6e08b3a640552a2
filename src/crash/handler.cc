#include "crash/handler.h"

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
#include <string>
#include <utility>

#include "base/private_folder.h"
#include "crash/alt_stack.h"
#include "crash/former.h"
#include "crash/module_list.h"
#include "crash/writer.h"

namespace vitals::crash::detail {
namespace {

using base::Descriptor;
using base::open_cache_folder;
using base::open_private_folder;

constexpr std::array kSignals{SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};
/// By then a handler that hangs has lost its report, and the process dies all the same.
constexpr time_t kDeadlineSeconds = 10;
constexpr long kWaitNanoseconds = 10'000'000;

enum class Phase : int { kIdle, kWriting, kWritten };

/// Nothing here is ever freed: a handler may run while the client ends.
struct Handlers {
  ReportFolders folders;
  bool former_first = false;
  bool former_was_asked = false;  // of the last crash
  std::array<struct sigaction, kSignals.size()> former{};
  std::array<std::atomic<bool>, kSignals.size()> spent{};  // a former one with SA_RESETHAND
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

void on_signal(int signal, siginfo_t* info, void* context) noexcept;
struct sigaction our_action() noexcept;

bool is_ours(const struct sigaction& action) noexcept {
  return (action.sa_flags & SA_SIGINFO) != 0 && action.sa_sigaction == on_signal;
}

pid_t this_thread() noexcept {
  return static_cast<pid_t>(syscall(SYS_gettid));
}

std::size_t index_of(int signal) noexcept {
  std::size_t index = 0;
  while (index + 1 < kSignals.size() && kSignals[index] != signal)
    ++index;
  return index;
}

/// Whether there is a handler to be called in its turn.
bool has_former(int signal) noexcept {
  const std::size_t index = index_of(signal);
  return is_handler(handlers.former[index]) &&
         !handlers.spent[index].load(std::memory_order_relaxed);
}

/// The same, for the caller that runs it now. One with SA_RESETHAND is called once, and behind it
/// stands the default action.
bool take_former(int signal) noexcept {
  if (!has_former(signal)) return false;
  const std::size_t index = index_of(signal);
  const bool once = (handlers.former[index].sa_flags & static_cast<int>(SA_RESETHAND)) != 0;
  return !once || !handlers.spent[index].exchange(true, std::memory_order_relaxed);
}

/// A handler that took too long: on whatever thread the timer found.
void on_deadline(int) noexcept {
  const int signal = handlers.signal;
  set_default_action(signal);
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
    change_signal_mask(SIG_UNBLOCK, SIGALRM);
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

/// Makes this thread the one that reports, once there is no other. False when another takes so long
/// that it hangs. One that has reported is about to end the process, unless its former handler has
/// made it go on: then it is waited for no longer than a moment.
bool take_turn(pid_t self) noexcept {
  constexpr long kMoment = 2'000'000'000;
  long written_for = 0;
  for (long waited = 0; waited < kDeadlineSeconds * 1'000'000'000; waited += kWaitNanoseconds) {
    pid_t owner = 0;
    if (handlers.owner.compare_exchange_strong(owner, self, std::memory_order_acq_rel)) return true;
    const bool written = handlers.phase.load(std::memory_order_acquire) == Phase::kWritten;
    written_for = written ? written_for + kWaitNanoseconds : 0;
    if ((written && owner == self) || written_for > kMoment) {
      if (handlers.owner.compare_exchange_strong(owner, self, std::memory_order_acq_rel)) {
        return true;
      }
    }
    const timespec pause{0, kWaitNanoseconds};
    nanosleep(&pause, nullptr);
  }
  return false;
}

/// Makes the signal come once more, with all that the kernel said of it, as soon as the handler has
/// returned and the thread's registers are as they were. For a fault running into it once more
/// would do, unless another thread has mended its cause meanwhile.
void deliver_again(int signal, siginfo_t* info) noexcept {
  change_signal_mask(SIG_BLOCK, signal);
  const pid_t process = getpid();
  if (syscall(SYS_rt_tgsigqueueinfo, process, this_thread(), signal, info) == 0) return;
  syscall(SYS_tgkill, process, this_thread(), signal);
}

/// What the former handler of this thread was called about last.
constinit thread_local Crash former_has{};

void report(const Crash& crash) noexcept {
  handlers.signal = crash.signal;
  if (crash.info != nullptr) handlers.info = *crash.info;
  handlers.context = crash.context;
  handlers.phase.store(Phase::kWriting, std::memory_order_relaxed);
  {
    const Deadline deadline;
    write_crash_report(crash);
  }
  handlers.phase.store(Phase::kWritten, std::memory_order_release);  // pairs with take_turn()
}

void die_by(int signal, siginfo_t* info) noexcept {
  remove_crash_handlers();
  // Also where ours was not the one installed, and remove_crash_handlers() left it alone.
  set_default_action(signal);
  deliver_again(signal, info);
}

/// Lets the former handler have what was reported. Ours stays, since the thread may go on; then
/// nothing was fatal.
void give_to_former(int signal, siginfo_t* info, void* context) noexcept {
  const struct sigaction former = handlers.former[index_of(signal)];
  const mcontext_t before = static_cast<const ucontext_t*>(context)->uc_mcontext;
  if ((former.sa_flags & static_cast<int>(SA_RESETHAND)) != 0) set_default_action(signal);
  former_has = {CrashKind::kSignal, signal, info, handlers.context, 0};
  call_former(former, signal, info, context);
  // Another thread has taken the turn over where that took long: the report is its own by now, and
  // so is the turn to give back.
  pid_t owner = this_thread();
  if (handlers.owner.load(std::memory_order_acquire) != owner) return;
  if (has_moved(before, context)) discard_crash_report();
  handlers.owner.compare_exchange_strong(owner, 0, std::memory_order_acq_rel);
}

void give_way(int signal, siginfo_t* info, void* context) noexcept {
  if (!handlers.former_was_asked && take_former(signal)) {
    give_to_former(signal, info, context);
  } else if (struct sigaction present{}; sigaction(signal, nullptr, &present) == 0 &&
                                         is_handler(present) && !is_ours(present)) {
    remove_crash_handlers();  // the former handler has put another in its place
  } else {
    die_by(signal, info);
  }
}

/// A fault in the handler itself. What is left to do is done from here, and then it is as if this
/// had been the first: it returns to where that would have returned.
void go_on_behind_fault(int& signal, siginfo_t* info, void* context) noexcept {
  resume_crash_report();
  handlers.phase.store(Phase::kWritten, std::memory_order_release);  // pairs with take_turn()
  const itimerval none{};
  setitimer(ITIMER_REAL, &none, nullptr);
  if (handlers.context == nullptr) return;
  auto& here = *static_cast<ucontext_t*>(context);
  here.uc_mcontext = handlers.context->uc_mcontext;
  here.uc_sigmask = handlers.context->uc_sigmask;
  signal = handlers.signal;
  *info = handlers.info;
}

/// A signal that came out of a former handler: one that failed itself, or ends the process its way.
void end_within_former(int signal, siginfo_t* info) noexcept {
  const bool reported = !handlers.former_first;
  if (!reported && take_turn(this_thread())) report(former_has);
  remove_crash_handlers();
  if (signal == former_has.signal) set_default_action(signal);
  deliver_again(signal, info);
}

void on_signal(int signal, siginfo_t* info, void* context) noexcept {
  const int saved_errno = errno;
  const pid_t self = this_thread();
  const auto* const interrupted = static_cast<const ucontext_t*>(context);
  const Crash crash{CrashKind::kSignal, signal, info, interrupted, 0};
  if (handlers.owner.load(std::memory_order_relaxed) == self &&
      handlers.phase.load(std::memory_order_relaxed) == Phase::kWriting) {
    go_on_behind_fault(signal, info, context);
    give_way(signal, info, context);
    errno = saved_errno;
    return;
  }
  if (is_within_former(context)) {
    end_within_former(signal, info);
    errno = saved_errno;
    return;
  }
  const bool ask = handlers.former_first && take_former(signal);
  if (ask) {
    former_has = crash;
    const struct sigaction former = handlers.former[index_of(signal)];
    const Verdict verdict = ask_former(former, our_action(), signal, info, context);
    errno = saved_errno;
    if (verdict == Verdict::kDealtWith) return;
  }
  if (take_turn(self)) {
    handlers.former_was_asked = ask;
    report(crash);
  }
  give_way(signal, info, context);
  errno = saved_errno;
}

[[noreturn, gnu::noinline]] void on_terminate() noexcept {
  const auto caller = reinterpret_cast<std::uintptr_t>(__builtin_return_address(0));
  const pid_t self = this_thread();
  const bool while_reporting = handlers.owner.load(std::memory_order_relaxed) == self &&
                               handlers.phase.load(std::memory_order_relaxed) == Phase::kWriting;
  if (!while_reporting && take_turn(self)) {
    // A file that may not grow would end the process by a signal of its own.
    change_signal_mask(SIG_BLOCK, SIGXFSZ);
    report({CrashKind::kTerminate, SIGABRT, nullptr, nullptr, caller});
  }
  // The abort that follows is this crash, not one more.
  const std::terminate_handler former = handlers.former_terminate;
  remove_crash_handlers();
  if (former != nullptr) former();
  std::abort();
}

struct sigaction our_action() noexcept {
  struct sigaction action {};
  action.sa_sigaction = on_signal;
  // A fault in the handler must come back to it: blocked, it would end the process on the spot.
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  sigfillset(&action.sa_mask);
  for (const int signal : kSignals)
    sigdelset(&action.sa_mask, signal);
  sigdelset(&action.sa_mask, SIGALRM);
  return action;
}

void install_signals() noexcept {
  const struct sigaction action = our_action();
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    struct sigaction present {};
    if (sigaction(kSignals[i], nullptr, &present) != 0 || is_ours(present)) continue;
    if ((present.sa_flags & SA_SIGINFO) == 0 && present.sa_handler == SIG_IGN) continue;
    handlers.former[i] = present;
    handlers.spent[i].store(false, std::memory_order_relaxed);
    if (sigaction(kSignals[i], &action, nullptr) == 0) {
      handlers.installed[i].store(true, std::memory_order_relaxed);
    }
  }
}

}  // namespace

namespace {

/// Opens the folders for reports, in place of those of before. After an error no report is written.
Result<void> open_folders(const CrashOptions& options) {
  static_cast<void>(Descriptor{std::exchange(handlers.folders.crashes, -1)});
  static_cast<void>(Descriptor{std::exchange(handlers.folders.prepared, -1)});
  if (options.cache_dir.empty()) return {};
  const Result<Descriptor> cache = open_cache_folder(options.cache_dir);
  if (!cache) return cache.error();
  Result<Descriptor> crashes = open_private_folder(cache->get(), kCrashFolder);
  if (!crashes) return crashes.error();
  handlers.folders.crashes = crashes->release();
  // Without it a report is written all the same, as long as there is a descriptor to be had.
  if (Result<Descriptor> prepared = open_private_folder(cache->get(), kPreparedFolder)) {
    handlers.folders.prepared = prepared->release();
  }
  return {};
}

}  // namespace

Result<void> install_crash_handlers(const CrashOptions& options) {
  const Result<void> opened = open_folders(options);
  handlers.owner.store(0, std::memory_order_relaxed);
  handlers.phase.store(Phase::kIdle, std::memory_order_relaxed);
  handlers.former_first = options.former_first;
  prepare_crash_report(options, handlers.folders);
  refresh_module_list();
  alt_stacks_wanted.store(true, std::memory_order_relaxed);
  want_alt_stack();
  install_signals();
  if (std::get_terminate() != on_terminate) {
    handlers.former_terminate = std::set_terminate(on_terminate);
    handlers.terminate_installed.store(true, std::memory_order_relaxed);
  }
  if (!opened) {
    return Error{"no crash will be reported, there is no place for it: " + opened.error().message};
  }
  return {};
}

void remove_crash_handlers() noexcept {
  alt_stacks_wanted.store(false, std::memory_order_relaxed);
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    if (!handlers.installed[i].exchange(false, std::memory_order_relaxed)) continue;
    struct sigaction present {};
    if (sigaction(kSignals[i], nullptr, &present) == 0 && is_ours(present)) {
      if (handlers.spent[i].load(std::memory_order_relaxed)) {
        set_default_action(kSignals[i]);
      } else {
        sigaction(kSignals[i], &handlers.former[i], nullptr);
      }
    }
  }
  if (handlers.terminate_installed.exchange(false, std::memory_order_relaxed) &&
      std::get_terminate() == on_terminate) {
    std::set_terminate(handlers.former_terminate);
  }
}

void end_crash_reports() noexcept {
  remove_crash_handlers();
  remove_prepared_report();
}

}  // namespace vitals::crash::detail
