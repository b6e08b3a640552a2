#include "vitals/metrics/self_metrics.h"

#include <memory>

#include "vitals/metrics/registry.h"
#include "vitals/metrics/sample_sink.h"
#include "vitals/version.h"

namespace vitals::metrics {
namespace {

constexpr FamilyInfo kSeries{"vitals_metrics_series", "Series that a metric family exposes.",
                             MetricType::kGauge};
constexpr FamilyInfo kOverflows{"vitals_metrics_series_overflow_total",
                                "Look-ups of a label set that was counted under (other), the "
                                "family being full.",
                                MetricType::kCounter};
constexpr FamilyInfo kBuild{"vitals_build_info",
                            "What the monitoring library was built from; always 1.",
                            MetricType::kInfo};
constexpr FamilyInfo kLeftOut{"vitals_metrics_left_out_total",
                              "What scrapes left out of what collectors said: samples of a series "
                              "that was there already, samples of a family whose name or type is "
                              "taken, collectors that threw, and native buckets that are none.",
                              MetricType::kCounter};
constexpr FamilyInfo kFamilies[] = {kSeries, kOverflows, kLeftOut, kBuild};

class SelfCollector final : public Collector {
 public:
  explicit SelfCollector(const Registry& registry) : registry_(registry) {}

  [[nodiscard]] std::span<const FamilyInfo> families() const override { return kFamilies; }

  void collect(SampleSink& sink) override {
    const std::vector<FamilyUsage> families = registry_.usage();
    sink.begin_family(kSeries);
    for (const FamilyUsage& family : families) {
      sink.gauge(SeriesLabels{{"family", family.name}}, static_cast<double>(family.series));
    }
    sink.begin_family(kOverflows);
    for (const FamilyUsage& family : families) {
      if (family.labelled) {
        sink.counter(SeriesLabels{{"family", family.name}}, {family.overflows, 0.0, {}});
      }
    }
    const LeftOut left_out = registry_.left_out();
    sink.begin_family(kLeftOut);
    sink.counter(SeriesLabels{{"reason", "duplicate"}}, {left_out.duplicates, 0.0, {}});
    sink.counter(SeriesLabels{{"reason", "clash"}}, {left_out.clashes, 0.0, {}});
    sink.counter(SeriesLabels{{"reason", "failure"}}, {left_out.failures, 0.0, {}});
    const BuildInfo& build = build_info();
    sink.begin_family(kBuild);
    sink.gauge(
        SeriesLabels{
            {"version", build.version}, {"revision", build.revision}, {"compiler", build.compiler}},
        1.0);
  }

 private:
  const Registry& registry_;  // which owns this
};

}  // namespace

const BuildInfo& build_info() noexcept {
  static constexpr BuildInfo kInfo{VITALS_VERSION, VITALS_REVISION, VITALS_COMPILER};
  return kInfo;
}

Definition add_self_metrics(Registry& registry) {
  return registry.collector(std::make_unique<SelfCollector>(registry));
}

}  // namespace vitals::metrics
