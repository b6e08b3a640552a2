#include "exporting/encoder.h"

#include <algorithm>
#include <cmath>

#include "exporting/names.h"

namespace vitals::exporting {
namespace {

using metrics::MetricType;

/// Source: OpenMetrics 1.0.0, "Exemplars".
constexpr std::size_t kMaxExemplar = 128;

/// What is put behind the name of a family, as OpenMetrics has it, for its samples.
std::span<const std::string_view> suffixes(MetricType type) noexcept {
  static constexpr std::string_view kCounter[] = {"", "_total", "_created"};
  static constexpr std::string_view kHistogram[] = {"", "_bucket", "_count", "_sum", "_created"};
  static constexpr std::string_view kSummary[] = {"", "_count", "_sum", "_created"};
  static constexpr std::string_view kInfo[] = {"", "_info"};
  static constexpr std::string_view kGaugeHistogram[] = {"",      "_bucket", "_gcount",
                                                         "_gsum", "_count",  "_sum"};
  static constexpr std::string_view kOwn[] = {""};
  switch (type) {
    case MetricType::kCounter:
      return kCounter;
    case MetricType::kHistogram:
      return kHistogram;
    case MetricType::kSummary:
      return kSummary;
    case MetricType::kInfo:
      return kInfo;
    case MetricType::kGaugeHistogram:
      return kGaugeHistogram;
    case MetricType::kGauge:
    case MetricType::kStateSet:
    case MetricType::kUnknown:
      break;
  }
  return kOwn;
}

/// Whether the text is the name of the family or of its samples in one of the formats.
bool is_name_of(std::string_view text, std::string_view family, MetricType type) noexcept {
  family.remove_suffix(own_suffix(family, type).size());
  if (!text.starts_with(family)) return false;
  return std::ranges::find(suffixes(type), text.substr(family.size())) != suffixes(type).end();
}

std::size_t characters(std::string_view text) noexcept {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

bool is_short(std::string_view labels) {
  if (labels.size() <= kMaxExemplar) return true;
  std::size_t length = 0;
  std::string value;
  while (!labels.empty()) {
    const LabelText label = take_label(labels);
    value.clear();
    append_unescaped(value, label.value);
    length += characters(label.name) + characters(value);
  }
  return length <= kMaxExemplar;
}

}  // namespace

std::string_view own_suffix(std::string_view name, MetricType type) noexcept {
  // Without it something must be left.
  const auto has = [name](std::string_view suffix) {
    return name.size() > suffix.size() && name.ends_with(suffix);
  };
  if (type == MetricType::kCounter && has("_total")) return "_total";
  return type == MetricType::kInfo && has("_info") ? "_info" : "";
}

bool may_tell_unit(const metrics::FamilyInfo& family, std::string_view base) noexcept {
  const std::string_view unit = family.unit;
  // An info and a state set have none, whatever a collector says.
  if (family.type == MetricType::kInfo || family.type == MetricType::kStateSet) return false;
  if (unit.empty() || !base.ends_with(unit)) return false;
  base.remove_suffix(unit.size());
  // It goes without quotes and escapes.
  return base.ends_with('_') && std::none_of(unit.begin(), unit.end(), [](char c) {
           return (static_cast<unsigned char>(c) <= 0x20) || c == '"' || c == '\\' || c == 0x7f;
         });
}

bool Encoder::wants(const metrics::FamilyInfo& family) {
  if (only_.empty()) return true;
  const auto is_asked_for = [&](std::string_view name) {
    return std::ranges::any_of(
        only_, [&](std::string_view asked) { return is_name_of(asked, name, family.type); });
  };
  if (is_asked_for(family.name)) return true;
  scratch_.clear();
  append_name(scratch_, family.name, NameOf::kMetric, escaping_);
  return scratch_ != family.name && is_asked_for(scratch_);
}

void Encoder::take_names(const metrics::FamilyInfo& family) {
  name_.clear();
  append_name(name_, family.name, NameOf::kMetric, escaping_);
  type_ = family.type;
  quoted_ = !is_plain(name_, NameOf::kMetric);
  escapes_labels_ =
      escaping_ == Escaping::kDots || (escaping_ != Escaping::kAllowUtf8 && family.utf8_labels);
  if (type_ != MetricType::kStateSet) return;
  const bool plain = is_plain(family.name, NameOf::kLabel);
  state_label_.assign(plain ? "," : ",\"");
  append_quoted(state_label_, family.name);
  state_label_ += plain ? "=\"" : "\"=\"";
}

void Encoder::append_shown(std::string_view name) {
  if (!quoted_) {
    out_ += name;
    return;
  }
  out_ += '"';
  append_quoted(out_, name);
  out_ += '"';
}

std::string_view Encoder::escaped(std::string_view labels) {
  labels_.clear();
  while (!labels.empty()) {
    const LabelText label = take_label(labels);
    if (!labels_.empty()) labels_ += ',';
    if (label.quoted_name) {
      scratch_.clear();
      append_unescaped(scratch_, label.name);
      append_name(labels_, scratch_, NameOf::kLabel, escaping_);
    } else {
      append_name(labels_, label.name, NameOf::kLabel, escaping_);
    }
    labels_.append("=\"").append(label.value) += '"';
  }
  return labels_;
}

bool Encoder::readable(const metrics::CounterView& value) noexcept {
  if (value.fraction >= 0.0 || static_cast<double>(value.whole) + value.fraction >= 0.0) {
    return true;
  }
  leave_out();
  return false;
}

bool Encoder::readable(const metrics::SeriesInfo& series, double value) noexcept {
  if (type_ == MetricType::kGauge || type_ == MetricType::kUnknown) return true;
  bool right = value == 1.0;
  if (type_ == MetricType::kStateSet) {
    const std::string_view label = std::string_view{state_label_}.substr(1);
    right = (right || value == 0.0) && (series.labels.starts_with(label) ||
                                        series.labels.find(state_label_) != std::string_view::npos);
  }
  if (!right) leave_out();
  return right;
}

bool Encoder::readable(const metrics::SummaryView& summary, std::size_t i) noexcept {
  const double quantile = summary.quantiles[i].quantile;
  const auto before = summary.quantiles.first(i);
  if (quantile >= 0.0 && quantile <= 1.0 &&
      std::ranges::find(before, quantile, &metrics::SummaryView::Quantile::quantile) ==
          before.end()) {
    return true;
  }
  leave_out();
  return false;
}

metrics::ExemplarView Encoder::readable(const metrics::ExemplarView& exemplar) {
  if (!exemplar) return exemplar;
  const bool timely = exemplar.timestamp >= 0.0 && exemplar.timestamp < kTimestampsEnd;
  if (timely && is_short(exemplar.labels)) return exemplar;
  leave_out();
  return {};
}

metrics::ExemplarView Encoder::readable(const metrics::HistogramView& histogram,
                                        std::size_t bucket) {
  if (histogram.exemplars.empty()) return {};
  const metrics::ExemplarView& exemplar = histogram.exemplars[bucket];
  if (!exemplar) return exemplar;
  const bool above = bucket == 0 || exemplar.value > histogram.bounds[bucket - 1];
  const bool below =
      bucket == histogram.bounds.size() || exemplar.value <= histogram.bounds[bucket];
  if (above && below && !std::isnan(exemplar.value)) return readable(exemplar);
  leave_out();
  return {};
}

}  // namespace vitals::exporting
