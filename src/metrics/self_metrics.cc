#include "vitals/metrics/self_metrics.h"

#include <memory>

#include "vitals/metrics/registry.h"
#include "vitals/metrics/sample_sink.h"

namespace vitals::metrics {
namespace {

class SelfCollector final : public Collector {
 public:
  explicit SelfCollector(const Registry& registry) : registry_(registry) {}

  void collect(SampleSink& sink) override {
    const std::vector<FamilyUsage> families = registry_.usage();
    sink.begin_family(
        {"vitals_metrics_series", "Series that a metric family exposes.", MetricType::kGauge});
    for (const FamilyUsage& family : families) {
      sink.gauge(SeriesLabels{{"family", family.name}}, static_cast<double>(family.series));
    }
    sink.begin_family({"vitals_metrics_series_overflow_total",
                       "Look-ups of a label set that was counted under (other), the family being "
                       "full.",
                       MetricType::kCounter});
    for (const FamilyUsage& family : families) {
      if (family.labelled) {
        sink.counter(SeriesLabels{{"family", family.name}}, {family.overflows, 0.0, {}});
      }
    }
    const BuildInfo& build = build_info();
    sink.begin_family({"vitals_build_info", "What the monitoring library was built from; always 1.",
                       MetricType::kInfo});
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

void add_self_metrics(Registry& registry) {
  registry.collector(std::make_unique<SelfCollector>(registry));
}

}  // namespace vitals::metrics
