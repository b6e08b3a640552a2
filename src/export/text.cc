#include "vitals/export/text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <vector>

#include "export/number.h"
#include "vitals/metrics/registry.h"
#include "vitals/metrics/sample_sink.h"

namespace vitals::exporting {
namespace {

using metrics::FamilyInfo;
using metrics::HistogramView;
using metrics::MetricType;
using metrics::SeriesInfo;

std::string_view type_name(MetricType type) {
  switch (type) {
    case MetricType::kCounter:
      return "counter";
    case MetricType::kGauge:
      return "gauge";
    case MetricType::kHistogram:
      return "histogram";
  }
  return "untyped";
}

class TextSink final : public metrics::SampleSink {
 public:
  TextSink(std::string& out, std::span<const std::string> only) : out_(out), only_(only) {}

  bool wants(const FamilyInfo& family) override {
    if (only_.empty()) return true;
    return std::ranges::any_of(only_, [&](std::string_view name) {
      if (!name.starts_with(family.name)) return false;
      const std::string_view suffix = name.substr(family.name.size());
      return suffix.empty() || (family.type == MetricType::kHistogram &&
                                (suffix == "_bucket" || suffix == "_sum" || suffix == "_count"));
    });
  }

  void begin_family(const FamilyInfo& family) override {
    out_.append("# HELP ").append(family.name) += ' ';
    for (const char c : family.help) {
      if (c == '\\') {
        out_ += "\\\\";
      } else if (c == '\n') {
        out_ += "\\n";
      } else {
        out_ += c;
      }
    }
    out_.append("\n# TYPE ").append(family.name).append(" ").append(type_name(family.type));
    out_ += '\n';
    name_.assign(family.name);
    open_.assign(name_) += '{';
    if (family.type == MetricType::kHistogram) {
      bucket_.assign(name_).append("_bucket{");
      // Not kept from one family to the next: the bounds of a collector's histogram are gone when
      // it has been read, and others may lie at their address.
      bounds_ = {};
    }
  }

  void counter(const SeriesInfo& series, std::uint64_t whole, double fraction) override {
    begin_sample(series, "");
    if (fraction == 0.0) {
      append_number(out_, whole);
    } else {
      append_number(out_, static_cast<double>(whole) + fraction);
    }
    out_ += '\n';
  }

  void gauge(const SeriesInfo& series, double value) override {
    begin_sample(series, "");
    append_number(out_, value);
    out_ += '\n';
  }

  void histogram(const SeriesInfo& series, const HistogramView& value) override {
    render_bounds(value.bounds);
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < value.counts.size(); ++i) {
      below += value.counts[i];
      out_.append(bucket_).append(series.labels);
      if (!series.labels.empty()) out_ += ',';
      out_.append(bound_texts_[i]);
      append_number(out_, below);
      out_ += '\n';
    }
    begin_sample(series, "_sum");
    append_number(out_, value.sum);
    out_ += '\n';
    begin_sample(series, "_count");
    append_number(out_, below);
    out_ += '\n';
  }

 private:
  void begin_sample(const SeriesInfo& series, std::string_view suffix) {
    if (series.labels.empty()) {
      out_.append(name_).append(suffix) += ' ';
    } else if (suffix.empty()) {
      out_.append(open_).append(series.labels).append("} ");
    } else {
      out_.append(name_).append(suffix).append("{").append(series.labels).append("} ");
    }
  }

  /// The `le` of each bucket, once for all series that share their bounds.
  void render_bounds(std::span<const double> bounds) {
    if (bounds.data() == bounds_.data() && bounds.size() == bounds_.size() && !bounds.empty()) {
      return;
    }
    bounds_ = bounds;
    bound_texts_.clear();
    for (const double bound : bounds) {
      std::string& text = bound_texts_.emplace_back("le=\"");
      append_bound(text, bound);
      text += "\"} ";
    }
    bound_texts_.emplace_back("le=\"+Inf\"} ");
  }

  std::string& out_;
  const std::span<const std::string> only_;
  std::string name_;
  std::string open_;    // name{
  std::string bucket_;  // name_bucket{
  std::span<const double> bounds_;
  std::vector<std::string> bound_texts_;
};

}  // namespace

void append_number(std::string& out, std::uint64_t value) {
  char text[20];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  out.append(text, end);
}

void append_number(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
  } else {
    char text[32];
    const auto end = std::to_chars(text, text + sizeof text, value).ptr;
    out.append(text, end);
  }
}

void append_bound(std::string& out, double value) {
  char text[32];
  const auto scientific =
      std::to_chars(text, text + sizeof text, value, std::chars_format::scientific).ptr;
  const char* mark = std::find(text, scientific, 'e');
  int exponent = 0;
  std::from_chars(mark[1] == '+' ? mark + 2 : mark + 1, scientific, exponent);
  // The series of a bucket is found by this text, so it is written as Go's %g does for the official
  // clients: 0.0001 and 100000, but 1e-05 and 1e+06.
  if (exponent < -4 || exponent >= 6) {
    out.append(text, scientific);
    return;
  }
  const auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::fixed).ptr;
  out.append(text, end);
}

void write_text(const metrics::Registry& registry, std::string& out,
                std::span<const std::string> only) {
  TextSink sink(out, only);
  registry.collect(sink);
}

}  // namespace vitals::exporting
