#pragma once

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>

#include <array>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>

#include "vitals/context/capture.h"
#include "vitals/context/listener.h"
#include "vitals/context/log.h"
#include "vitals/context/scope.h"
#include "vitals/monitor/log_context.h"

/// spdlog and vitals: log lines that carry the request they belong to, and a sink that makes
/// breadcrumbs and events of them. Header-only.
namespace vitals::adapters {

/// The level of an event or breadcrumb that stands for a line of this level.
[[nodiscard]] inline vitals::Level sentry_level(spdlog::level::level_enum level) noexcept {
  switch (level) {
    case spdlog::level::trace:
    case spdlog::level::debug:
      return vitals::Level::kDebug;
    case spdlog::level::info:
      return vitals::Level::kInfo;
    case spdlog::level::warn:
      return vitals::Level::kWarning;
    case spdlog::level::err:
      return vitals::Level::kError;
    default:
      return vitals::Level::kFatal;
  }
}

/// The level of a line of the structured log that stands for a line of this level.
[[nodiscard]] inline context::LogLevel sentry_log_level(spdlog::level::level_enum level) noexcept {
  switch (level) {
    case spdlog::level::trace:
      return context::LogLevel::kTrace;
    case spdlog::level::debug:
      return context::LogLevel::kDebug;
    case spdlog::level::info:
      return context::LogLevel::kInfo;
    case spdlog::level::warn:
      return context::LogLevel::kWarn;
    case spdlog::level::err:
      return context::LogLevel::kError;
    default:
      return context::LogLevel::kFatal;
  }
}

/// From which level on a line becomes what; `off` for never.
struct SpdlogSinkOptions {
  /// Lines from this level on are breadcrumbs.
  spdlog::level::level_enum breadcrumbs = spdlog::level::info;
  spdlog::level::level_enum events = spdlog::level::err;  ///< and from this one on events
  /// Lines of a structured log, as long as somebody wants them: a Sentry client that was started
  /// with Options::enable_logs, say. See context::takes_logs().
  spdlog::level::level_enum logs = spdlog::level::info;
};

/// A sink for Sentry and for who else listens to the context: lines of `breadcrumbs` and above
/// become breadcrumbs of the active scope, lines of `events` and above also events, lines of `logs`
/// and above lines of the structured log. The logger's name goes along, and file, line and function
/// where the line has them (SPDLOG_INFO and its like).
///
/// Not for a logger that reports exceptions which are captured anyway: each would be there twice,
/// once as the exception and once as the line about it. Give such a logger a sink with `events`
/// off.
///
/// What is logged while the sink is at work (by a before_breadcrumb hook) or by a sending thread, as
/// the Sentry client's own is (by the other hooks, by a transport), is left alone, so that no
/// listener feeds itself.
/// Threads: any (it keeps no state). Cost: one load while nobody listens, else that of a breadcrumb,
/// a capture or a line of the log.
class SpdlogSentrySink final : public spdlog::sinks::sink {
 public:
  /// Give it to a logger beside its other sinks.
  explicit SpdlogSentrySink(SpdlogSinkOptions options = {}) : options_(options) {}

  /// Called by spdlog, on the thread that logs or on spdlog's own.
  void log(const spdlog::details::log_msg& line) override {
    if (!context::enabled() || context::is_sending_thread() || at_work_) return;
    const AtWork guard;
    if (line.source.empty()) {
      take(line, {}, {});
    } else {
      const std::string_view file = or_empty(line.source.filename);
      const std::string_view function = or_empty(line.source.funcname);
      take(line, {{"file", file}, {"line", line.source.line}, {"function", function}},
           {{"code.file.path", file},
            {"code.line.number", line.source.line},
            {"code.function.name", function}});
    }
  }
  /// Nothing waits here.
  void flush() override {}
  /// Has no effect: an event has the line's own text.
  void set_pattern(const std::string&) override {}
  /// Has no effect.
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {}

 private:
  static inline thread_local bool at_work_ = false;
  struct AtWork {
    AtWork() noexcept { at_work_ = true; }
    AtWork(const AtWork&) = delete;
    AtWork& operator=(const AtWork&) = delete;
    ~AtWork() { at_work_ = false; }
  };
  using Place = std::initializer_list<vitals::FieldView>;

  static std::string_view or_empty(const char* text) noexcept {
    return text == nullptr ? std::string_view{} : std::string_view{text};
  }

  /// `place` is where the line was written, in the words of an event and of the structured log.
  void take(const spdlog::details::log_msg& line, Place place, Place log_place) const {
    const std::string_view text{line.payload.data(), line.payload.size()};
    const std::string_view logger{line.logger_name.data(), line.logger_name.size()};
    const vitals::Level level = sentry_level(line.level);
    if (line.level >= options_.events) {
      context::capture_message(text, level,
                               {.extra = place, .logger = logger, .mechanism = "spdlog"});
    }
    if (line.level >= options_.breadcrumbs) {
      context::add_breadcrumb({.category = logger.empty() ? "log" : logger,
                               .message = text,
                               .level = level,
                               .data = place,
                               .timestamp = line.time});
    }
    if (line.level >= options_.logs && context::takes_logs()) {
      std::array<vitals::FieldView, 5> attributes;
      std::size_t count = 0;
      attributes[count++] = {"sentry.origin", "auto.log.spdlog"};
      if (!logger.empty()) attributes[count++] = {"logger.name", logger};
      for (const vitals::FieldView& field : log_place)
        attributes[count++] = field;
      context::log(sentry_log_level(line.level), text,
                   std::span<const vitals::FieldView>{attributes.data(), count}, line.time);
    }
  }

  SpdlogSinkOptions options_;
};

/// A pattern flag that writes ` request_id=… trace_id=…` for a line that belongs to a request or
/// update, else nothing.
///
///     formatter->add_flag<RequestIdFlag>('*').set_pattern("%Y-%m-%dT%H:%M:%S.%e %l %v%*");
class RequestIdFlag final : public spdlog::custom_flag_formatter {
 public:
  /// Called by spdlog for each line.
  void format(const spdlog::details::log_msg&, const std::tm&, spdlog::memory_buf_t& out) override {
    const monitor::LogContext context = monitor::current_log_context();
    append(out, " request_id=", context.request_id);
    append(out, " trace_id=", context.trace_id);
  }
  /// Called by spdlog for each sink.
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
