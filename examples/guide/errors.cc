// What docs/guide/errors.md quotes.
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>

#include "vitals/context/capture.h"
#include "vitals/context/log.h"
#include "vitals/context/scope.h"
#include "vitals/sentry/client.h"
#include "vitals/sentry/metric.h"
#include "vitals/testing/memory_transport.h"

namespace {

int failures = 0;
void expect(bool good) {
  failures += good ? 0 : 1;
}

void boil(int eggs) {
  if (eggs > 6) throw std::length_error{"the pot is full"};
}

}  // namespace

int main() {
  const auto transport = std::make_shared<vitals::testing::MemoryTransport>();
  // [init]
  auto sentry = vitals::sentry::init({.dsn = "https://KEY@HOST/1",
                                      .environment = "production",
                                      .release = "shop@1.2.0",
                                      .enable_logs = true,       // for context::log()
                                      .enable_metrics = true,    // for sentry::count() and its like
                                      .transport = transport});  // left out: libcurl
  if (!sentry) {
    std::cerr << sentry.error().message << '\n';
    return 1;
  }
  // [/init]

  // [capture]
  try {
    boil(12);
  } catch (const std::exception& error) {
    vitals::context::capture_exception(error);  // with the stack of the place that threw
  }
  vitals::context::capture_message("the pot is old", vitals::Level::kWarning);
  // [/capture]

  // [scope]
  {
    const auto scope = vitals::context::Scope::fork();
    const auto active = scope.activate();
    scope.set_user({.id = "ann"});
    scope.set_tag("kitchen", "north");
    scope.set_context("order", {{"eggs", 12}, {"address", {{"city", "Oslo"}}}});
    vitals::context::add_breadcrumb({.category = "stove", .message = "lit"});
    vitals::context::capture_message("burnt");  // with all of that
  }
  vitals::context::capture_message("fine");  // with nothing of it
  // [/scope]

  // [log]
  vitals::context::set_attribute("kitchen", "north");  // of every line from here on
  vitals::context::log(vitals::context::LogLevel::kInfo, "boiled", {{"eggs", 6}, {"minutes", 4.5}});
  // [/log]

  // [metric]
  vitals::sentry::count("orders.placed", 1, {{"till", 4}});
  vitals::sentry::gauge("pots.free", 3);
  vitals::sentry::distribution("order.total", 12.5, "euro", {{"till", 4}});
  // [/metric]

  expect(vitals::sentry::flush(std::chrono::seconds{60}));
  // Several requests are under way at once, so they may arrive in any order.
  const auto events = transport->payloads("event");
  expect(events.size() == 4);
  for (const std::string& event : events) {
    const auto has = [&event](const char* text) { return event.find(text) != std::string::npos; };
    expect(has("the pot is full") == has("boil"));
    expect(has("burnt") == has("Oslo"));
  }
  const auto logs = transport->payloads("log");
  expect(logs.size() == 1 && logs.front().find("boiled") != std::string::npos &&
         logs.front().find("kitchen") != std::string::npos);
  const auto metrics = transport->payloads("trace_metric");
  expect(metrics.size() == 1 && metrics.front().find("order.total") != std::string::npos);
  return failures;
}
