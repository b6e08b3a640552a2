#include "sentry/items/metrics.h"

#include <array>
#include <cmath>

#include "base/clock.h"
#include "base/json_writer.h"
#include "context/log_attributes.h"
#include "privacy/scrub.h"
#include "sentry/client_core.h"
#include "sentry/items/attributes.h"
#include "sentry/runtime.h"

namespace vitals::sentry {

std::string_view to_string(MetricType type) noexcept {
  constexpr std::array<std::string_view, 3> kNames{"counter", "gauge", "distribution"};
  return kNames[static_cast<std::size_t>(type)];
}

namespace detail {
namespace {

constexpr std::size_t kMaxUnit = 64;
/// As JSON a value is a few times kMaxMetricBytes at most.
constexpr std::size_t kMaxMetric = 32 * 1024;

MetricRecord unpack(const MetricItem& item) {
  MetricRecord record;
  record.timestamp = Timestamp{std::chrono::nanoseconds{item.timestamp}};
  record.type = item.type;
  record.value = item.value;
  record.trace_id = item.trace_id;
  record.span_id = item.span_id;
  std::string_view rest = item.bytes.view();
  record.name = rest.substr(0, item.name_size);
  rest.remove_prefix(item.name_size);
  record.unit = rest.substr(0, item.unit_size);
  rest.remove_prefix(item.unit_size);
  record.attributes = context::detail::log_attributes(rest);
  return record;
}

bool kept_by_hook(const Options& options, MetricRecord& record) {
  if (!options.before_send_metric) return true;
  try {
    return options.before_send_metric(record);
  } catch (...) {
    return false;  // it may have been about to take a secret out
  }
}

bool can_be_sent(std::string_view name, double value) noexcept {
  return !name.empty() && std::isfinite(value);
}

void write_metric(const MetricRecord& record, std::string_view common, bool pii, std::string& out) {
  base::JsonWriter json{out};
  json.begin_object().key("timestamp").timestamp(record.timestamp);
  json.member("trace_id", record.trace_id.hex().view());
  if (record.span_id) json.member("span_id", record.span_id.hex().view());
  std::string masked;
  json.key("name").string(privacy::scrub_text(record.name, pii, masked));
  json.member("type", to_string(record.type)).key("value").number(record.value);
  json.member("unit", privacy::scrub_text(record.unit, pii, masked));
  json.key("attributes").begin_object();
  for (const auto& [name, value] : record.attributes) {
    if (!is_common_attribute(name)) write_attribute(json, name, view_of(value), pii, masked);
  }
  json.raw(common).end_object().end_object();
}

}  // namespace

constinit std::atomic<bool> metrics_wanted{false};

MetricSource::MetricSource(const Options& options)
    : BatchSource({.category = Category::kTraceMetric,
                   .bulk = Bulk::kTraceMetric,
                   .type = "trace_metric",
                   .content_type = "trace-metric",
                   .most_waiting = kMaxMetricsWaiting,
                   .most_bytes = kMaxMetricBytesWaiting,
                   .most_in_batch = kMaxMetricBatch,
                   .most_json = kMaxMetric}),
      options_(options),
      attributes_(common_attributes(options)) {}

void MetricSource::add(const MetricView& metric) noexcept {
  const auto fill = [&](MetricItem& item) noexcept {
    item.type = metric.type;
    item.value = metric.value;
    item.timestamp = metric.timestamp;
    item.trace_id = metric.trace_id;
    item.span_id = metric.span_id;
    item.bytes.append(cut(metric.name, kMaxKeySize));
    item.name_size = item.bytes.size();
    item.bytes.append(cut(metric.unit, kMaxUnit));
    item.unit_size = item.bytes.size() - item.name_size;
    context::detail::append_log_attributes<kMaxMetricBytes>(item.bytes, metric.attributes);
  };
  offer(fill, [&]() noexcept {
    return metric.name.size() + metric.unit.size() + size_of_fields(metric.attributes);
  });
}

std::optional<Cause> MetricSource::write(const MetricItem& item, std::string& out) {
  MetricRecord record = unpack(item);
  if (!can_be_sent(record.name, record.value)) return Cause::kEventProcessor;
  if (!kept_by_hook(options_, record)) return Cause::kBeforeSend;
  if (!can_be_sent(record.name, record.value)) return Cause::kBeforeSend;
  write_metric(record, attributes_, options_.send_default_pii, out);
  return std::nullopt;
}

void add_metric(MetricType type, std::string_view name, double value, std::string_view unit,
                ListView<FieldView> attributes) noexcept {
  // The client's threads run its hooks: what these count would come back to them.
  if (is_sentry_thread()) return;
  const Lease client;
  if (!client || client->metrics() == nullptr) return;
  MetricView metric{.type = type,
                    .name = name,
                    .value = value,
                    .unit = unit,
                    .attributes = attributes.span(),
                    .timestamp = base::wall_clock()};
  std::uint32_t index = 0;
  if (const Trace* const trace = Trace::active(index)) {
    metric.trace_id = trace->trace_id();
    metric.span_id = trace->span_id(index);
  } else {
    metric.trace_id = ScopeState::current()->propagation().trace_id;
  }
  client->metrics()->add(metric);
}

}  // namespace detail
}  // namespace vitals::sentry
