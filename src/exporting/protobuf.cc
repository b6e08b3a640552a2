#include <algorithm>
#include <cmath>
#include <limits>

#include "base/protobuf_writer.h"
#include "exporting/encoder.h"
#include "exporting/names.h"

namespace vitals::exporting {
namespace {

using Message = base::ProtobufWriter;
using metrics::CounterView;
using metrics::ExemplarView;
using metrics::FamilyInfo;
using metrics::HistogramView;
using metrics::MetricType;
using metrics::NativeView;
using metrics::SeriesInfo;
using metrics::SummaryView;

/// Delimited io.prometheus.client.MetricFamily messages, written by hand: a dozen flat messages
/// whose numbers never change. Source: prometheus/client_model, io/prometheus/client/metrics.proto.
class ProtobufEncoder final : public Encoder {
 public:
  using Encoder::Encoder;

  void begin_family(const FamilyInfo& family) override {
    finish();
    take_names(family);
    Message message{family_};
    message.bytes(1, name());
    message.bytes(2, family.help);
    message.integer(3, type_number(family.type));
    unknown_ = family.type == MetricType::kUnknown;
    std::string_view base = name();
    base.remove_suffix(own_suffix(family.name, family.type).size());
    unit_ = may_tell_unit(family, base) ? family.unit : std::string_view{};
  }

  void counter(const SeriesInfo& series, const CounterView& value) override {
    if (!readable(value)) return;
    part_.clear();
    Message counter{part_};
    counter.real(1, value.value());
    if (const ExemplarView one = readable(value.exemplar)) counter.bytes(2, exemplar(one));
    created(counter, 3, series);
    add_metric(series, 3);
  }

  void gauge(const SeriesInfo& series, double value) override {
    if (!readable(series, value)) return;
    part_.clear();
    Message{part_}.real(1, value);
    add_metric(series, unknown_ ? 5 : 2);
  }

  void histogram(const SeriesInfo& series, const HistogramView& value) override {
    part_.clear();
    Message histogram{part_};
    const std::uint64_t count = value.native != nullptr ? count_of(*value.native) : value.count();
    histogram.integer(1, count);
    histogram.real(2, value.sum);
    std::uint64_t below = 0;
    // Of a native histogram that is nothing else, the one bucket up to infinity says nothing.
    const bool classic = value.native == nullptr || !value.bounds.empty();
    for (std::size_t i = 0; classic && i < value.counts.size(); ++i) {
      below += value.counts[i];
      bucket_.clear();
      Message bucket{bucket_};
      bucket.integer(1, below);
      bucket.real(
          2, i < value.bounds.size() ? value.bounds[i] : std::numeric_limits<double>::infinity());
      if (const ExemplarView one = readable(value, i)) bucket.bytes(3, exemplar(one));
      histogram.bytes(3, bucket_);
    }
    if (value.native != nullptr) native(histogram, *value.native);
    created(histogram, 15, series);
    if (!classic) {
      for (const ExemplarView& given : value.exemplars) {
        if (const ExemplarView one = readable(given)) histogram.bytes(16, exemplar(one));
      }
    }
    add_metric(series, 7);
  }

  void summary(const SeriesInfo& series, const SummaryView& value) override {
    part_.clear();
    Message summary{part_};
    summary.integer(1, value.count);
    summary.real(2, value.sum);
    for (std::size_t i = 0; i < value.quantiles.size(); ++i) {
      if (!readable(value, i)) continue;
      const SummaryView::Quantile& quantile = value.quantiles[i];
      bucket_.clear();
      Message one{bucket_};
      one.real(1, quantile.quantile);
      one.real(2, quantile.value);
      summary.bytes(3, bucket_);
    }
    created(summary, 4, series);
    add_metric(series, 4);
  }

  void finish() override {
    if (family_.empty()) return;
    if (!unit_.empty()) Message{family_}.bytes(5, unit_);
    Message{out_}.varint(family_.size());
    out_ += family_;
    family_.clear();
  }

 private:
  /// Info and state set are not known here.
  [[nodiscard]] static std::uint64_t type_number(MetricType type) noexcept {
    switch (type) {
      case MetricType::kCounter:
        return 0;
      case MetricType::kSummary:
        return 2;
      case MetricType::kUnknown:
        return 3;
      case MetricType::kHistogram:
        return 4;
      case MetricType::kGaugeHistogram:
        return 5;
      case MetricType::kGauge:
      case MetricType::kInfo:
      case MetricType::kStateSet:
        break;
    }
    return 1;
  }

