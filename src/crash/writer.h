#pragma once

#include <signal.h>
#include <ucontext.h>

#include <cstdint>
#include <string_view>

#include "crash/options.h"
#include "crash/report_format.h"

namespace vitals::crash::detail {

/// What happened, as the handler was told.
struct Crash {
  CrashKind kind = CrashKind::kSignal;
  int signal = 0;
  const siginfo_t* info = nullptr;      // null: std::terminate
  const ucontext_t* context = nullptr;  // the same
  std::uintptr_t terminate_caller = 0;  // of a std::terminate: what its handler returns to
};

/// The folders that reports are written to, open for as long as there may be a crash; -1: none, and
/// a crash leaves no report.
struct ReportFolders {
  int crashes = -1;
  int prepared = -1;
};

/// Prepares what a report says of the process, and its file. Threads: one, while no crash is being
/// written, as the next two.
void prepare_crash_report(const CrashOptions& options, ReportFolders folders);
/// Prepares a file again after one was used, since the process has outlived its crash.
void renew_prepared_report() noexcept;
/// The process ends well: removes the file that was prepared.
void remove_prepared_report() noexcept;
/// In a child of fork(): the file is the parent's.
void forget_prepared_report() noexcept;

/// Writes the report, step by step. Must be called on the thread that crashed. A fault on the way
/// comes back to the handler, which calls resume_crash_report(): that goes on behind the step that
/// faulted. Async-signal-safe but for the exception of a std::terminate and the unwinder, both of
/// which may fault, and come after all that is surer.
void write_crash_report(const Crash& crash) noexcept;
void resume_crash_report() noexcept;
/// Removes the last report: what it told of did not end the process. Async-signal-safe.
void discard_crash_report() noexcept;

}  // namespace vitals::crash::detail
