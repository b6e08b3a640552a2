#pragma once

#include <atomic>

#pragma GCC visibility push(default)

/// Nothing in this namespace is for users.
namespace vitals::sentry::detail {

// One for all shared objects of the process, hence not inline: clang would give each its own.
extern constinit std::atomic<bool> client_active;

}  // namespace vitals::sentry::detail

namespace vitals::sentry {

/// Whether a client is active, that is between a successful init() with a DSN and its end. While it
/// is false every call of this room returns at once and allocates nothing.
/// Threads: any. Cost: one load.
[[nodiscard]] inline bool enabled() noexcept {
  return detail::client_active.load(std::memory_order_acquire);  // pairs with init()
}

}  // namespace vitals::sentry

#pragma GCC visibility pop
