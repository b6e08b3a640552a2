#include <algorithm>
#include <cmath>

#include "exporting/encoder.h"
#include "exporting/number.h"

namespace vitals::exporting {
namespace {

using metrics::CounterView;
using metrics::ExemplarView;
using metrics::FamilyInfo;
using metrics::HistogramView;
using metrics::MetricType;
using metrics::SeriesInfo;
using metrics::SummaryView;

/// OpenMetrics text 1.0.0. Source: OpenMetrics 1.0.0, "Text format".
class OpenMetricsEncoder final : public Encoder {
 public:
  using Encoder::Encoder;

  void begin_family(const FamilyInfo& family) override {
    take_names(family);
    suffix_ = own_suffix(family.name, family.type);
    // A counter's samples end in _total here, and an info's in _info: one whose name does not is of
    // no type that this format knows.
    nameless_ = suffix_.empty() &&
                (family.type == MetricType::kCounter || family.type == MetricType::kInfo);
    gauges_ = family.type == MetricType::kGaugeHistogram;
    const std::string_view base =
        std::string_view{name()}.substr(0, name().size() - suffix_.size());
    out_ += "# TYPE ";
    append_shown(base);
    out_.append(" ").append(type_name(nameless_ ? MetricType::kUnknown : family.type)) += '\n';
    if (may_tell_unit(family, base)) {
      out_ += "# UNIT ";
      append_shown(base);
      out_.append(" ").append(family.unit) += '\n';
    }
    out_ += "# HELP ";
    append_shown(base);
    out_ += ' ';
    append_help(out_, family.help, "\\\"");
    out_ += '\n';
    lines_.begin_family(base, family.type);
  }

  void counter(const SeriesInfo& series, const CounterView& value) override {
    if (!readable(value)) return;
    const std::string_view labels = labels_of(series);
    lines_.begin(labels, suffix_);
    append_count(out_, value);
    // What has no type has neither of them.
    end_with(nameless_ ? ExemplarView{} : readable(value.exemplar));
    if (!nameless_) created(labels, series.created);
  }

  void gauge(const SeriesInfo& series, double value) override {
    if (!readable(series, value)) return;
    lines_.begin(labels_of(series), suffix_);
    append_number(out_, value);
    out_ += '\n';
  }

  void histogram(const SeriesInfo& series, const HistogramView& value) override {
    lines_.render_bounds(value.bounds);
    const std::string_view labels = labels_of(series);
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < value.counts.size(); ++i) {
      below += value.counts[i];
      lines_.begin_bucket(labels, i);
      append_number(out_, below);
      end_with(readable(value, i));
    }
    const bool negative_buckets = !value.bounds.empty() && value.bounds.front() < 0;
    if (gauges_) {
      // Below 0 beside negative buckets alone, never NaN; and no count without a sum.
      // Source: OpenMetrics 1.0.0, "GaugeHistogram".
      if (!is_total(negative_buckets ? std::abs(value.sum) : value.sum)) return;
      lines_.begin(labels, "_gcount");
      append_number(out_, below);
      out_ += '\n';
      lines_.begin(labels, "_gsum");
      append_number(out_, value.sum);
      out_ += '\n';
      return;
    }
    // No sum with negative buckets, and no count without a sum.
    // Source: OpenMetrics 1.0.0, "Histogram".
    if (!negative_buckets && is_total(value.sum)) {
      lines_.begin(labels, "_count");
      append_number(out_, below);
      out_ += '\n';
      sum(labels, value.sum);
    }
    created(labels, series.created);
  }

  void summary(const SeriesInfo& series, const SummaryView& value) override {
    const std::string_view labels = labels_of(series);
    for (std::size_t i = 0; i < value.quantiles.size(); ++i) {
      if (!readable(value, i)) continue;
      const SummaryView::Quantile& quantile = value.quantiles[i];
      if (quantile.value < 0.0) {
        leave_out();
        continue;
      }
      label_.assign("quantile=\"");
      append_canonical(label_, quantile.quantile);
      label_ += '"';
      lines_.begin_with(labels, "", label_);
      append_number(out_, quantile.value);
      out_ += '\n';
    }
    lines_.begin(labels, "_count");
    append_number(out_, value.count);
    out_ += '\n';
    if (is_total(value.sum)) sum(labels, value.sum);
    created(labels, series.created);
  }

  void finish() override { out_ += "# EOF\n"; }

 private:
  /// Whether a sum may be shown: it is a counter to this format. What may not is counted.
  [[nodiscard]] bool is_total(double value) noexcept {
    if (value >= 0.0) return true;
    leave_out();
    return false;
  }

  void sum(std::string_view labels, double value) {
    lines_.begin(labels, "_sum");
    append_number(out_, value);
    out_ += '\n';
  }

  void created(std::string_view labels, double seconds) {
    if (!(seconds > 0.0) || !std::isfinite(seconds)) return;
    lines_.begin(labels, "_created");
    append_number(out_, seconds);
    out_ += '\n';
  }

  void end_with(const ExemplarView& exemplar) {
    if (exemplar) {
      out_.append(" # {").append(exemplar.labels).append("} ");
      append_number(out_, exemplar.value);
      out_ += ' ';
      append_number(out_, exemplar.timestamp);
    }
    out_ += '\n';
  }

  SampleLines lines_{out_, &append_canonical};
  std::string_view suffix_;
  bool nameless_ = false;  // a counter or info whose name does not say so
  bool gauges_ = false;    // a histogram whose counts may fall
  std::string label_;
};

}  // namespace

std::unique_ptr<Encoder> make_openmetrics_encoder(const PageOptions& options) {
  return std::make_unique<OpenMetricsEncoder>(options);
}

}  // namespace vitals::exporting
