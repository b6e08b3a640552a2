#include "monitor/sentry_health.h"

#include <memory>
#include <span>

#include "vitals/metrics/registry.h"
#include "vitals/metrics/sample_sink.h"
#include "vitals/sentry/client.h"

namespace vitals::monitor::detail {
namespace {

using metrics::FamilyInfo;
using metrics::MetricType;

constexpr FamilyInfo kEvents{"vitals_sentry_events_total",
                             "Events and transactions captured, by what became of them.",
                             MetricType::kCounter};
constexpr FamilyInfo kQueue{"vitals_sentry_queue_depth",
                            "Events and transactions that wait to be sent.", MetricType::kGauge};
constexpr FamilyInfo kSpool{"vitals_sentry_spool_bytes", "Envelopes that wait on disk, in bytes.",
                            MetricType::kGauge};
constexpr FamilyInfo kFamilies[] = {kEvents, kQueue, kSpool};

class SentryHealth final : public metrics::Collector {
 public:
  [[nodiscard]] std::span<const FamilyInfo> families() const override { return kFamilies; }

  void collect(metrics::SampleSink& sink) override {
    const sentry::Stats stats = sentry::stats();
    sink.begin_family(kEvents);
    for (std::size_t c = 0; c < sentry::kCategories; ++c) {
      for (std::size_t o = 0; o < sentry::kOutcomes; ++o) {
        sink.counter(
            metrics::SeriesLabels{{"category", to_string(static_cast<sentry::Category>(c))},
                                  {"outcome", to_string(static_cast<sentry::Outcome>(o))}},
            {stats.counts[c][o], 0.0, {}});
      }
    }
    sink.begin_family(kQueue);
    sink.gauge({}, static_cast<double>(stats.queue_depth));
    sink.begin_family(kSpool);
    sink.gauge({}, static_cast<double>(stats.spool_bytes));
  }
};

}  // namespace

void add_sentry_health(metrics::Registry& registry) {
  registry.collector(std::make_unique<SentryHealth>());
}

}  // namespace vitals::monitor::detail
