#include "bench/adapters/wired.h"

#include <utility>

namespace adapters_bench {

ByHand::ByHand()
    : requests_(prometheus::BuildCounter()
                    .Name("http_requests_total")
                    .Help("Requests.")
                    .Register(registry_)),
      duration_(
          prometheus::BuildHistogram()
              .Name("http_request_duration_seconds")
              .Help("Duration.")
              .Register(registry_)
              .Add({{"method", "GET"}, {"endpoint", "/eggs/{id}"}},
                   prometheus::Histogram::BucketBoundaries{.01, .05, .1, .25, .5, 1, 2.5, 5, 10})),
      in_progress_(prometheus::BuildGauge()
                       .Name("http_requests_in_progress")
                       .Help("Requests that are being answered.")
                       .Register(registry_)
                       .Add({})) {}

Wired::Wired(Wiring wiring) : wiring_(wiring) {
  if (wiring == Wiring::kByHand) by_hand_.emplace();
  if (wiring == Wiring::kMetrics) metrics_.emplace(vitals::monitor::enable_metrics(registry_));
  if (wiring == Wiring::kWhole) {
    vitals::console::MonitoringOptions options;
    options.registry = &registry_;
    options.console_token = "bench";
    monitoring_.emplace(std::move(options));
  }
}

}  // namespace adapters_bench
