#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "crash/report.h"
#include "sentry/dsc.h"
#include "sentry/items.h"
#include "vitals/sentry/options.h"

namespace vitals::sentry::detail {

/// The most reports that one start takes; older ones are dropped.
inline constexpr std::size_t kMaxRecovered = 32;

/// What becomes of the crash of a former process.
struct CrashSink {
  /// What a trace's context says of the client; the release and environment are the report's.
  DscSource client{};
  /// Takes the event; false: no room, the report is kept for the next start.
  std::function<bool(std::unique_ptr<ErrorItem>)> capture;
  /// Told of each that was taken, for release health.
  std::function<void(const crash::detail::CrashReport&)> taken;
  /// Told in words of what was dropped, and why.
  std::function<void(std::string_view)> say;
};

/// The event of a crash. One that came outside of every trace gets a trace of its own.
[[nodiscard]] std::unique_ptr<ErrorItem> make_crash_item(crash::detail::CrashReport report,
                                                         const DscSource& client = {});

/// Hands over what former processes have left in Options::cache_dir, the oldest first, and returns
/// how many there were. Of several processes that share the folder exactly one takes a report. One
/// that cannot be read goes to the folder `corrupt`, which is kept small. Never throws.
std::size_t recover_crashes(const Options& options, const CrashSink& sink) noexcept;

}  // namespace vitals::sentry::detail
