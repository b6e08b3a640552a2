#include "sentry/items/logs.h"

#include <array>
#include <cmath>
#include <limits>
#include <new>
#include <utility>

#include "base/json_writer.h"
#include "context/log_attributes.h"
#include "privacy/scrub.h"
#include "sentry/client_core.h"
#include "sentry/context_names.h"
#include "sentry/runtime.h"
#include "vitals/version.h"

namespace vitals::sentry::detail {
namespace {

constexpr std::chrono::seconds kPatience{5};
/// A line is at most a few times kMaxLogBytes as JSON, so that a batch that stops here is below the
/// 1 MiB that an item may have.
constexpr std::size_t kFullBatch = 768 * 1024;
constexpr std::size_t kMaxLine = 200 * 1024;

constexpr std::string_view kEnvironment = "sentry.environment";
constexpr std::string_view kRelease = "sentry.release";
constexpr std::string_view kSdkName = "sentry.sdk.name";
constexpr std::string_view kSdkVersion = "sentry.sdk.version";
constexpr std::string_view kServer = "server.address";

bool is_ours(std::string_view name) noexcept {
  return name == kEnvironment || name == kRelease || name == kSdkName || name == kSdkVersion ||
         name == kServer;
}

void write_typed(base::JsonWriter& json, std::string_view name, const ValueView& value,
                 std::string_view type) {
  json.key(name).begin_object().key("value").value(value).member("type", type).end_object();
}

/// `scratch` is the caller's, for its capacity.
void write_attribute(base::JsonWriter& json, std::string_view name, const ValueView& value,
                     bool pii, std::string& scratch) {
  if (privacy::must_filter(name, value) || (!pii && privacy::is_client_address(name)))
    return write_typed(json, name, privacy::kFiltered, "string");
  switch (value.type()) {
    case ValueView::Type::kNull:
      return;
    case ValueView::Type::kBool:
      return write_typed(json, name, value, "boolean");
    case ValueView::Type::kInt:
      return write_typed(json, name, value, "integer");
    case ValueView::Type::kUint:
      if (value.as_uint() <= std::uint64_t{std::numeric_limits<std::int64_t>::max()}) {
        return write_typed(json, name, value, "integer");
      }
      // The server's integers have a sign: as a text all digits arrive.
      return write_typed(json, name, std::to_string(value.as_uint()), "string");
    case ValueView::Type::kDouble:
      if (std::isfinite(value.as_double())) return write_typed(json, name, value, "double");
      return write_typed(json, name, std::to_string(value.as_double()), "string");
    case ValueView::Type::kString:
      return write_typed(json, name, privacy::scrub_named(name, value.as_string(), pii, scratch),
                         "string");
    case ValueView::Type::kJson:  // Sentry's logs have no type for objects, so it goes as a text
      return write_typed(json, name, privacy::scrub_value(value.as_string(), pii, scratch),
                         "string");
    case ValueView::Type::kObject:
    case ValueView::Type::kArray:
      return;  // a record holds their JSON
  }
}

std::string common_attributes(const Options& options) {
  std::string text;
  base::JsonWriter json{text};
  json.begin_object();
  const auto add = [&json](std::string_view name, std::string_view value) {
    if (!value.empty()) write_typed(json, name, value, "string");
  };
  add(kEnvironment, options.environment);
  add(kRelease, options.release);
  add(kSdkName, "vitals.cpp");
  add(kSdkVersion, VITALS_VERSION);
  add(kServer, options.server_name);
  return text.substr(1);
}

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
    if (!is_ours(name)) write_attribute(json, name, view_of(value), pii, masked);
  }
  json.raw(common).end_object().end_object();
}

}  // namespace

LogSource::LogSource(const Options& options)
    : options_(options), attributes_(common_attributes(options)), queue_(kMaxLogsWaiting) {}

