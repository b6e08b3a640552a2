#include "crash/former.h"

#include <pthread.h>
#include <unwind.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>

#include "base/clock.h"
#include "crash/crash_stack.h"

namespace vitals::crash::detail {
namespace {

/// A fault that comes back at once, as often as this, was not mended by who said so. Collectors and
/// virtual machines do meet the same fault again, but not without some work between.
constexpr int kMostRepeats = 16;
constexpr std::int64_t kAtOnceNanoseconds = 10'000'000;

/// A call that a jump has left is told from one under way by where the stack stands, and by what is
/// on it.
struct Call {
  std::uintptr_t frame = 0;  // 0: none
  std::uintptr_t stack_begin = 0;
  std::uintptr_t stack_end = 0;  // 0: not on an alternate stack
  int blocked = 0;               // the signal that is blocked meanwhile; 0: none
};
constinit thread_local Call call;
/// How often in a row the stack could not be read and a call was taken for left.
constinit thread_local int doubts = 0;
constexpr int kMostDoubts = 8;

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

/// `came` is when the fault came: what the handler itself took is no work in between.
bool comes_back_at_once(const siginfo_t& info, const ucontext_t& context,
                        std::int64_t came) noexcept {
  const std::uintptr_t pc = machine_state(context).pc;
  const auto address = reinterpret_cast<std::uintptr_t>(info.si_addr);
  const bool same =
      mended.pc == pc && mended.address == address && came - mended.time < kAtOnceNanoseconds;
  mended = {pc, address, base::steady_clock_ns(), same ? mended.repeats + 1 : 0};
  return mended.repeats >= kMostRepeats;
}

enum class Sighting { kYes, kNo, kCannotTell };

/// A walk from the interrupted instruction outwards, in search of call_former().
struct CallSearch {
  std::uintptr_t pc;
  std::uintptr_t begin;  // of the stack that the call stands on
  std::uintptr_t end;    // a little past it
  bool inside = true;    // still in frames of the signal's own handler
  int steps = 0;
  Sighting found = Sighting::kCannotTell;
};

_Unwind_Reason_Code look_at_frame(_Unwind_Context* context, void* argument) {
  constexpr int kMostSteps = 4096;
  auto& search = *static_cast<CallSearch*>(argument);
  int before_instruction = 0;
  const std::uintptr_t ip = _Unwind_GetIPInfo(context, &before_instruction);
  if (++search.steps > kMostSteps) return _URC_END_OF_STACK;
  if (search.inside) {
    search.inside = ip != search.pc;
    return _URC_NO_REASON;
  }
  if (_Unwind_FindEnclosingFunction(reinterpret_cast<void*>(ip)) ==
      reinterpret_cast<void*>(&call_former)) {
    search.found = Sighting::kYes;
    return _URC_END_OF_STACK;
  }
  const std::uintptr_t stack = _Unwind_GetCFA(context);
  if (stack >= search.begin && stack < search.end) return _URC_NO_REASON;
  search.found = Sighting::kNo;  // the walk has come past where the call stood
  return _URC_END_OF_STACK;
}

/// Where `asked` stood, whether it is under way when the signal comes.
bool is_under_way(const Call& asked, const ucontext_t& interrupted) noexcept {
  constexpr std::uintptr_t kDeepest = 16 * 1024 * 1024;
  const MachineState state = machine_state(interrupted);
  const bool own_stack = asked.stack_end == 0;
  const std::uintptr_t begin =
      own_stack ? asked.frame - std::min(asked.frame, kDeepest) : asked.stack_begin;
  const std::uintptr_t end = own_stack ? asked.frame : asked.stack_end;
  if (state.sp < begin || state.sp >= end) return false;
  CallSearch search{.pc = state.pc, .begin = begin, .end = end};
  _Unwind_Backtrace(look_at_frame, &search);
  if (search.found != Sighting::kCannotTell) {
    doubts = 0;
    return search.found == Sighting::kYes;
  }
  if (!own_stack) return true;
  // siglongjmp() puts the mask back.
  if (asked.blocked != 0) return sigismember(&interrupted.uc_sigmask, asked.blocked) == 1;
  // Better called once too often than not at all: what it recovers from would end the process.
  return ++doubts > kMostDoubts;
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
  const std::int64_t came = base::steady_clock_ns();
  call_former(former, signal, info, context);
  if (has_moved(before, context)) return Verdict::kDealtWith;
  struct sigaction present {};
  sigaction(signal, nullptr, &present);
  const bool still_ours =
      (present.sa_flags & SA_SIGINFO) != 0 && present.sa_sigaction == ours.sa_sigaction;
  if (!still_ours || is_pending(signal)) return Verdict::kFatal;
  // abort() ends the process whatever its handlers do.
  if (signal == SIGABRT) return Verdict::kFatal;
  if (info->si_code <= 0) return Verdict::kDealtWith;
  return comes_back_at_once(*info, interrupted, came) ? Verdict::kFatal : Verdict::kDealtWith;
}

bool is_within_former(const void* context) noexcept {
  // Forgotten first: should the walk itself fault, that is a fault like any other.
  const Call asked = std::exchange(call, {});
  if (asked.frame == 0) return false;
  if (!is_under_way(asked, *static_cast<const ucontext_t*>(context))) return false;
  call = asked;
  return true;
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

}  // namespace vitals::crash::detail
