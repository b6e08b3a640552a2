#include "otlp/self_metrics.h"

#include <array>
#include <memory>
#include <span>

#include "vitals/otlp/client.h"

namespace vitals::otlp::detail {
namespace {

constexpr metrics::FamilyInfo kItems{
    .name = "vitals_otlp_items_total",
    .help =
        "Spans, points of metrics and log records that were to be sent by OTLP, by what became "
        "of them.",
    .type = metrics::MetricType::kCounter};

class Items final : public metrics::Collector {
 public:
  void collect(metrics::SampleSink& sink) override {
    if (!sink.wants(kItems)) return;
    const Stats counted = stats();
    sink.begin_family(kItems);
    for (std::size_t signal = 0; signal < kSignals; ++signal) {
      for (std::size_t outcome = 0; outcome < kOutcomes; ++outcome) {
        sink.counter(metrics::SeriesLabels{{"signal", to_string(static_cast<Signal>(signal))},
                                           {"outcome", to_string(static_cast<Outcome>(outcome))}},
                     {counted.counts[signal][outcome], 0.0, {}});
      }
    }
  }
  [[nodiscard]] std::span<const metrics::FamilyInfo> families() const override { return kFamilies; }

 private:
  static constexpr std::array kFamilies{kItems};
};

}  // namespace

metrics::ScopedDefinition add_self_metrics(metrics::Registry& registry) {
  return registry.collector(std::make_unique<Items>());
}

}  // namespace vitals::otlp::detail
