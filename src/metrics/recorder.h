#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "metrics/definition.h"
#include "vitals/metrics/sample_sink.h"

namespace vitals::metrics::detail {

/// What a registry puts on all that its collectors say.
struct RecorderOptions {
  NameRule rule = NameRule::kPlain;
  std::string_view prefix{};  // of each family's name
  std::string_view labels{};  // of each sample, rendered
};

/// Keeps what a collector says until it is known to be whole and right, since what has gone into a
/// page cannot be taken back. Throws DefinitionError at what cannot be exposed.
class Recorder final : public SampleSink {
 public:
  explicit Recorder(const RecorderOptions& options) : options_(options) {}

  void begin_family(const FamilyInfo& family) override;
  void counter(const SeriesInfo& series, const CounterView& value) override;
  void gauge(const SeriesInfo& series, double value) override;
  void histogram(const SeriesInfo& series, const HistogramView& value) override;
  void summary(const SeriesInfo& series, const SummaryView& value) override;

  /// Forgets the family that was begun last: it did not come to its end.
  void drop_open();
  /// So many, and the family of the last.
  struct Faulty {
    std::uint64_t count = 0;
    std::string family;
  };
  /// Samples that were left out since one with their labels was there.
  [[nodiscard]] const Faulty& duplicates() const noexcept { return duplicates_; }
  /// Histograms whose native part was left out since no reader could make sense of it.
  [[nodiscard]] const Faulty& unsound() const noexcept { return unsound_; }

  struct Exemplar {
    std::string labels;
    double value;
    double timestamp;

    [[nodiscard]] ExemplarView view() const { return {labels, value, timestamp}; }
  };
  struct Native {
    NativeView view;  // without the buckets
    std::vector<NativeView::Bucket> positive;
    std::vector<NativeView::Bucket> negative;
  };
  struct Sample {
    std::string labels;
    std::string key;  // the labels by name, without those that are empty: what tells series apart
    double created = 0.0;
    std::uint64_t whole = 0;
    double value = 0.0;
    std::vector<double> bounds;
    std::vector<std::uint64_t> counts;
    std::vector<SummaryView::Quantile> quantiles;
    std::vector<Exemplar> exemplars;
    std::optional<Native> native;

    void replay(MetricType type, SampleSink& sink) const;
  };
  struct RecordedFamily {
    std::string name;
    std::string help;
    std::string unit;
    MetricType type = MetricType::kGauge;
    std::vector<Sample> samples;
    bool utf8_labels = false;
    bool any_name = false;

    [[nodiscard]] FamilyInfo info() const {
      return {name, help, type, unit, utf8_labels, any_name};
    }
  };
  /// What was said, which is then gone from here.
  [[nodiscard]] std::vector<RecordedFamily> take() { return std::move(families_); }

 private:
  Sample* add(const SeriesInfo& series, bool fits);
  [[nodiscard]] bool is_of(MetricType type) const;
  /// Of the family that is open.
  void note(Faulty& faulty) const;
  static void keep_exemplars(Sample& sample, std::span<const ExemplarView> exemplars);

  std::vector<RecordedFamily> families_;
  std::unordered_set<std::string> seen_;  // keys of the last family
  Faulty duplicates_;
  Faulty unsound_;
  const RecorderOptions options_;
  bool open_ = false;  // the last family has begun, and may go on
};

}  // namespace vitals::metrics::detail
