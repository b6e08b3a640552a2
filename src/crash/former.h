#pragma once

#include <signal.h>
#include <ucontext.h>

namespace vitals::crash::detail {

// A handler that was there before the client's, and is called in its turn.

/// Whether there is one, rather than the default action.
[[nodiscard]] bool is_handler(const struct sigaction& action) noexcept;

/// Calls it as the kernel would have. The rest of `action`, such as SA_RESETHAND, is the caller's
/// to heed. Async-signal-safe, as all here. Not inlined: by its place on the stack one tells that a
/// handler is under way.
[[gnu::noinline]] void call_former(const struct sigaction& former, int signal, siginfo_t* info,
                                   void* context) noexcept;

/// What a former handler made of a signal.
enum class Verdict {
  kDealtWith,  ///< the thread goes on: elsewhere, or with what was at fault mended
  kFatal,      ///< it gave up: reset the action, raised the signal again, or came back in vain
};

/// Calls it before anything is reported. With the signal blocked one that raises it again comes
/// back; one with SA_NODEFER may leave by longjmp(), which puts no mask back, so for it the signal
/// is not blocked. Who leaves by a jump is not heard of again. `ours` is the action that stays
/// installed.
[[nodiscard]] Verdict ask_former(const struct sigaction& former, const struct sigaction& ours,
                                 int signal, siginfo_t* info, void* context) noexcept;

/// Whether the signal has interrupted a former handler on this thread, which so has failed itself,
/// rather than what runs after such a handler was left by a jump. Walks the stack where its height
/// does not tell.
[[nodiscard]] bool is_within_former(const void* context) noexcept;

/// Whether the handler has made the thread go on elsewhere than where the signal came.
[[nodiscard]] bool has_moved(const mcontext_t& before, const void* context) noexcept;

/// For on_signal() and these alone.
void set_default_action(int signal) noexcept;
void change_signal_mask(int how, int signal) noexcept;

}  // namespace vitals::crash::detail
