#include "metrics/recorder.h"

#include <utility>

#include "metrics/definition.h"
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
  for (const auto& [name, value] : decode_labels(series.labels)) {
    if (plain_label_name(name)) continue;
    if (rule_ == NameRule::kPlain) {
      throw DefinitionError("metric \"" + family.name + "\": the label \"" + name +
                            "\" is not [a-zA-Z_][a-zA-Z0-9_]*; see Registry::allow_utf8_names()");
    }
    family.utf8_labels = true;
  }
  std::string labels(series.labels);
  if (!seen_.insert(labels).second) return nullptr;
  Sample& sample = family.samples.emplace_back();
  sample.labels = std::move(labels);
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
  const bool only_native = value.native != nullptr && value.bounds.empty();
  const std::span<const double> bounds =
      only_native ? value.bounds : check_bounds(name, value.bounds);
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
    for (const auto& [name, text] : decode_labels(exemplar.labels)) {
      if (!plain_label_name(name)) throw DefinitionError("exemplar: bad label \"" + name + "\"");
    }
    sample.exemplars.push_back({std::string(exemplar.labels), exemplar.value, exemplar.timestamp});
  }
}

void Recorder::drop_open() {
  if (open_) families_.pop_back();
  open_ = false;
}

void Recorder::RecordedFamily::replay(SampleSink& sink) const {
  sink.begin_family(info());
  for (const Sample& sample : samples) {
    const SeriesInfo series{sample.labels, sample.created};
    std::vector<ExemplarView> exemplars;
    for (const Exemplar& exemplar : sample.exemplars)
      exemplars.push_back(exemplar.view());
    switch (type) {
      case MetricType::kCounter:
        sink.counter(series, {sample.whole, sample.value,
                              exemplars.empty() ? ExemplarView{} : exemplars.front()});
        break;
      case MetricType::kGauge:
      case MetricType::kInfo:
      case MetricType::kStateSet:
        sink.gauge(series, sample.value);
        break;
      case MetricType::kHistogram: {
        HistogramView view{sample.bounds, sample.counts, sample.value, exemplars, nullptr};
        NativeView native;
        if (sample.native) {
          native = sample.native->view;
          native.positive = sample.native->positive;
          native.negative = sample.native->negative;
          view.native = &native;
        }
        sink.histogram(series, view);
        break;
      }
      case MetricType::kSummary:
        sink.summary(series, {sample.whole, sample.value, sample.quantiles});
        break;
    }
  }
}

}  // namespace vitals::metrics::detail
