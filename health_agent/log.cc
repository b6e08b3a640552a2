#include "health_agent/log.h"

#include <spdlog/spdlog.h>

#include <iterator>
#include <memory>
#include <utility>

namespace health_agent {
namespace {

spdlog::level::level_enum level_of(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
    case LogLevel::kCritical:
      break;
  }
  return spdlog::level::critical;
}

// The logs' sinks are called on the thread that logs.
thread_local LogFields fields_of_line;

spdlog::logger& logger_of(Log::Name name) {
  static const std::shared_ptr<spdlog::logger> access = spdlog::get("access");
  static const std::shared_ptr<spdlog::logger> audit = spdlog::get("audit");
  if (name == Log::Name::kAccess && access) return *access;
  if (name == Log::Name::kAudit && audit) return *audit;
  return *spdlog::default_logger_raw();
}

}  // namespace

LogFields current_log_fields() noexcept {
  return fields_of_line;
}

void Log::write(LogLevel level, fmt::string_view format, fmt::format_args arguments,
                LogFields fields) const noexcept {
  const LogFields before = std::exchange(fields_of_line, fields);
  try {
    spdlog::logger& logger = logger_of(name_);
    const spdlog::level::level_enum of_spdlog = level_of(level);
    if (!logger.should_log(of_spdlog)) return;
    spdlog::memory_buf_t line;
    fmt::vformat_to(std::back_inserter(line), format, arguments);
    logger.log(of_spdlog, spdlog::string_view_t{line.data(), line.size()});
  } catch (...) {
    // Without memory there is nothing to say it with.
  }
  fields_of_line = before;
}

}  // namespace health_agent
