// What docs/guide/from-prometheus-cpp.md quotes.
#include <cstdint>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>

#include "vitals/exporting/exposer.h"
#include "vitals/exporting/pushgateway.h"
#include "vitals/exporting/scrape.h"
#include "vitals/metrics/registry.h"
#include "vitals/testing/snapshot.h"

using vitals::testing::Snapshot;

namespace {

int failures = 0;
void expect(bool good) {
  failures += good ? 0 : 1;
}

// [collector]
class PoolMetrics final : public vitals::metrics::Collector {
 public:
  void collect(vitals::metrics::SampleSink& sink) override {
    sink.begin_family({.name = "pool_size", .help = "Connections."});
    sink.gauge(vitals::metrics::SeriesLabels{{"pool", "orders"}}, 4);
  }
};
// [/collector]

}  // namespace

int main() {
  const std::uint16_t port = 0;  // any that is free
  // [metrics]
  vitals::metrics::Registry registry;
  auto orders = registry.counter<"channel">("orders_total", "Orders taken.",
                                            {.constant_labels = {{"zone", "eu-1"}}});
  orders.with("online").inc();

  auto duration =
      registry.histogram("order_duration_seconds", "Time from order to delivery.", {.1, .5, 1, 5});
  duration.observe(.3);
  // [/metrics]
  expect(Snapshot{registry}.value("orders_total", {{"zone", "eu-1"}, {"channel", "online"}}) == 1);
  expect(Snapshot{registry}.value("order_duration_seconds_bucket", {{"le", "0.5"}}) == 1);

  // [expose]
  registry.collector(std::make_unique<PoolMetrics>());
  vitals::exporting::ScrapeHandler scrapes{registry};
  auto exposer = vitals::exporting::Exposer::start({.port = port}, scrapes);
  if (!exposer) throw std::runtime_error{exposer.error().message};
  // [/expose]
  expect((*exposer)->port() != 0);
  expect(Snapshot{registry}.value("pool_size", {{"pool", "orders"}}) == 4);

  const std::string url = "http://127.0.0.1:1";  // where no gateway is
  // [push]
  const vitals::exporting::Pushgateway gateway{{.url = url, .job = "nightly"}};
  const auto pushed = gateway.push_add(registry);
  if (!pushed) std::cerr << pushed.error().message << '\n';
  // [/push]
  expect(!pushed);
  return failures;
}
