#pragma once

#include <string>

#include "vitals/context/ids.h"
#include "vitals/context/log.h"
#include "vitals/value.h"

#pragma GCC visibility push(default)

namespace vitals::sentry {

/// The context's, under the client's name.
using context::LogLevel;
using context::to_string;

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

/// The same as context::takes_logs().
using context::takes_logs;

/// The same as context::log(): the line goes to the client where it was started with
/// Options::enable_logs, and to who else listens to the context and wants lines.
///
///     sentry::log(LogLevel::kInfo, "order placed", {{"order.id", 4711}, {"total", 12.5}});
///
/// The client sends lines in batches: 100 of them, or what came within 5 s. A line holds 8 KiB of
/// text and 16 KiB in all; where room is short its own attributes stand before the scope's. 1,000
/// lines and 4 MB may wait, what is past that is counted as `queue_full`.
using context::log;

}  // namespace vitals::sentry

#pragma GCC visibility pop
