#include "metrics/recorder.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "metrics/definition.h"
#include "metrics/label_text.h"
#include "metrics/native_cells.h"
#include "vitals/metrics/label.h"

namespace vitals::metrics::detail {
namespace {

/// Whether native buckets are such as readers take, and hold as many observations as the classic
/// ones beside them. Source: Prometheus, "Native histograms".
bool is_sound(const NativeView& native, std::uint64_t count) noexcept {
  constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();  // that they can count
  if (native.schema < kCoarsestSchema || native.schema > kFinestSchema || count > kMost ||
      !(native.zero_threshold >= 0.0) || std::isinf(native.zero_threshold) ||
      native.zero_count > count) {
    return false;
  }
  const std::int32_t last = native_key(std::numeric_limits<double>::infinity(), native.schema);
  std::uint64_t left = count - native.zero_count;
  for (const std::span<const NativeView::Bucket> side : {native.positive, native.negative}) {
    std::int32_t least = native_key(std::numeric_limits<double>::denorm_min(), native.schema);
    for (const NativeView::Bucket& bucket : side) {
      if (bucket.key < least || bucket.key > last || bucket.count > left) return false;
      least = bucket.key + 1;
      left -= bucket.count;
    }
  }
  return left == 0;
}

}  // namespace

void Recorder::begin_family(const FamilyInfo& family) {
  open_ = false;  // a new family means that the one before is whole
  std::string name = std::string(options_.prefix) + std::string(family.name);
  check_family({name, family.help, family.type, family.unit, false, family.any_name},
               options_.rule);
  seen_.clear();
  families_.push_back({std::move(name),
                       std::string(family.help),
                       std::string(family.unit),
                       family.type,
                       {},
                       false,
                       family.any_name});
  open_ = true;
}

Recorder::Sample* Recorder::add(const SeriesInfo& series, bool fits) {
  if (!open_) throw DefinitionError("a collector gave a sample before its family");
  RecordedFamily& family = families_.back();
  if (!fits) throw DefinitionError("metric \"" + family.name + "\": a sample of another type");
  std::string labels(options_.labels);
  if (!labels.empty() && !series.labels.empty()) labels += ',';
  labels += series.labels;
  // Throws when somebody wrote the text by hand, and wrongly.
  auto decoded = decode_labels(labels);
  for (const auto& [name, value] : decoded) {
    if (plain_label_name(name)) continue;
    if (options_.rule == NameRule::kPlain) {
      throw DefinitionError("metric \"" + family.name + "\": the label \"" + name +
                            "\" is not [a-zA-Z_][a-zA-Z0-9_]*; see Registry::allow_utf8_names()");
    }
    family.utf8_labels = true;
  }
  std::ranges::sort(decoded);
  const auto twice = std::ranges::adjacent_find(
      decoded, [](const auto& one, const auto& next) { return one.first == next.first; });
  if (twice != decoded.end()) {
    throw DefinitionError("metric \"" + family.name + "\": the label \"" + twice->first +
                          "\" is given twice");
  }
  // A label without a value is as if it were not there. Source: Prometheus, "Data model".
  std::erase_if(decoded, [](const auto& label) { return label.second.empty(); });
  std::string key;
  for (const auto& [name, value] : decoded)
    append_label(key, name, value);
  if (!seen_.insert(key).second) {
    note(duplicates_);
    return nullptr;
  }
  Sample& sample = family.samples.emplace_back();
  sample.labels = std::move(labels);
  sample.key = std::move(key);
  sample.created = series.created;
  return &sample;
}

bool Recorder::is_of(MetricType type) const {
  return open_ && families_.back().type == type;
}

void Recorder::counter(const SeriesInfo& series, const CounterView& value) {
  Sample* const sample = add(series, is_of(MetricType::kCounter));
  if (sample == nullptr) return;
  sample->whole = value.whole;
  sample->value = value.fraction;
  keep_exemplars(*sample, {&value.exemplar, value.exemplar ? 1U : 0U});
}

void Recorder::gauge(const SeriesInfo& series, double value) {
  const bool fits = is_of(MetricType::kGauge) || is_of(MetricType::kInfo) ||
                    is_of(MetricType::kStateSet) || is_of(MetricType::kUnknown);
  if (Sample* sample = add(series, fits)) sample->value = value;
}

void Recorder::histogram(const SeriesInfo& series, const HistogramView& value) {
  const std::string_view name =
      open_ ? std::string_view{families_.back().name} : std::string_view{};
  const std::span<const double> bounds = check_bounds(name, value.bounds);
  if (bounds.size() + 1 != value.counts.size()) {
    throw DefinitionError("metric \"" + std::string(name) +
                          "\": a histogram has one count more than it has finite bounds");
  }
  if (!value.exemplars.empty() && value.exemplars.size() != value.counts.size()) {
    throw DefinitionError("metric \"" + std::string(name) +
                          "\": a histogram has an exemplar for each count, or none");
  }
  Sample* const sample =
      add(series, is_of(MetricType::kHistogram) || is_of(MetricType::kGaugeHistogram));
  if (sample == nullptr) return;
  sample->value = value.sum;
  sample->bounds.assign(bounds.begin(), bounds.end());
  sample->counts.assign(value.counts.begin(), value.counts.end());
  keep_exemplars(*sample, value.exemplars);
  if (value.native == nullptr) return;
  const NativeView& native = *value.native;
  if (!is_sound(native, value.count())) return note(unsound_);
  sample->native = Native{native,
                          {native.positive.begin(), native.positive.end()},
                          {native.negative.begin(), native.negative.end()}};
}

void Recorder::summary(const SeriesInfo& series, const SummaryView& value) {
  Sample* const sample = add(series, is_of(MetricType::kSummary));
  if (sample == nullptr) return;
  sample->whole = value.count;
  sample->value = value.sum;
  sample->quantiles.assign(value.quantiles.begin(), value.quantiles.end());
}

void Recorder::keep_exemplars(Sample& sample, std::span<const ExemplarView> exemplars) {
  for (const ExemplarView& exemplar : exemplars) {
    const auto labels = decode_labels(exemplar.labels);
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const std::string& name = labels[i].first;
      if (!plain_label_name(name)) throw DefinitionError("exemplar: bad label \"" + name + "\"");
      for (std::size_t j = 0; j < i; ++j) {
        if (labels[j].first == name)
          throw DefinitionError("exemplar: the label \"" + name + "\" is given twice");
      }
    }
    sample.exemplars.push_back({std::string(exemplar.labels), exemplar.value, exemplar.timestamp});
  }
}

