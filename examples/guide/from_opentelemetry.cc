// What docs/guide/from-opentelemetry-cpp.md quotes.
#include <chrono>
#include <iostream>
#include <memory>
#include <string>
#include <thread>

#include "vitals/context/carrier.h"
#include "vitals/context/span.h"
#include "vitals/metrics/registry.h"
#include "vitals/otlp/client.h"
#include "vitals/otlp/environment.h"
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
  otlp::Options options;
  options.resource.service_name = "shop";
  // [/init]
  options.traces.transport = options.metrics.transport = options.logs.transport = transport;
  // [init]
  otlp::FromEnvironment said = otlp::from_environment(std::move(options));  // OTEL_…
  auto started = otlp::init(std::move(said.options));
  if (!started) {
    std::cerr << started.error().message << '\n';
    return 1;
  }
  otlp::Guard guard = std::move(*started);  // in main, until its end
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

  expect(guard.flush(std::chrono::seconds{60}));
  std::string sent;
  for (const delivery::SendRequest& request : transport->requests())
    sent += request.body;
  for (const char* const name : {"nightly", "backup", "copy"})
    expect(sent.find(name) != std::string::npos);
  return failures;
}
