#include "monitor/sentry_health.h"

#include <cstddef>
#include <memory>
#include <utility>

#include "monitor/read_families.h"
#include "vitals/metrics/sample_sink.h"
#include "vitals/sentry/client.h"

namespace vitals::monitor::detail {
namespace {

using metrics::MetricType;

class SentryHealth final : public ReadFamilies {
 public:
  explicit SentryHealth(Definer& definer)
      : ReadFamilies(definer),
        events_(add(definer, "vitals_sentry_events_total",
                    "Events and transactions captured, by what became of them.",
                    MetricType::kCounter)),
        queue_(add(definer, "vitals_sentry_queue_depth",
                   "Events and transactions that wait to be sent.", MetricType::kGauge)),
        spool_(add(definer, "vitals_sentry_spool_bytes", "Envelopes that wait on disk, in bytes.",
                   MetricType::kGauge)) {}

  void collect(metrics::SampleSink& sink) override {
    const sentry::Stats stats = sentry::stats();
    if (begin(sink, events_)) {
      for (std::size_t c = 0; c < sentry::kCategories; ++c) {
        for (std::size_t o = 0; o < sentry::kOutcomes; ++o) {
          sink.counter(labels({{"category", to_string(static_cast<sentry::Category>(c))},
                               {"outcome", to_string(static_cast<sentry::Outcome>(o))}}),
                       {stats.counts[c][o], 0.0, {}});
        }
      }
    }
    if (begin(sink, queue_)) sink.gauge(labels(), static_cast<double>(stats.queue_depth));
    if (begin(sink, spool_)) sink.gauge(labels(), static_cast<double>(stats.spool_bytes));
  }

 private:
  const std::size_t events_;
  const std::size_t queue_;
  const std::size_t spool_;
};

}  // namespace

void add_sentry_health(Definer& definer) {
  auto health = std::make_unique<SentryHealth>(definer);
  if (!health->all_off()) definer.collector(std::move(health));
}

}  // namespace vitals::monitor::detail