void Recorder::note(Faulty& faulty) const {
  ++faulty.count;
  faulty.family = families_.back().name;
}

void Recorder::drop_open() {
  if (open_) families_.pop_back();
  open_ = false;
}

void Recorder::Sample::replay(MetricType type, SampleSink& sink) const {
  const SeriesInfo series{labels, created};
  std::vector<ExemplarView> views;
  for (const Exemplar& exemplar : exemplars)
    views.push_back(exemplar.view());
  switch (type) {
    case MetricType::kCounter:
      sink.counter(series, {whole, value, views.empty() ? ExemplarView{} : views.front()});
      break;
    case MetricType::kGauge:
    case MetricType::kInfo:
    case MetricType::kStateSet:
    case MetricType::kUnknown:
      sink.gauge(series, value);
      break;
    case MetricType::kGaugeHistogram:
    case MetricType::kHistogram: {
      HistogramView view{bounds, counts, value, views, nullptr};
      NativeView sparse;
      if (native) {
        sparse = native->view;
        sparse.positive = native->positive;
        sparse.negative = native->negative;
        view.native = &sparse;
      }
      sink.histogram(series, view);
      break;
    }
    case MetricType::kSummary:
      sink.summary(series, {whole, value, quantiles});
      break;
  }
}

}  // namespace vitals::metrics::detail
