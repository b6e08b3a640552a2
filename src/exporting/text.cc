#include "exporting/encoder.h"
#include "exporting/number.h"

namespace vitals::exporting {
namespace {

using metrics::CounterView;
using metrics::FamilyInfo;
using metrics::HistogramView;
using metrics::MetricType;
using metrics::SeriesInfo;
using metrics::SummaryView;

/// Info and state set are gauges here, and what else it does not know is untyped.
std::string_view known_type(MetricType type) {
  if (type == MetricType::kInfo || type == MetricType::kStateSet)
    return type_name(MetricType::kGauge);
  if (type == MetricType::kUnknown || type == MetricType::kGaugeHistogram) return "untyped";
  return type_name(type);
}

/// Prometheus text 0.0.4, and 1.0.0, which differs by quoted names alone. Source: Prometheus,
/// "Exposition formats".
class TextEncoder final : public Encoder {
 public:
  using Encoder::Encoder;

  void begin_family(const FamilyInfo& family) override {
    take_names(family);
    out_ += "# HELP ";
    append_shown(name());
    out_ += ' ';
    append_help(out_, family.help, "\\");
    out_ += "\n# TYPE ";
    append_shown(name());
    out_.append(" ").append(known_type(family.type)) += '\n';
    lines_.begin_family(name(), family.type);
  }

  void counter(const SeriesInfo& series, const CounterView& value) override {
    if (!readable(value)) return;
    lines_.begin(labels_of(series), "");
    append_count(out_, value);
    out_ += '\n';
  }

  void gauge(const SeriesInfo& series, double value) override {
    if (!readable(series, value)) return;
    lines_.begin(labels_of(series), "");
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
      out_ += '\n';
    }
    sum_and_count(labels, value.sum, below);
  }

  void summary(const SeriesInfo& series, const SummaryView& value) override {
    const std::string_view labels = labels_of(series);
    for (std::size_t i = 0; i < value.quantiles.size(); ++i) {
      if (!readable(value, i)) continue;
      const SummaryView::Quantile& quantile = value.quantiles[i];
      label_.assign("quantile=\"");
      append_bound(label_, quantile.quantile);
      label_ += '"';
      lines_.begin_with(labels, "", label_);
      append_number(out_, quantile.value);
      out_ += '\n';
    }
    sum_and_count(labels, value.sum, value.count);
  }

 private:
  void sum_and_count(std::string_view labels, double sum, std::uint64_t count) {
    lines_.begin(labels, "_sum");
    append_number(out_, sum);
    out_ += '\n';
    lines_.begin(labels, "_count");
    append_number(out_, count);
    out_ += '\n';
  }

  SampleLines lines_{out_, &append_bound};
  std::string label_;
};

}  // namespace

std::unique_ptr<Encoder> make_text_encoder(const PageOptions& options) {
  return std::make_unique<TextEncoder>(options);
}

}  // namespace vitals::exporting
