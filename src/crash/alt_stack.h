#pragma once

#include <atomic>

namespace vitals::crash::detail {

/// Whether a crash is to be reported at all, so that threads want a stack to report it on.
inline constinit std::atomic<bool> alt_stacks_wanted{false};
inline constinit thread_local bool alt_stack_asked = false;

/// Gives this thread a stack for signal handlers, unless it has one; it goes with the thread.
void add_alt_stack() noexcept;

/// The same where it was not done before and is wanted. A thread that ran out of its stack can run
/// a handler nowhere else. Called by all that a thread does first with the client: activating a
/// scope, and capturing. Cost: one load after the first time.
inline void want_alt_stack() noexcept {
  if (!alt_stack_asked && alt_stacks_wanted.load(std::memory_order_relaxed)) add_alt_stack();
}

}  // namespace vitals::crash::detail
