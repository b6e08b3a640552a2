#pragma once

#include <fmt/core.h>

#include <cstdint>
#include <span>
#include <string_view>
#include <variant>

namespace health_agent {

enum class LogLevel { kInfo, kWarning, kError, kCritical };

/// A part of what a line says, under a name of its own, for those who read lines as JSON; the text
/// of the line says it too. Views must outlive the call that logs. The names `timestamp`, `level`,
/// `logger`, `message`, `request_id` and `trace_id` are taken.
struct LogField {
  std::string_view name;
  std::variant<std::string_view, std::int64_t, double> value;
};
using LogFields = std::span<const LogField>;

/// The fields of the line that this thread is logging; for a formatter.
[[nodiscard]] LogFields current_log_fields() noexcept;

/// One of the process's logs, as start_logging() sets them up. Where nobody has, lines go to
/// spdlog's own default. In front of spdlog, whose headers would make each file that logs slow to
/// compile.
///
/// Threads: any. Never throws: a line for which there is no memory is lost. Cost: a load for a line
/// below the level.
class Log {
 public:
  enum class Name {
    kService,  ///< what the service has to say; Sentry gets it too
    kAccess,   ///< requests and what came of them, whose errors are captured where they happen
    kAudit,    ///< who did what
  };

  constexpr explicit Log(Name name) noexcept : name_(name) {}

  template <class... Arguments>
  void info(fmt::format_string<Arguments...> format, Arguments&&... arguments) const noexcept {
    write(LogLevel::kInfo, format, fmt::make_format_args(arguments...));
  }
  template <class... Arguments>
  void info(LogFields fields, fmt::format_string<Arguments...> format,
            Arguments&&... arguments) const noexcept {
    write(LogLevel::kInfo, format, fmt::make_format_args(arguments...), fields);
  }
  template <class... Arguments>
  void warn(LogFields fields, fmt::format_string<Arguments...> format,
            Arguments&&... arguments) const noexcept {
    write(LogLevel::kWarning, format, fmt::make_format_args(arguments...), fields);
  }
  template <class... Arguments>
  void warn(fmt::format_string<Arguments...> format, Arguments&&... arguments) const noexcept {
    write(LogLevel::kWarning, format, fmt::make_format_args(arguments...));
  }
  template <class... Arguments>
  void error(fmt::format_string<Arguments...> format, Arguments&&... arguments) const noexcept {
    write(LogLevel::kError, format, fmt::make_format_args(arguments...));
  }
  template <class... Arguments>
  void critical(fmt::format_string<Arguments...> format, Arguments&&... arguments) const noexcept {
    write(LogLevel::kCritical, format, fmt::make_format_args(arguments...));
  }

  void write(LogLevel level, fmt::string_view format, fmt::format_args arguments,
             LogFields fields = {}) const noexcept;

 private:
  Name name_;
};

inline constexpr Log service_log{Log::Name::kService};
inline constexpr Log access_log{Log::Name::kAccess};
inline constexpr Log audit_log{Log::Name::kAudit};

}  // namespace health_agent
