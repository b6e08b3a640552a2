#include "metrics/recorder.h"

#include <algorithm>
#include <utility>

#include "metrics/definition.h"
#include "metrics/label_text.h"
#include "vitals/metrics/label.h"

namespace vitals::metrics::detail {

void Recorder::begin_family(const FamilyInfo& family) {
  open_ = false;  // a new family means that the one before is whole
  check_family(family, rule_);
  seen_.clear();
  families_.push_back({std::string(family.name),
                       std::string(family.help),
                       std::string(family.unit),
                       family.type,
                       {},
                       false});
  open_ = true;
}

Recorder::Sample* Recorder::add(const SeriesInfo& series, bool fits) {
  if (!open_) throw DefinitionError("a collector gave a sample before its family");
  RecordedFamily& family = families_.back();
  if (!fits) throw DefinitionError("metric \"" + family.name + "\": a sample of another type");
  // Throws when somebody wrote the text by hand, and wrongly.
  auto decoded = decode_labels(series.labels);
  for (const auto& [name, value] : decoded) {
    if (plain_label_name(name)) continue;
    if (rule_ == NameRule::kPlain) {
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
    ++duplicates_;
    duplicate_of_ = family.name;
    return nullptr;
  }
  Sample& sample = family.samples.emplace_back();
  sample.labels = std::string(series.labels);
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
  const bool fits =
      is_of(MetricType::kGauge) || is_of(MetricType::kInfo) || is_of(MetricType::kStateSet);
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
  Sample* const sample = add(series, is_of(MetricType::kHistogram));
  if (sample == nullptr) return;
  sample->value = value.sum;
  sample->bounds.assign(bounds.begin(), bounds.end());
  sample->counts.assign(value.counts.begin(), value.counts.end());
  keep_exemplars(*sample, value.exemplars);
  if (value.native == nullptr) return;
  const NativeView& native = *value.native;
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
      sink.gauge(series, value);
      break;
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
