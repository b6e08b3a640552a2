#include "exporting/encoder.h"
#include "exporting/names.h"
#include "exporting/number.h"

namespace vitals::exporting {

std::string_view type_name(metrics::MetricType type) noexcept {
  switch (type) {
    case metrics::MetricType::kCounter:
      return "counter";
    case metrics::MetricType::kGauge:
      return "gauge";
    case metrics::MetricType::kHistogram:
      return "histogram";
    case metrics::MetricType::kSummary:
      return "summary";
    case metrics::MetricType::kInfo:
      return "info";
    case metrics::MetricType::kStateSet:
      return "stateset";
    case metrics::MetricType::kGaugeHistogram:
      return "gaugehistogram";
    case metrics::MetricType::kUnknown:
      break;
  }
  return "unknown";
}

void append_help(std::string& out, std::string_view help, std::string_view escaped) {
  for (const char c : help) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (escaped.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
}

void append_count(std::string& out, const metrics::CounterView& value) {
  if (value.fraction == 0.0) {
    append_number(out, value.whole);
  } else {
    append_number(out, value.value());
  }
}

void SampleLines::begin_family(std::string_view name, metrics::MetricType type) {
  quoted_ = !is_plain(name, NameOf::kMetric);
  if (quoted_) {
    name_.clear();
    append_quoted(name_, name);
  } else {
    name_.assign(name);
    open_.assign(name_) += '{';
  }
  if (type != metrics::MetricType::kHistogram && type != metrics::MetricType::kGaugeHistogram)
    return;
  bucket_.assign(quoted_ ? "{\"" : "").append(name_).append(quoted_ ? "_bucket\"," : "_bucket{");
  // Not kept from one family to the next: the bounds of a collector's histogram are gone when it
  // has been read, and others may lie at their address.
  bounds_ = {};
  bound_texts_.clear();
}

void SampleLines::begin(std::string_view labels, std::string_view suffix) {
  if (quoted_) {
    out_.append("{\"").append(name_).append(suffix).append(labels.empty() ? "\"" : "\",");
    out_.append(labels).append("} ");
  } else if (labels.empty()) {
    out_.append(name_).append(suffix) += ' ';
  } else if (suffix.empty()) {
    out_.append(open_).append(labels).append("} ");
  } else {
    out_.append(name_).append(suffix).append("{").append(labels).append("} ");
  }
}

void SampleLines::begin_with(std::string_view labels, std::string_view suffix,
                             std::string_view more) {
  if (quoted_) {
    out_.append("{\"").append(name_).append(suffix).append("\",").append(labels);
  } else {
    out_.append(name_).append(suffix).append("{").append(labels);
  }
  if (!labels.empty()) out_ += ',';
  out_.append(more).append("} ");
}

void SampleLines::render_bounds(std::span<const double> bounds) {
  const bool same = bounds.data() == bounds_.data() && bounds.size() == bounds_.size();
  if (same && bound_texts_.size() == bounds.size() + 1) return;
  bounds_ = bounds;
  bound_texts_.clear();
  for (const double bound : bounds) {
    std::string& text = bound_texts_.emplace_back("le=\"");
    append_bound_(text, bound);
    text += "\"} ";
  }
  bound_texts_.emplace_back("le=\"+Inf\"} ");
}

}  // namespace vitals::exporting
