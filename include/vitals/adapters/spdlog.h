#pragma once

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>

#include <memory>
#include <mutex>
#include <string_view>

#include "vitals/monitor/log_context.h"
#include "vitals/sentry/client.h"

/// spdlog and vitals: log lines that carry the request they belong to, and a sink that makes
/// breadcrumbs and events of them. Header-only.
namespace vitals::adapters {

[[nodiscard]] inline sentry::Level sentry_level(spdlog::level::level_enum level) noexcept {
  switch (level) {
    case spdlog::level::trace:
    case spdlog::level::debug:
      return sentry::Level::kDebug;
    case spdlog::level::info:
      return sentry::Level::kInfo;
    case spdlog::level::warn:
      return sentry::Level::kWarning;
    case spdlog::level::err:
      return sentry::Level::kError;
    default:
      return sentry::Level::kFatal;
  }
}

/// From which level on a line becomes what.
struct SpdlogSinkOptions {
  spdlog::level::level_enum breadcrumbs = spdlog::level::info;
  spdlog::level::level_enum events = spdlog::level::err;
};

/// A sink for Sentry: lines of `breadcrumbs` and above become breadcrumbs of the active scope,
/// lines of `events` and above also events. Not for a logger that reports exceptions which are
/// captured anyway: each would be there twice. Lines of the Sentry client's own thread are left
/// alone, so that it never feeds itself. Threads: any (it keeps no state). Cost: nothing while
/// Sentry is off, else that of a breadcrumb or a capture.
class SpdlogSentrySink final : public spdlog::sinks::sink {
 public:
  explicit SpdlogSentrySink(SpdlogSinkOptions options = {}) : options_(options) {}

  void log(const spdlog::details::log_msg& line) override {
    if (!sentry::enabled() || sentry::is_sentry_thread()) return;
    const std::string_view text{line.payload.data(), line.payload.size()};
    const std::string_view logger{line.logger_name.data(), line.logger_name.size()};
    const sentry::Level level = sentry_level(line.level);
    if (line.level >= options_.events) {
      sentry::capture_message(text, level, {.logger = logger, .mechanism = "spdlog"});
    }
    if (line.level >= options_.breadcrumbs) {
      sentry::add_breadcrumb(
          {.category = logger.empty() ? "log" : logger, .message = text, .level = level});
    }
  }
  void flush() override {}
  void set_pattern(const std::string&) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {}

 private:
  SpdlogSinkOptions options_;
};

/// A pattern flag that writes ` request_id=… trace_id=…` for a line that belongs to a request or
/// update, else nothing.
///
///     formatter->add_flag<RequestIdFlag>('*').set_pattern("%Y-%m-%dT%H:%M:%S.%e %l %v%*");
class RequestIdFlag final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg&, const std::tm&, spdlog::memory_buf_t& out) override {
    const monitor::LogContext context = monitor::current_log_context();
    append(out, " request_id=", context.request_id);
    append(out, " trace_id=", context.trace_id);
  }
  [[nodiscard]] std::unique_ptr<spdlog::custom_flag_formatter> clone() const override {
    return std::make_unique<RequestIdFlag>();
  }

 private:
  static void append(spdlog::memory_buf_t& out, std::string_view name, std::string_view value) {
    if (value.empty()) return;
    out.append(name.data(), name.data() + name.size());
    out.append(value.data(), value.data() + value.size());
  }
};

}  // namespace vitals::adapters
