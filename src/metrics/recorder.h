#pragma once

#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

#include "vitals/metrics/sample_sink.h"

namespace vitals::metrics::detail {

/// Keeps what a collector says until it is known to be whole and right, since what has gone into a
/// page cannot be taken back. Throws DefinitionError at what cannot be exposed.
class Recorder final : public SampleSink {
 public:
  void begin_family(const FamilyInfo& family) override;
  void counter(const SeriesInfo& series, std::uint64_t whole, double fraction) override;
  void gauge(const SeriesInfo& series, double value) override;
  void histogram(const SeriesInfo& series, const HistogramView& value) override;

  /// Forgets the family that was begun last: it did not come to its end.
  void drop_open();
  void reset() {
    families_.clear();
    open_ = false;
  }

  struct Sample {
    std::string labels;
    std::uint64_t whole = 0;
    double value = 0.0;
    std::vector<double> bounds;
    std::vector<std::uint64_t> counts;
  };
  struct RecordedFamily {
    std::string name;
    std::string help;
    std::string unit;
    MetricType type = MetricType::kGauge;
    std::vector<Sample> samples;

    [[nodiscard]] FamilyInfo info() const { return {name, help, type, unit}; }
    void replay(SampleSink& sink) const;
  };
  [[nodiscard]] const std::vector<RecordedFamily>& families() const { return families_; }

 private:
  Sample* add(const SeriesInfo& series, MetricType type);

  std::vector<RecordedFamily> families_;
  std::unordered_set<std::string> seen_;  // labels of the last family
  bool open_ = false;                     // the last family has begun, and may go on
};

}  // namespace vitals::metrics::detail
