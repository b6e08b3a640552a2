#pragma once

#include "crash/options.h"
#include "vitals/result.h"

namespace vitals::crash::detail {

/// The folders below CrashOptions::cache_dir. What cannot be read goes to the second.
inline constexpr const char* kCrashFolder = "crashes";
inline constexpr const char* kCorruptFolder = "corrupt";
/// Files that stand ready for reports, see PreparedReport.
inline constexpr const char* kPreparedFolder = "prepared";

/// From now on SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS and std::terminate leave a
/// report in CrashOptions::cache_dir, and what waits to be sent is brought to safety, before or
/// after what was installed until now has its turn (CrashOptions::former_first). A signal that is
/// ignored stays ignored, and one that was handled is still handled; else the process dies by its
/// signal as it would have, with the fault's own address and registers in its core dump. A former
/// handler that makes its thread go on, there or elsewhere, leaves these installed.
/// Errors: the folder cannot be made or opened, or is another user's; there will be no report then,
/// and the rest holds. Threads: one at a time, as the next.
/// Source: POSIX, "Signal Concepts"; signal-safety(7), sigaltstack(2), rt_tgsigqueueinfo(2).
[[nodiscard]] Result<void> install_crash_handlers(const CrashOptions& options);

/// Puts back what was there before, where nobody else has come in between. Does nothing when
/// nothing was installed.
void remove_crash_handlers() noexcept;

/// The same at the end, when there was no crash: what stood ready for one goes as well.
void end_crash_reports() noexcept;

}  // namespace vitals::crash::detail
