// The library in one page: metrics on a port of their own, errors and traces to Sentry, and one
// tracked query.
#include <iostream>
#include <stdexcept>

#include "vitals/exporting/exposer.h"
#include "vitals/exporting/scrape.h"
#include "vitals/metrics/registry.h"
#include "vitals/monitor/helpers.h"

int main() {
  auto sentry = vitals::sentry::init(
      {.dsn = "", .environment = "development"});  // your DSN here; empty is off
  if (!sentry) throw std::runtime_error(sentry.error().message);

  auto& registry = vitals::metrics::default_registry();
  auto metrics = vitals::monitor::enable_metrics(registry);
  auto greetings = registry.counter<"language">("greetings_total", "Greetings said, by language.");
  vitals::exporting::ScrapeHandler scrapes{registry};
  auto exposer = vitals::exporting::Exposer::start({.port = 0}, scrapes);
  if (!exposer) throw std::runtime_error(exposer.error().message);

  vitals::monitor::track_request("GET", "/greet", [&] {
    vitals::monitor::track_query(vitals::monitor::QueryType::kSelect, "languages",
                                 [] { return "en"; });
    greetings.with("en").inc();
  });
  std::cout << "curl -s localhost:" << (*exposer)->port() << "/metrics\n";
}
