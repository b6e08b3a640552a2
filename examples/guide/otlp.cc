// What docs/guide/opentelemetry.md quotes.
#include <iostream>
#include <memory>
#include <string>

#include "vitals/context/log.h"
#include "vitals/context/span.h"
#include "vitals/otlp/client.h"
#include "vitals/otlp/environment.h"
#include "vitals/testing/memory_transport.h"

namespace {

using namespace vitals;  // NOLINT: an example reads more easily without it

int failures = 0;
void expect(bool good) {
  failures += good ? 0 : 1;
}

void serve() {
  // [span]
  const context::Span request =
      context::start_transaction({.name = "GET /eggs/{id}", .op = "http.server"});
  const context::SpanActivation active = request.activate();
  context::log(context::LogLevel::kInfo, "an egg is looked for", {{"egg.id", 7}});
  request.add_event("cache.cold", {{"shard", 3}});
  request.set_http_status(200);
  request.finish();
  // [/span]
}

// A transport in memory stands for a receiver: the program is a test as well.
otlp::Options to(const std::shared_ptr<testing::MemoryTransport>& transport) {
  otlp::Options options;
  for (otlp::SignalOptions* const signal : {&options.traces, &options.metrics, &options.logs})
    signal->transport = transport;
  return options;
}

void by_environment(otlp::Options options) {
  // [environment]
  otlp::FromEnvironment said = otlp::from_environment(std::move(options));
  for (const otlp::VariableFault& fault : said.faults)
    std::cerr << fault.text() << "\n";
  const auto guard = otlp::init(std::move(said.options));
  if (!guard) return;  // it has said why
  // [/environment]
  expect(static_cast<bool>(*guard));
  serve();
}

void by_code(const std::shared_ptr<testing::MemoryTransport>& transport) {
  otlp::Options options = to(transport);
  // [code]
  options.resource = {.service_name = "shop", .service_version = "1.2", .environment = "staging"};
  options.traces.url = "https://otel.example/v1/traces";
  options.traces.headers = {{"x-api-key", "…"}};
  options.traces.compression = otlp::Compression::kGzip;
  options.metrics.enabled = false;
  options.settings.traces_sample_rate = 0.1;
  auto guard = otlp::init(std::move(options));
  // [/code]
  expect(guard && static_cast<bool>(*guard));
  serve();
  expect(guard->end());
}

}  // namespace

int main() {
  const auto transport = std::make_shared<testing::MemoryTransport>();
  by_environment(to(transport));
  expect(!transport->requests().empty());
  by_code(transport);
  return failures;
}
