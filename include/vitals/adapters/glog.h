#pragma once

#include <glog/logging.h>

#include <new>
#include <optional>
#include <string>
#include <utility>

#include "vitals/context/capture.h"
#include "vitals/context/listener.h"
#include "vitals/context/log.h"
#include "vitals/context/scope.h"

/// glog and vitals: a sink that makes breadcrumbs and events of log lines. Header-only.
namespace vitals::adapters {

/// From which severity on a line becomes what; one above google::GLOG_FATAL for never.
struct GlogSinkOptions {
  /// Lines from this severity on are breadcrumbs.
  google::LogSeverity breadcrumbs = google::GLOG_INFO;
  google::LogSeverity events = google::GLOG_ERROR;  ///< and from this one on events
  /// Lines of a structured log, as long as somebody wants them: a Sentry client that was started
  /// with Options::enable_logs, say. See context::takes_logs().
  google::LogSeverity logs = google::GLOG_INFO;
};

/// A sink for Sentry and for who else listens to the context, from its construction to its
/// destruction.
///
///     const adapters::GlogSentrySink sentry_sink;
///
/// glog calls it for a FATAL line too, before it aborts; the event is handed over then, and what ends
/// the process sends it. What a sending thread logs, as Sentry's own are, is left alone, and so is
/// what a hook of the client logs with glog while a line is dealt with. Threads: any. Cost: one load
/// while nobody listens, else that of a breadcrumb, a capture or a line of the log.
class GlogSentrySink final : public google::LogSink {
 public:
  /// Takes lines from now on where it is given to google::AddLogSink().
  explicit GlogSentrySink(GlogSinkOptions options = {}) : options_(options) {
    google::AddLogSink(this);
  }
  GlogSentrySink(const GlogSentrySink&) = delete;
  GlogSentrySink& operator=(const GlogSentrySink&) = delete;
  ~GlogSentrySink() override { google::RemoveLogSink(this); }

  /// Called by glog, on the thread that logs. Nothing may be logged in here, so the line is kept.
  void send(google::LogSeverity severity, const char* full_filename, const char*, int line,
            const google::LogMessageTime&, const char* message, size_t length) override {
    if (!context::enabled() || context::is_sending_thread() || at_work_) return;
    try {
      kept_.emplace(Line{this, severity, full_filename != nullptr ? full_filename : "", line,
                         std::string{message, length}});
    } catch (const std::bad_alloc&) {
      // The line is in the log all the same.
    }
  }

  /// Called by glog behind send(), without its lock.
  void WaitTillSent() override {
    if (!kept_ || kept_->sink != this) return;
    const Line kept = std::move(*kept_);
    kept_.reset();
    at_work_ = true;
    struct Done {
      ~Done() { at_work_ = false; }
    } const done;
    hand_over(kept);
  }

 private:
  struct Line {
    const GlogSentrySink* sink;
    google::LogSeverity severity;
    std::string file;
    int line;
    std::string text;
  };

  void hand_over(const Line& kept) const {
    const auto& [sink, severity, file, line, text] = kept;
    if (severity >= options_.events)
      context::capture_message(text, level_of(severity),
                               {.extra = {{"file", file}, {"line", line}}, .mechanism = "glog"});
    if (severity >= options_.breadcrumbs)
      context::add_breadcrumb({.category = "log",
                               .message = text,
                               .level = level_of(severity),
                               .data = {{"file", file}, {"line", line}}});
    if (severity >= options_.logs && context::takes_logs())
      context::log(log_level_of(severity), text,
                   {{"sentry.origin", "auto.log.glog"},
                    {"code.file.path", file},
                    {"code.line.number", line}});
  }

  [[nodiscard]] static Level level_of(google::LogSeverity severity) noexcept {
    switch (severity) {
      case google::GLOG_INFO:
        return Level::kInfo;
      case google::GLOG_WARNING:
        return Level::kWarning;
      case google::GLOG_ERROR:
        return Level::kError;
      default:
        return Level::kFatal;
    }
  }
  [[nodiscard]] static context::LogLevel log_level_of(google::LogSeverity severity) noexcept {
    switch (severity) {
      case google::GLOG_INFO:
        return context::LogLevel::kInfo;
      case google::GLOG_WARNING:
        return context::LogLevel::kWarn;
      case google::GLOG_ERROR:
        return context::LogLevel::kError;
      default:
        return context::LogLevel::kFatal;
    }
  }

  static inline thread_local bool at_work_ = false;
  static inline thread_local std::optional<Line> kept_;  // between send() and WaitTillSent()
  const GlogSinkOptions options_;
};

}  // namespace vitals::adapters