LogSource::~LogSource() {
  if (batch_count_ > 0) count_logs(Cause::kNetworkError, batch_count_, batch_.size());
  while (const std::unique_ptr<LogItem> line = queue_.pop())
    count_logs(Cause::kNetworkError, 1, line->bytes.size());
}

void LogSource::add(LogLevel level, std::string_view text, std::span<const FieldView> attributes,
                    std::int64_t timestamp, const TraceId& trace_id,
                    const SpanId& span_id) noexcept {
  // Before anything is copied: in a flood of lines most are turned away.
  if (waiting_.fetch_add(1, std::memory_order_relaxed) < kMaxLogsWaiting) {
    if (std::unique_ptr<LogItem> item{new (std::nothrow) LogItem}) {
      item->level = level;
      item->timestamp = timestamp;
      item->trace_id = trace_id;
      item->span_id = span_id;
      item->bytes.append(cut(text, kMaxValueSize));
      item->body_size = item->bytes.size();
      context::detail::append_log_attributes<kMaxLogBytes>(item->bytes, attributes);
      const std::size_t cost = item->cost();
      const std::size_t before = bytes_.fetch_add(cost, std::memory_order_relaxed);
      if (before + cost <= kMaxLogBytesWaiting && queue_.push(item)) return;
      bytes_.fetch_sub(cost, std::memory_order_relaxed);
    }
  }
  waiting_.fetch_sub(1, std::memory_order_relaxed);
  std::size_t lost = text.size();
  for (const FieldView& field : attributes) {
    const bool has_text = context::detail::is_text(field.value.type());
    lost += field.key.size() + (has_text ? field.value.as_string().size() : sizeof(double));
  }
  count_logs(Cause::kQueueOverflow, 1, lost);
}

std::unique_ptr<delivery::detail::Cargo> LogSource::take(Time now, bool everything) noexcept {
  const std::lock_guard hold{taking_};
  while (const std::unique_ptr<LogItem> line = queue_.pop()) {
    bytes_.fetch_sub(line->cost(), std::memory_order_relaxed);
    waiting_.fetch_sub(1, std::memory_order_relaxed);
    if (batch_count_ == 0) due_ = now + kPatience;
    const std::size_t before = batch_.size();
    try {
      append(*line);
    } catch (...) {
      batch_.resize(before);
      count_logs(Cause::kQueueOverflow, 1, line->bytes.size());  // no memory to wait in
    }
    if (batch_count_ == kMaxLogBatch || batch_.size() >= kFullBatch) return finish();
  }
  if (batch_count_ > 0 && (everything || now >= due_)) return finish();
  return nullptr;
}

void LogSource::append(const LogItem& line) {
  LogRecord record = unpack(line);
  if (!kept_by_hook(options_, record)) {
    count_logs(Cause::kBeforeSend, 1, line.bytes.size());
    return;
  }
  const std::size_t before = batch_.size();
  if (batch_count_ > 0) batch_ += ',';
  write_line(record, attributes_, options_.send_default_pii, batch_);
  if (batch_.size() - before > kMaxLine) {  // a hook's doing
    count_logs(Cause::kTooLarge, 1, batch_.size() - before);
    batch_.resize(before);
    return;
  }
  ++batch_count_;
}

std::unique_ptr<ReadyItem> LogSource::finish() noexcept {
  const std::uint32_t lines = std::exchange(batch_count_, 0);
  std::unique_ptr<ReadyItem> item;
  try {
    item = std::make_unique<ReadyItem>();
    item->category = Category::kLog;
    item->type = "log";
    item->header_members = "\"item_count\":" + std::to_string(lines) +
                           ",\"content_type\":\"application/vnd.sentry.items.log+json\"";
    item->payload = "{\"items\":[" + batch_ + "]}";
    item->quantity = lines;
  } catch (...) {
    item.reset();
    count_logs(Cause::kQueueOverflow, lines, batch_.size());  // no memory to wait in
  }
  batch_.clear();
  return item;
}

}  // namespace vitals::sentry::detail
