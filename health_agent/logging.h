#pragma once

#include <string>

namespace health_agent {

/// Whether what stands in the logs `access` and `audit` is also sent as lines of a structured log.
enum class RequestLines { kKept, kSent };

/// Sets up spdlog for the process, to stderr: the default logger, whose lines also become Sentry
/// breadcrumbs and events, and the logger `access` for what the API does, whose exceptions are
/// captured where they happen. Every line of a request carries its request id and trace id.
/// A line is a line, whatever its message holds (see printable()). `format` is `text` or `json`
/// (one object a line), `level` as in LOG_LEVEL. Call once, early.
void start_logging(const std::string& level, const std::string& format,
                   RequestLines requests = RequestLines::kKept);

/// Changes the level of every logger. Threads: any.
void set_log_level(const std::string& level);

}  // namespace health_agent
