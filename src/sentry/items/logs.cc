#include "sentry/items/logs.h"

#include "base/json_writer.h"
#include "context/log_attributes.h"
#include "privacy/scrub.h"
#include "sentry/items/attributes.h"

namespace vitals::sentry::detail {
namespace {

/// A line is at most a few times kMaxLogBytes as JSON.
constexpr std::size_t kMaxLine = 200 * 1024;

LogRecord unpack(const LogItem& item) {
  LogRecord record;
  record.timestamp = Timestamp{std::chrono::nanoseconds{item.timestamp}};
  record.level = item.level;
  record.trace_id = item.trace_id;
  record.span_id = item.span_id;
  std::string_view rest = item.bytes.view();
  record.body = rest.substr(0, item.body_size);
  rest.remove_prefix(item.body_size);
  record.attributes = context::detail::log_attributes(rest);
  return record;
}

bool kept_by_hook(const Options& options, LogRecord& record) {
  if (!options.before_send_log) return true;
  try {
    return options.before_send_log(record);
  } catch (...) {
    return false;  // it may have been about to take a secret out
  }
}

void write_line(const LogRecord& record, std::string_view common, bool pii, std::string& out) {
  constexpr int kNumbersPerLevel = 4;
  base::JsonWriter json{out};
  json.begin_object().key("timestamp").timestamp(record.timestamp);
  json.member("trace_id", record.trace_id.hex().view());
  if (record.span_id) json.member("span_id", record.span_id.hex().view());
  json.member("level", to_string(record.level));
  json.key("severity_number").integer(1 + kNumbersPerLevel * static_cast<int>(record.level));
  std::string masked;
  json.key("body").string(privacy::scrub_text(record.body, pii, masked));
  json.key("attributes").begin_object();
  for (const auto& [name, value] : record.attributes) {
    if (!is_common_attribute(name)) write_attribute(json, name, view_of(value), pii, masked);
  }
  json.raw(common).end_object().end_object();
}

}  // namespace

LogSource::LogSource(const Options& options)
    : BatchSource({.category = Category::kLog,
                   .bulk = Bulk::kLog,
                   .type = "log",
                   .content_type = "log",
                   .most_waiting = kMaxLogsWaiting,
                   .most_bytes = kMaxLogBytesWaiting,
                   .most_in_batch = kMaxLogBatch,
                   .most_json = kMaxLine}),
      options_(options),
      attributes_(common_attributes(options)) {}

void LogSource::add(LogLevel level, std::string_view text, std::span<const FieldView> attributes,
                    std::int64_t timestamp, const TraceId& trace_id,
                    const SpanId& span_id) noexcept {
  const auto fill = [&](LogItem& item) noexcept {
    item.level = level;
    item.timestamp = timestamp;
    item.trace_id = trace_id;
    item.span_id = span_id;
    item.bytes.append(cut(text, kMaxValueSize));
    item.body_size = item.bytes.size();
    context::detail::append_log_attributes<kMaxLogBytes>(item.bytes, attributes);
  };
  offer(fill, [&]() noexcept { return text.size() + size_of_fields(attributes); });
}

std::optional<Cause> LogSource::write(const LogItem& line, std::string& out) {
  LogRecord record = unpack(line);
  if (!kept_by_hook(options_, record)) return Cause::kBeforeSend;
  write_line(record, attributes_, options_.send_default_pii, out);
  return std::nullopt;
}

}  // namespace vitals::sentry::detail
