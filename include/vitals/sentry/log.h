#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "vitals/context/ids.h"
#include "vitals/sentry/enabled.h"
#include "vitals/value.h"

#pragma GCC visibility push(default)

namespace vitals::sentry {

/// How grave a line of a log is. Source: Sentry developer documentation, "Logs".
enum class LogLevel : std::uint8_t { kTrace, kDebug, kInfo, kWarn, kError, kFatal };

/// The protocol's word for a level: `trace`, `debug`, `info`, `warn`, `error`, `fatal`.
[[nodiscard]] std::string_view to_string(LogLevel level) noexcept;

/// A line that is about to be sent, for Options::before_send_log to look at, change or refuse. What
/// is the same for all (release, environment, server, sdk) is added after it.
struct LogRecord {
  Timestamp timestamp{};             ///< when it was written
  LogLevel level = LogLevel::kInfo;  ///< how grave it is
  std::string body{};                ///< the text
  Fields attributes{};               ///< the line's own, then the scope's
  context::TraceId trace_id{};       ///< of the active span, or of the scope
  context::SpanId span_id{};         ///< zero: no span was active
};

/// Whether lines are taken: a client is active and was started with Options::enable_logs. To be
/// asked before a costly text is made. Threads: any. Cost: two loads.
[[nodiscard]] inline bool takes_logs() noexcept {
  return enabled() && detail::takes_logs.load(std::memory_order_relaxed);
}

namespace detail {
void log(LogLevel level, std::string_view text, std::span<const FieldView> attributes,
         Timestamp timestamp) noexcept;
}  // namespace detail

/// Sends a line of a structured log, with the active trace and span, and the user and the attributes
/// of the scope and of the global scope (see context::Scope::set_attribute()). `timestamp` is when
/// the line was written; unset it is now. For what should become an issue capture an event; for what
/// is of interest only if an error follows add a breadcrumb.
///
///     sentry::log(LogLevel::kInfo, "order placed", {{"order.id", 4711}, {"total", 12.5}});
///
/// Lines are sent in batches: 100 of them, or what came within 5 s. A line holds 8 KiB of text and
/// 16 KiB in all; 1,000 lines and 4 MB may wait, what is past that is counted as `queue_full`.
/// What is a secret by its name or its look is masked, in the attributes and in the text.
/// Threads: any. Cost: about 0.4 us and one allocation, no lock but the scope's own short one;
/// without Options::enable_logs two loads. Never blocks, never throws. Where room is short the
/// line's own attributes stand before the scope's. Not for signal handlers: a line that interrupts a
/// call on its scope goes without what the scope says, one that interrupts malloc() may wait for
/// ever.
inline void log(LogLevel level, std::string_view text, ListView<FieldView> attributes = {},
                Timestamp timestamp = {}) noexcept {
  if (takes_logs()) detail::log(level, text, attributes.span(), timestamp);
}

}  // namespace vitals::sentry

#pragma GCC visibility pop
