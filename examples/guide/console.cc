// What docs/guide/console.md quotes.
#include "vitals/console/console.h"

#include <chrono>
#include <memory>
#include <string>

#include "vitals/console/recent_events.h"
#include "vitals/context/capture.h"
#include "vitals/metrics/registry.h"
#include "vitals/sentry/client.h"
#include "vitals/testing/memory_transport.h"

int main() {
  const auto transport = std::make_shared<vitals::testing::MemoryTransport>();
  vitals::metrics::Registry registry;
  // [by_hand]
  auto recent = std::make_shared<vitals::console::RecentEvents>();
  vitals::sentry::Options options{.dsn = "https://KEY@HOST/1", .transport = transport};
  options.on_rendered = recent->listener();
  auto sentry = vitals::sentry::init(options);

  vitals::console::Console console{&registry, recent, {.name = "shop", .token = "secret"}};
  const auto answer = console.handle({.method = "GET",
                                      .path = "/api/overview",  // what follows the mount
                                      .authorization = "Bearer secret",
                                      .can_stream = false});
  // [/by_hand]
  vitals::context::capture_message("the pot is old");
  vitals::sentry::flush(std::chrono::seconds{60});
  const auto errors =
      console.handle({.path = "/api/overview", .authorization = "Bearer secret"}).body;
  return sentry && errors.find("the pot is old") != std::string::npos && answer.status == 200 &&
                 console.handle({.path = "/api/overview"}).status == 401
             ? 0
             : 1;
}
