#include "vitals/testing/snapshot.h"

#include <algorithm>
#include <cstdint>

#include "exporting/number.h"
#include "vitals/metrics/registry.h"
#include "vitals/metrics/sample_sink.h"

namespace vitals::testing {

class Snapshot::Reader final : public metrics::SampleSink {
 public:
  explicit Reader(Snapshot& into) : into_(into) {}

  void begin_family(const metrics::FamilyInfo& family) override {
    name_ = family.name;
    into_.families_.push_back(name_);
  }
  void counter(const metrics::SeriesInfo& series, const metrics::CounterView& value) override {
    add(name_, labels(series), value.value());
  }
  void gauge(const metrics::SeriesInfo& series, double value) override {
    add(name_, labels(series), value);
  }
  void histogram(const metrics::SeriesInfo& series, const metrics::HistogramView& value) override {
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < value.counts.size(); ++i) {
      below += value.counts[i];
      std::string bound;
      if (i < value.bounds.size()) {
        exporting::append_bound(bound, value.bounds[i]);
      } else {
        bound = "+Inf";
      }
      LabelMap with_bound = labels(series);
      with_bound["le"] = bound;
      add(name_ + "_bucket", std::move(with_bound), static_cast<double>(below));
    }
    add(name_ + "_sum", labels(series), value.sum);
    add(name_ + "_count", labels(series), static_cast<double>(below));
  }

  void summary(const metrics::SeriesInfo& series, const metrics::SummaryView& value) override {
    for (const metrics::SummaryView::Quantile& quantile : value.quantiles) {
      LabelMap with_quantile = labels(series);
      exporting::append_bound(with_quantile["quantile"], quantile.quantile);
      add(name_, std::move(with_quantile), quantile.value);
    }
    add(name_ + "_sum", labels(series), value.sum);
    add(name_ + "_count", labels(series), static_cast<double>(value.count));
  }

 private:
  static LabelMap labels(const metrics::SeriesInfo& series) {
    LabelMap map;
    for (auto& [name, value] : metrics::decode_labels(series.labels))
      map[name] = value;
    return map;
  }
  void add(const std::string& sample, LabelMap with, double value) {
    into_.samples_[sample].push_back({std::move(with), value});
  }

  Snapshot& into_;
  std::string name_;
};

namespace {

template <class Map>
bool includes(const Map& labels, Snapshot::Labels wanted) {
  return std::ranges::all_of(wanted, [&](const auto& pair) {
    const auto there = labels.find(pair.first);
    return there != labels.end() && there->second == pair.second;
  });
}

}  // namespace

Snapshot::Snapshot(const metrics::Registry& registry) {
  Reader reader(*this);
  registry.collect(reader);
  std::ranges::sort(families_);
}

std::optional<double> Snapshot::value(std::string_view sample, Labels labels) const {
  const auto there = samples_.find(sample);
  if (there == samples_.end()) return std::nullopt;
  for (const Sample& one : there->second) {
    if (one.labels.size() == labels.size() && includes(one.labels, labels)) return one.value;
  }
  return std::nullopt;
}

double Snapshot::total(std::string_view sample, Labels labels) const {
  double sum = 0.0;
  const auto there = samples_.find(sample);
  if (there == samples_.end()) return sum;
  for (const Sample& one : there->second) {
    if (includes(one.labels, labels)) sum += one.value;
  }
  return sum;
}

std::size_t Snapshot::count(std::string_view sample) const {
  const auto there = samples_.find(sample);
  return there == samples_.end() ? 0 : there->second.size();
}

std::vector<std::string> Snapshot::families() const {
  return families_;
}

}  // namespace vitals::testing