  [[nodiscard]] static std::uint64_t count_of(const NativeView& value) noexcept {
    std::uint64_t count = value.zero_count;
    for (const NativeView::Bucket& bucket : value.positive)
      count += bucket.count;
    for (const NativeView::Bucket& bucket : value.negative)
      count += bucket.count;
    return count;
  }

  void native(Message& histogram, const NativeView& value) {
    histogram.zigzag(5, value.schema);
    histogram.real(6, value.zero_threshold);
    histogram.integer(7, value.zero_count);
    side(histogram, 9, value.negative);
    side(histogram, 12, value.positive);
    if (value.positive.empty() && value.negative.empty() && value.zero_threshold == 0.0 &&
        value.zero_count == 0) {
      // A span of nothing tells it from a classic histogram.
      bucket_.clear();
      Message span{bucket_};
      span.zigzag(1, 0);
      span.integer(2, 0);
      histogram.bytes(12, bucket_);
    }
  }

  /// Runs of adjacent buckets (span: how far from the one before, how many), and what each count is
  /// above the one before. Short gaps are filled by zeros, which takes less than a span.
  void side(Message& histogram, unsigned field, std::span<const NativeView::Bucket> buckets) {
    constexpr std::int32_t kFilledGap = 2;
    deltas_.clear();
    std::int64_t before = 0;
    std::int32_t next = 0;  // the key behind the last span
    std::size_t i = 0;
    Message deltas{deltas_};
    const auto delta = [&](std::int64_t count) {
      const std::int64_t change = count - before;
      deltas.varint(Message::zigzagged(change));
      before = count;
    };
    while (i < buckets.size()) {
      const std::int32_t from = buckets[i].key;
      std::int32_t key = from;
      for (; i < buckets.size() && buckets[i].key - key <= kFilledGap; ++i) {
        for (; key < buckets[i].key; ++key)
          delta(0);
        delta(static_cast<std::int64_t>(buckets[i].count));
        ++key;
      }
      bucket_.clear();
      Message span{bucket_};
      span.zigzag(1, from - next);
      span.integer(2, static_cast<std::uint64_t>(key - from));
      histogram.bytes(field, bucket_);
      next = key;
    }
    if (!deltas_.empty()) histogram.bytes(field + 1, deltas_);  // packed
  }

  [[nodiscard]] const std::string& exemplar(const ExemplarView& value) {
    exemplar_.clear();
    Message message{exemplar_};
    add_labels(message, value.labels);
    message.real(2, value.value);
    message.bytes(3, time(value.timestamp));
    return exemplar_;
  }

  void created(Message& message, unsigned field, const SeriesInfo& series) {
    if (series.created > 0.0 && series.created < kTimestampsEnd) {
      message.bytes(field, time(series.created));
    }
  }

  [[nodiscard]] const std::string& time(double seconds) {
    time_.clear();
    Message message{time_};
    const double whole = std::floor(seconds);
    message.integer(1, static_cast<std::uint64_t>(whole));
    message.integer(2, static_cast<std::uint64_t>((seconds - whole) * 1e9));
    return time_;
  }

  /// Adds the labels of a text that is escaped already.
  void add_labels(Message& message, std::string_view labels) {
    while (!labels.empty()) {
      const LabelText text = take_label(labels);
      label_.clear();
      Message label{label_};
      if (text.quoted_name) {
        value_.clear();
        append_unescaped(value_, text.name);
        label.bytes(1, value_);
      } else {
        label.bytes(1, text.name);
      }
      value_.clear();
      append_unescaped(value_, text.value);
      label.bytes(2, value_);
      message.bytes(1, label_);
    }
  }

  /// Adds what lies in part_ as the metric's value of that field.
  void add_metric(const SeriesInfo& series, unsigned field) {
    metric_.clear();
    Message metric{metric_};
    add_labels(metric, labels_of(series));
    metric.bytes(field, part_);
    Message{family_}.bytes(4, metric_);
  }

  std::string family_;
  bool unknown_ = false;
  std::string unit_;
  std::string metric_;
  std::string part_;
  std::string bucket_;
  std::string deltas_;
  std::string exemplar_;
  std::string time_;
  std::string label_;
  std::string value_;
};

}  // namespace

std::unique_ptr<Encoder> make_protobuf_encoder(const PageOptions& options) {
  return std::make_unique<ProtobufEncoder>(options);
}

}  // namespace vitals::exporting
