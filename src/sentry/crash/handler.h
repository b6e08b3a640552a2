#pragma once

#include "vitals/result.h"
#include "vitals/sentry/options.h"

namespace vitals::sentry::detail {

/// The folders below Options::cache_dir. What cannot be read goes to the second.
inline constexpr const char* kCrashFolder = "crashes";
inline constexpr const char* kCorruptFolder = "corrupt";
/// Files that stand ready for reports, see PreparedReport.
inline constexpr const char* kPreparedFolder = "prepared";

/// From now on SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS and std::terminate leave a
/// report in Options::cache_dir, and what waits to be sent is brought to safety, before or after
/// what was installed until now has its turn (Options::crash_order). A signal that is ignored stays
/// ignored, and one that was handled is still handled; else the process dies by its signal as it
/// would have, with the fault's own address and registers in its core dump. A former handler that
/// makes its thread go on, there or elsewhere, leaves these installed.
/// Errors: the folder cannot be made or opened, or is another user's; there will be no report then,
/// and the rest holds. Threads: one at a time, as the next.
/// Source: POSIX, "Signal Concepts"; signal-safety(7), sigaltstack(2), rt_tgsigqueueinfo(2).
[[nodiscard]] Result<bool> install_crash_handlers(const Options& options);

/// Puts back what was there before, where nobody else has come in between. Does nothing when
/// nothing was installed.
void remove_crash_handlers() noexcept;

/// The same at a client's end, when there was no crash: what stood ready for one goes as well.
void end_crash_reports() noexcept;

}  // namespace vitals::sentry::detail
