#pragma once

#include "vitals/result.h"
#include "vitals/sentry/options.h"

namespace vitals::sentry::detail {

/// The folders below Options::cache_dir. What cannot be read goes to the second.
inline constexpr const char* kCrashFolder = "crashes";
inline constexpr const char* kCorruptFolder = "corrupt";

/// From now on SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS and std::terminate leave a
/// report in Options::cache_dir before what was installed until now has its turn. A signal that is
/// ignored stays ignored, and one that was handled is still handled, once; else the process dies by
/// its signal as it would have, with the fault's own address and registers in its core dump.
/// One report a call. Errors: the folder cannot be made or opened; nothing is installed then.
/// Threads: one at a time, as the next.
/// Source: POSIX, "Signal Concepts"; signal-safety(7), sigaltstack(2), rt_tgsigqueueinfo(2).
[[nodiscard]] Result<bool> install_crash_handlers(const Options& options);

/// Puts back what was there before, where nobody else has come in between. Does nothing when
/// nothing was installed.
void remove_crash_handlers() noexcept;

}  // namespace vitals::sentry::detail
