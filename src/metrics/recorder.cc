#include "metrics/recorder.h"

#include <utility>

#include "metrics/definition.h"

namespace vitals::metrics::detail {

void Recorder::begin_family(const FamilyInfo& family) {
  open_ = false;  // a new family means that the one before is whole
  check_family(family);
  seen_.clear();
  families_.push_back({std::string(family.name),
                       std::string(family.help),
                       std::string(family.unit),
                       family.type,
                       {}});
  open_ = true;
}

Recorder::Sample* Recorder::add(const SeriesInfo& series, MetricType type) {
  if (!open_) throw DefinitionError("a collector gave a sample before its family");
  RecordedFamily& family = families_.back();
  if (family.type != type) {
    throw DefinitionError("metric \"" + family.name + "\": a sample of another type");
  }
  (void)decode_labels(series.labels);  // throws when somebody wrote the text by hand, and wrongly
  std::string labels(series.labels);
  if (!seen_.insert(labels).second) return nullptr;
  family.samples.push_back({.labels = std::move(labels), .bounds = {}, .counts = {}});
  return &family.samples.back();
}

void Recorder::counter(const SeriesInfo& series, std::uint64_t whole, double fraction) {
  if (Sample* sample = add(series, MetricType::kCounter)) {
    sample->whole = whole;
    sample->value = fraction;
  }
}

void Recorder::gauge(const SeriesInfo& series, double value) {
  if (Sample* sample = add(series, MetricType::kGauge)) sample->value = value;
}

void Recorder::histogram(const SeriesInfo& series, const HistogramView& value) {
  const std::string_view name =
      open_ ? std::string_view{families_.back().name} : std::string_view{};
  if (check_bounds(name, value.bounds).size() + 1 != value.counts.size()) {
    throw DefinitionError("metric \"" + std::string(name) +
                          "\": a histogram has one count more than it has finite bounds");
  }
  if (Sample* sample = add(series, MetricType::kHistogram)) {
    sample->value = value.sum;
    sample->bounds.assign(value.bounds.begin(), value.bounds.end());
    sample->counts.assign(value.counts.begin(), value.counts.end());
  }
}

void Recorder::drop_open() {
  if (open_) families_.pop_back();
  open_ = false;
}

void Recorder::RecordedFamily::replay(SampleSink& sink) const {
  sink.begin_family(info());
  for (const Sample& sample : samples) {
    const SeriesInfo series{sample.labels};
    switch (type) {
      case MetricType::kCounter:
        sink.counter(series, sample.whole, sample.value);
        break;
      case MetricType::kGauge:
        sink.gauge(series, sample.value);
        break;
      case MetricType::kHistogram:
        sink.histogram(series, {sample.bounds, sample.counts, sample.value});
        break;
    }
  }
}

}  // namespace vitals::metrics::detail
