#include "export/encoder.h"
#include "export/number.h"

namespace vitals::exporting {
namespace {

using metrics::CounterView;
using metrics::FamilyInfo;
using metrics::HistogramView;
using metrics::MetricType;
using metrics::SeriesInfo;
using metrics::SummaryView;

/// Info and state set are gauges here.
std::string_view known_type(MetricType type) {
  const bool known = type != MetricType::kInfo && type != MetricType::kStateSet;
  return type_name(known ? type : MetricType::kGauge);
}

/// Prometheus text 0.0.4. Source: Prometheus, "Exposition formats".
class TextEncoder final : public Encoder {
 public:
  using Encoder::Encoder;

  void begin_family(const FamilyInfo& family) override {
    out_.append("# HELP ").append(family.name) += ' ';
    append_help(out_, family.help, "\\");
    out_.append("\n# TYPE ").append(family.name).append(" ").append(known_type(family.type));
    out_ += '\n';
    lines_.begin_family(family.name, family.type);
  }

  void counter(const SeriesInfo& series, const CounterView& value) override {
    lines_.begin(series.labels, "");
    append_count(out_, value);
    out_ += '\n';
  }

  void gauge(const SeriesInfo& series, double value) override {
    lines_.begin(series.labels, "");
    append_number(out_, value);
    out_ += '\n';
  }

  void histogram(const SeriesInfo& series, const HistogramView& value) override {
    lines_.render_bounds(value.bounds);
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < value.counts.size(); ++i) {
      below += value.counts[i];
      lines_.begin_bucket(series.labels, i);
      append_number(out_, below);
      out_ += '\n';
    }
    sum_and_count(series, value.sum, below);
  }

  void summary(const SeriesInfo& series, const SummaryView& value) override {
    for (const SummaryView::Quantile& quantile : value.quantiles) {
      label_.assign("quantile=\"");
      append_bound(label_, quantile.quantile);
      label_ += '"';
      lines_.begin_with(series.labels, "", label_);
      append_number(out_, quantile.value);
      out_ += '\n';
    }
    sum_and_count(series, value.sum, value.count);
  }

 private:
  void sum_and_count(const SeriesInfo& series, double sum, std::uint64_t count) {
    lines_.begin(series.labels, "_sum");
    append_number(out_, sum);
    out_ += '\n';
    lines_.begin(series.labels, "_count");
    append_number(out_, count);
    out_ += '\n';
  }

  SampleLines lines_{out_, &append_bound};
  std::string label_;
};

}  // namespace

std::unique_ptr<Encoder> make_text_encoder(std::string& out, std::span<const std::string> only) {
  return std::make_unique<TextEncoder>(out, only);
}

}  // namespace vitals::exporting
