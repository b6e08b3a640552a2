// What docs/guide/from-opentelemetry-cpp.md quotes.
#include <chrono>
#include <iostream>
#include <memory>
#include <string>
#include <thread>

#include "vitals/context/carrier.h"
#include "vitals/context/span.h"
#include "vitals/metrics/registry.h"
#include "vitals/sentry/client.h"
#include "vitals/testing/memory_transport.h"
#include "vitals/testing/snapshot.h"

namespace {

using namespace vitals;  // NOLINT: an example reads more easily without it

int failures = 0;
void expect(bool good) {
  failures += good ? 0 : 1;
}

/// Stands for a pool of connections.
struct Pool {
  [[nodiscard]] double size() const { return connections; }
  double connections = 4;
};

}  // namespace

int main() {
  const auto transport = std::make_shared<testing::MemoryTransport>();
  // [init]
  const auto sentry = sentry::init({.dsn = "https://KEY@HOST/1",
                                    .release = "shop@1.2.0",
                                    .traces_sample_rate = 1.0,
                                    .transport = transport});  // left out: libcurl
  if (!sentry) {
    std::cerr << sentry.error().message << '\n';
    return 1;
  }
  // [/init]

  // [spans]
  const auto span = context::start_transaction({.name = "nightly", .op = "job", .source = "task"});
  {
    const auto active = span.activate();
    const auto step = context::start_span("db", "backup");
    step.set_data("rows", 1000);
    step.finish();

    std::jthread worker{context::carry([] { context::start_span("copy").finish(); })};

    const auto headers = context::outgoing_trace("https://api.example/eggs");
    // [/spans]
    expect(!headers.traceparent.empty());
    // [spans]
  }
  span.finish();
  // [/spans]

  const Pool pool;
  // [metrics]
  metrics::Registry registry{{.utf8_names = true}};  // names with dots
  auto orders = registry.counter<"channel">("shop.orders_total", "Orders taken.");
  orders.with("online").inc();

  const auto sizes = registry.gauge_callback<"pool">("shop.pool.size", "Connections.");
  const metrics::ScopedDefinition size = sizes.observe("orders", [&pool] { return pool.size(); });
  // [/metrics]
  const testing::Snapshot after{registry};
  expect(after.value("shop.orders_total", {{"channel", "online"}}) == 1);
  expect(after.value("shop.pool.size", {{"pool", "orders"}}) == 4);

  expect(sentry::flush(std::chrono::seconds{60}));
  const auto transactions = transport->payloads("transaction");
  expect(transactions.size() == 1);
  if (transactions.size() == 1) {
    expect(transactions[0].find("backup") != std::string::npos);
    expect(transactions[0].find("copy") != std::string::npos);
  }
  return failures;
}
