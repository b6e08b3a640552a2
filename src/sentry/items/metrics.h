#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "sentry/context_names.h"
#include "sentry/items/batch.h"
#include "vitals/sentry/metric.h"
#include "vitals/sentry/options.h"

namespace vitals::sentry::detail {

inline constexpr std::size_t kMaxMetricsWaiting = 1000;
inline constexpr std::size_t kMaxMetricBytesWaiting = 4'000'000;
inline constexpr std::uint32_t kMaxMetricBatch = 100;
/// Sentry refuses a metric of more than 2 KiB, with what all of them have.
inline constexpr std::uint32_t kMaxMetricBytes = 1536;

/// A value as it was counted, in one piece of memory.
struct MetricItem {
  MetricType type = MetricType::kCounter;
  std::uint32_t name_size = 0;
  std::uint32_t unit_size = 0;
  double value = 0;
  std::int64_t timestamp = 0;
  TraceId trace_id;
  SpanId span_id;
  InlineBytes<256> bytes;  // the name, the unit, then the attributes as records

  [[nodiscard]] std::size_t cost() const noexcept { return sizeof *this + bytes.capacity(); }
};

/// A value as it is counted. Views, for the length of one call.
struct MetricView {
  MetricType type = MetricType::kCounter;
  std::string_view name;
  double value = 0;
  std::string_view unit{};
  std::span<const FieldView> attributes{};
  std::int64_t timestamp = 0;
  TraceId trace_id{};
  SpanId span_id{};
};

/// Takes values of metrics from any thread, and makes items of up to 100 of them.
class MetricSource final : public BatchSource<MetricItem> {
 public:
  /// `options` must outlive it.
  explicit MetricSource(const Options& options);

  /// Takes the value, or counts it as lost. Threads: any.
  void add(const MetricView& metric) noexcept;

 private:
  [[nodiscard]] std::optional<Cause> write(const MetricItem& item, std::string& out) override;

  const Options& options_;
  const std::string attributes_;  // JSON members that every value has
};

}  // namespace vitals::sentry::detail
