// What docs/guide/metrics.md quotes.
#include "vitals/exporting/exposer.h"
#include "vitals/exporting/scrape.h"
#include "vitals/metrics/process_collector.h"
#include "vitals/metrics/registry.h"
#include "vitals/metrics/timer.h"
#include "vitals/testing/snapshot.h"

#include <array>
#include <string>
#include <string_view>
#include <utility>

using vitals::metrics::Counter;
using vitals::metrics::DynamicFamily;
using vitals::metrics::FamilyOptions;
using vitals::metrics::Gauge;
using vitals::metrics::Histogram;
using vitals::metrics::LabelNames;
using vitals::metrics::Registry;
using vitals::metrics::ScopedDefinition;
using vitals::metrics::Timer;
using vitals::testing::Snapshot;

// [enum]
enum class Size { kSmall, kLarge };

template <>
struct vitals::metrics::LabelValues<Size> {
  static constexpr std::array<std::string_view, 2> kValues{"small", "large"};
};
// [/enum]

namespace {

// [pool]
class Pool {
 public:
  explicit Pool(Registry& registry)
      : size_(registry.gauge_callback("pool_size", "Connections.", [this] { return open_; })) {}

 private:
  double open_ = 4;
  ScopedDefinition size_;  // taken out of the registry when the pool goes
};
// [/pool]

int failures = 0;
void expect(bool good) {
  failures += good ? 0 : 1;
}

}  // namespace

int main() {
  Registry registry;
  // [kinds]
  auto orders = registry.counter("orders_total", "Orders taken.");
  auto waiting = registry.gauge("orders_waiting", "Orders that nobody works on yet.");
  auto duration = registry.histogram("order_duration_seconds", "Time from order to delivery.",
                                     {.1, .5, 1, 5, 10});
  orders.inc();
  waiting.set(3);
  {
    const Timer timer{duration};  // observes when its scope ends
  }
  // [/kinds]
  expect(orders.value() == 1 && duration.count() == 1);

  // [labels]
  auto eggs = registry.counter<"colour", vitals::metrics::enum_label<Size>("size")>("eggs_total",
                                                                                    "Eggs sold.");
  eggs.with("brown", Size::kLarge).inc(12);
  const Counter brown = eggs.with("brown", Size::kSmall);  // keep it where the values are known
  brown.inc();
  eggs.remove_where<"colour">("brown");  // all of one value
  // [/labels]
  expect(eggs.size() == 0);

  // [run_time]
  const std::string from_a_file = "tenant";
  DynamicFamily<Gauge> depth =
      registry.gauge(LabelNames{from_a_file}, "queue_depth", "Messages that wait.");
  depth.with({"acme"}).set(7);
  // [/run_time]

  {
    const Pool pool{registry};
    expect(Snapshot{registry}.value("pool_size") == 4);
  }
  expect(!Snapshot{registry}.value("pool_size"));

  // [observables]
  const auto lag = registry.gauge_callback<"partition">("consumer_lag", "Messages behind.");
  const ScopedDefinition first = lag.observe("0", [] { return 12.0; });
  const ScopedDefinition second = lag.observe("1", [] { return 3.0; });
  // [/observables]
  expect(Snapshot{registry}.total("consumer_lag") == 15);

  // [options]
  registry.histogram<"route">("reply_bytes", "Size of replies.",
                              vitals::metrics::exponential_buckets(64, 4, 8),
                              {.max_series = 200,  // then everything new is "(other)"
                               .unit = "bytes",    // the name must end in it
                               .exemplars = true,  // the trace of the latest in each bucket
                               .native = vitals::metrics::NativeBuckets{},
                               .get_or_create = true});  // this line may run twice
  // [/options]

  // [registry]
  Registry own{{.prefix = "shop_", .labels = {{"zone", "eu-1"}}}};
  own.counter("orders_total", "Orders taken.").inc();  // shop_orders_total{zone="eu-1"}
  // [/registry]
  expect(Snapshot{own}.value("shop_orders_total", {{"zone", "eu-1"}}) == 1);

  // [expose]
  vitals::exporting::ScrapeHandler scrapes{registry, {.token = "secret"}};
  auto exposer = vitals::exporting::Exposer::start({.port = 0}, scrapes);  // a port of its own
  // [/expose]
  expect(static_cast<bool>(exposer));
  expect(scrapes.handle({}).status == 401);
  expect(scrapes.handle({.authorization = "Bearer secret"}).status == 200);
  return failures;
}
