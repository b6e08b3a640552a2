#include "sentry/crash/former.h"

#include <pthread.h>

#include <cstdint>
#include <cstring>

#include "sentry/crash/crash_stack.h"
#include "sentry/runtime.h"

namespace vitals::sentry::detail {
namespace {

/// A fault that comes back at once, as often as this, was not mended by who said so. Collectors and
/// virtual machines do meet the same fault again, but not without some work between.
constexpr int kMostRepeats = 16;
constexpr std::int64_t kAtOnceNanoseconds = 10'000'000;

/// A call that a siglongjmp() has left is told from one under way by where the stack stands, and by
/// the signal mask, which siglongjmp() puts back.
struct Call {
  std::uintptr_t frame = 0;  // 0: none
  std::uintptr_t stack_begin = 0;
  std::uintptr_t stack_end = 0;  // 0: not on an alternate stack
  int blocked = 0;               // the signal that is blocked meanwhile; 0: none
};
constinit thread_local Call call;

/// The last fault that a former handler said it had mended.
struct Mended {
  std::uintptr_t pc = 0;
  std::uintptr_t address = 0;
  std::int64_t time = 0;
  int repeats = 0;
};
constinit thread_local Mended mended;

Call call_from(const void* frame) noexcept {
  Call made;
  made.frame = reinterpret_cast<std::uintptr_t>(frame);
  stack_t present{};
  if (sigaltstack(nullptr, &present) == 0 && (present.ss_flags & SS_ONSTACK) != 0) {
    made.stack_begin = reinterpret_cast<std::uintptr_t>(present.ss_sp);
    made.stack_end = made.stack_begin + present.ss_size;
  }
  return made;
}

bool comes_back_at_once(const siginfo_t& info, const ucontext_t& context) noexcept {
  const std::uintptr_t pc = machine_state(context).pc;
  const auto address = reinterpret_cast<std::uintptr_t>(info.si_addr);
  const std::int64_t now = steady_clock_ns();
  const bool same =
      mended.pc == pc && mended.address == address && now - mended.time < kAtOnceNanoseconds;
  mended = {pc, address, now, same ? mended.repeats + 1 : 0};
  return mended.repeats >= kMostRepeats;
}

bool is_pending(int signal) noexcept {
  sigset_t pending;
  return sigpending(&pending) == 0 && sigismember(&pending, signal) == 1;
}

}  // namespace

void set_default_action(int signal) noexcept {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  sigaction(signal, &action, nullptr);
}

void change_signal_mask(int how, int signal) noexcept {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  pthread_sigmask(how, &set, nullptr);
}

bool is_handler(const struct sigaction& action) noexcept {
  return (action.sa_flags & SA_SIGINFO) != 0 || action.sa_handler != SIG_DFL;
}

void call_former(const struct sigaction& former, int signal, siginfo_t* info,
                 void* context) noexcept {
  pthread_sigmask(SIG_SETMASK, &static_cast<const ucontext_t*>(context)->uc_sigmask, nullptr);
  pthread_sigmask(SIG_BLOCK, &former.sa_mask, nullptr);
  if ((former.sa_flags & SA_NODEFER) == 0) change_signal_mask(SIG_BLOCK, signal);
  call = call_from(__builtin_frame_address(0));
  // abort() unblocks its own.
  if ((former.sa_flags & SA_NODEFER) == 0 && signal != SIGABRT) call.blocked = signal;
  if ((former.sa_flags & SA_SIGINFO) != 0) {
    former.sa_sigaction(signal, info, context);
  } else {
    former.sa_handler(signal);
  }
  call = {};
}

Verdict ask_former(const struct sigaction& former, const struct sigaction& ours, int signal,
                   siginfo_t* info, void* context) noexcept {
  const auto& interrupted = *static_cast<const ucontext_t*>(context);
  const mcontext_t before = interrupted.uc_mcontext;
  struct sigaction blocked = former;
  blocked.sa_flags &= ~SA_NODEFER;
  call_former(blocked, signal, info, context);
  if (has_moved(before, context)) return Verdict::kDealtWith;
  struct sigaction present {};
  sigaction(signal, nullptr, &present);
  const bool still_ours =
      (present.sa_flags & SA_SIGINFO) != 0 && present.sa_sigaction == ours.sa_sigaction;
  if (!still_ours || is_pending(signal)) return Verdict::kFatal;
  // abort() ends the process whatever its handlers do.
  if (signal == SIGABRT) return Verdict::kFatal;
  if (info->si_code <= 0) return Verdict::kDealtWith;
  return comes_back_at_once(*info, interrupted) ? Verdict::kFatal : Verdict::kDealtWith;
}

bool is_within_former(const void* context) noexcept {
  if (call.frame == 0) return false;
  constexpr std::uintptr_t kDeepest = 16 * 1024 * 1024;
  const auto& interrupted = *static_cast<const ucontext_t*>(context);
  const std::uintptr_t stack = machine_state(interrupted).sp;
  if (call.stack_end != 0) return stack >= call.stack_begin && stack < call.stack_end;
  // On the thread's own stack what came behind a siglongjmp() may stand deeper than the call did.
  if (call.blocked != 0 && sigismember(&interrupted.uc_sigmask, call.blocked) != 1) return false;
  return stack < call.frame && call.frame - stack < kDeepest;
}

bool has_moved(const mcontext_t& before, const void* context) noexcept {
  const mcontext_t& now = static_cast<const ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
  return std::memcmp(&before.gregs, &now.gregs, sizeof before.gregs) != 0;
#elif defined(__aarch64__)
  return before.pc != now.pc || before.sp != now.sp ||
         std::memcmp(&before.regs, &now.regs, sizeof before.regs) != 0;
#else
  return std::memcmp(&before, &now, sizeof before) != 0;
#endif
}

}  // namespace vitals::sentry::detail
