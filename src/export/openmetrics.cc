#include "export/encoder.h"
#include "export/number.h"

namespace vitals::exporting {
namespace {

using metrics::CounterView;
using metrics::ExemplarView;
using metrics::FamilyInfo;
using metrics::HistogramView;
using metrics::MetricType;
using metrics::SeriesInfo;
using metrics::SummaryView;

/// What the samples of a family have behind its name.
std::string_view suffix_of(MetricType type) {
  if (type == MetricType::kCounter) return "_total";
  return type == MetricType::kInfo ? "_info" : "";
}

/// OpenMetrics text 1.0.0. Source: OpenMetrics 1.0.0, "Text format".
class OpenMetricsEncoder final : public Encoder {
 public:
  using Encoder::Encoder;

  void begin_family(const FamilyInfo& family) override {
    suffix_ = suffix_of(family.type);
    const std::string_view name = family.name.substr(0, family.name.size() - suffix_.size());
    out_.append("# TYPE ").append(name).append(" ").append(type_name(family.type)) += '\n';
    if (!family.unit.empty()) {
      out_.append("# UNIT ").append(name).append(" ").append(family.unit) += '\n';
    }
    out_.append("# HELP ").append(name) += ' ';
    append_help(out_, family.help, "\\\"");
    out_ += '\n';
    lines_.begin_family(name, family.type);
  }

  void counter(const SeriesInfo& series, const CounterView& value) override {
    lines_.begin(series.labels, suffix_);
    append_count(out_, value);
    end_with(value.exemplar);
    created(series);
  }

  void gauge(const SeriesInfo& series, double value) override {
    lines_.begin(series.labels, suffix_);
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
      end_with(value.exemplars.empty() ? ExemplarView{} : value.exemplars[i]);
    }
    if (!value.bounds.empty() && value.bounds.front() < 0) {
      // No sum with negative buckets, and no count without a sum.
      // Source: OpenMetrics 1.0.0, "Histogram".
      created(series);
      return;
    }
    count_and_sum(series, below, value.sum);
  }

  void summary(const SeriesInfo& series, const SummaryView& value) override {
    for (const SummaryView::Quantile& quantile : value.quantiles) {
      label_.assign("quantile=\"");
      append_canonical(label_, quantile.quantile);
      label_ += '"';
      lines_.begin_with(series.labels, "", label_);
      append_number(out_, quantile.value);
      out_ += '\n';
    }
    count_and_sum(series, value.count, value.sum);
  }

  void finish() override { out_ += "# EOF\n"; }

 private:
  void count_and_sum(const SeriesInfo& series, std::uint64_t count, double sum) {
    lines_.begin(series.labels, "_count");
    append_number(out_, count);
    out_ += '\n';
    lines_.begin(series.labels, "_sum");
    append_number(out_, sum);
    out_ += '\n';
    created(series);
  }

  void created(const SeriesInfo& series) {
    if (series.created == 0.0) return;
    lines_.begin(series.labels, "_created");
    append_number(out_, series.created);
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
  std::string label_;
};

}  // namespace

std::unique_ptr<Encoder> make_openmetrics_encoder(std::string& out,
                                                  std::span<const std::string> only) {
  return std::make_unique<OpenMetricsEncoder>(out, only);
}

}  // namespace vitals::exporting
