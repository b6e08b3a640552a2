#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <string_view>

#include "vitals/value.h"

#pragma GCC visibility push(default)

namespace vitals::context {

/// How grave a line of a log is. Source: Sentry developer documentation, "Logs"; OpenTelemetry has
/// the same six, see its specification, "Logs Data Model".
enum class LogLevel : std::uint8_t { kTrace, kDebug, kInfo, kWarn, kError, kFatal };

/// The protocols' word for a level: `trace`, `debug`, `info`, `warn`, `error`, `fatal`.
[[nodiscard]] std::string_view to_string(LogLevel level) noexcept;

namespace detail {

// One for all shared objects of the process, hence not inline: clang would give each its own.
extern constinit std::atomic<bool> logs_wanted;

void log(LogLevel level, std::string_view text, std::span<const FieldView> attributes,
         Timestamp timestamp) noexcept;

}  // namespace detail

/// Whether lines are taken: somebody listens who wants them, such as a Sentry client that was
/// started with Options::enable_logs. To be asked before a costly text is made.
/// Threads: any. Cost: one load.
[[nodiscard]] inline bool takes_logs() noexcept {
  return detail::logs_wanted.load(std::memory_order_acquire);  // pairs with start_listening()
}

/// Tells a line of a structured log to each listener that wants lines, with the active trace and
/// span; a listener adds the user and the attributes of the scope and of the global scope (see
/// Scope::set_attribute()). `timestamp` is when the line was written; unset it is now. For what
/// should become an issue capture an event; for what is of interest only if an error follows add a
/// breadcrumb.
///
///     context::log(LogLevel::kInfo, "order placed", {{"order.id", 4711}, {"total", 12.5}});
///
/// What a sending thread writes, in a hook of the user's say, is left out: it would come back to it.
/// How much a line may hold, and how many may wait, is the listener's; for Sentry's see
/// sentry/log.h. What is a secret by its name or its look is masked there, in the attributes and in
/// the text.
/// Threads: any. Cost: with a Sentry client about 0.4 us and one allocation, no lock but the scope's
/// own short one; where nobody wants lines one load. Never blocks, never throws. Not for signal
/// handlers: a line that interrupts a call on its scope goes without what the scope says, one that
/// interrupts malloc() may wait for ever.
inline void log(LogLevel level, std::string_view text, ListView<FieldView> attributes = {},
                Timestamp timestamp = {}) noexcept {
  if (takes_logs()) detail::log(level, text, attributes.span(), timestamp);
}

}  // namespace vitals::context

#pragma GCC visibility pop
