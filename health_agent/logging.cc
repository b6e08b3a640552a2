#include "health_agent/logging.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string_view>
#include <vector>

#include "health_agent/json_type.h"
#include "health_agent/log.h"
#include "health_agent/log_text.h"
#include "health_agent/time.h"
#include "vitals/adapters/spdlog.h"

namespace health_agent {
namespace {

/// One JSON object a line, for log collectors.
class JsonFormatter final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& line, spdlog::memory_buf_t& out) override {
    const auto millis =
        std::chrono::duration_cast<std::chrono::milliseconds>(line.time.time_since_epoch()).count();
    std::string timestamp = format_timestamp(millis / 1000);
    timestamp.insert(timestamp.size() - 1, "." + std::to_string(millis % 1000 + 1000).substr(1));
    const auto level = spdlog::level::to_string_view(line.level);
    nlohmann::ordered_json object = {
        {"timestamp", std::move(timestamp)},
        {"level", std::string_view{level.data(), level.size()}},
        {"logger", std::string_view{line.logger_name.data(), line.logger_name.size()}},
        {"message", std::string_view{line.payload.data(), line.payload.size()}}};
    const vitals::monitor::LogContext context = vitals::monitor::current_log_context();
    if (!context.request_id.empty()) object["request_id"] = context.request_id;
    if (!context.trace_id.empty()) object["trace_id"] = context.trace_id;
    for (const LogField& field : current_log_fields())
      std::visit([&](const auto& value) { object[std::string{field.name}] = value; }, field.value);
    const std::string text =
        printable(object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)) + "\n";
    out.append(text.data(), text.data() + text.size());
  }
  [[nodiscard]] std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<JsonFormatter>();
  }
};

/// The message of a line of text, which may hold what others have said.
class PrintableMessage final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& line, const std::tm&,
              spdlog::memory_buf_t& out) override {
    const std::string_view message{line.payload.data(), line.payload.size()};
    if (is_plain_ascii(message)) {
      out.append(message.data(), message.data() + message.size());
      return;
    }
    const std::string text = printable(message);
    out.append(text.data(), text.data() + text.size());
  }
  [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<PrintableMessage>();
  }
};

std::unique_ptr<spdlog::formatter> make_formatter(const std::string& format) {
  if (format == "json") return std::make_unique<JsonFormatter>();
  auto text = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
  text->add_flag<vitals::adapters::RequestIdFlag>('*');
  text->add_flag<PrintableMessage>('~');
  text->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %-8l %~%*");
  return text;
}

}  // namespace

void start_logging(const std::string& level, const std::string& format, RequestLines requests) {
  const auto console = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  console->set_formatter(make_formatter(format));
  const auto sentry = std::make_shared<vitals::adapters::SpdlogSentrySink>();
  spdlog::set_default_logger(
      std::make_shared<spdlog::logger>("health-agent", spdlog::sinks_init_list{console, sentry}));
  std::vector<spdlog::sink_ptr> sinks{console};
  // Neither breadcrumbs nor events: what these lines tell of is captured where it happens.
  if (requests == RequestLines::kSent) {
    sinks.push_back(
        std::make_shared<vitals::adapters::SpdlogSentrySink>(vitals::adapters::SpdlogSinkOptions{
            .breadcrumbs = spdlog::level::off, .events = spdlog::level::off}));
  }
  for (const char* name : {"access", "audit"})
    spdlog::register_logger(std::make_shared<spdlog::logger>(name, sinks.begin(), sinks.end()));
  set_log_level(level);
}

void set_log_level(const std::string& level) {
  const spdlog::level::level_enum wanted = spdlog::level::from_str(level);
  spdlog::set_level(wanted);
  // Who did what is to be found later, also where only warnings are logged.
  if (const auto audit = spdlog::get("audit"); audit && wanted != spdlog::level::off)
    audit->set_level(std::min(wanted, spdlog::level::info));
}

}  // namespace health_agent
