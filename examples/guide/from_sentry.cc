// What docs/guide/from-sentry-native.md quotes.
#include <chrono>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "vitals/context/capture.h"
#include "vitals/context/scope.h"
#include "vitals/context/span.h"
#include "vitals/sentry/client.h"
#include "vitals/testing/memory_transport.h"

namespace {

int failures = 0;
void expect(bool good) {
  failures += good ? 0 : 1;
}
bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

void boil(int eggs) {
  if (eggs > 6) throw std::length_error{"the pot is full"};
}

void serve() {
  // [scope]
  const auto scope = vitals::context::Scope::fork();
  const auto active = scope.activate();
  scope.set_user({.id = "ann"});
  scope.set_tag("kitchen", "north");
  vitals::context::add_breadcrumb({.category = "stove", .message = "lit"});
  vitals::context::capture_message("the pot is old", vitals::Level::kWarning);
  // [/scope]
}

}  // namespace

int main() {
  const auto transport = std::make_shared<vitals::testing::MemoryTransport>();
  // [init]
  const auto sentry = vitals::sentry::init({.dsn = "https://KEY@HOST/1",
                                            .release = "shop@1.2.0",
                                            .traces_sample_rate = 1.0,
                                            .transport = transport,  // left out: libcurl
                                            .before_send = [](const vitals::sentry::Event& event) {
                                              return event.logger != "chatter";
                                            }});
  if (!sentry) {
    std::cerr << sentry.error().message << '\n';
    return 1;
  }
  // [/init]

  serve();

  // [capture]
  try {
    boil(12);
  } catch (const std::exception& error) {
    vitals::context::capture_exception(error);
  }
  // [/capture]
  vitals::context::capture_message("tick", vitals::Level::kInfo, {.logger = "chatter"});

  // [trace]
  const auto transaction =
      vitals::context::start_transaction({.name = "nightly", .op = "job", .source = "task"});
  {
    const auto active = transaction.activate();
    const auto step = vitals::context::start_span("db", "backup");
    step.finish();
  }
  transaction.finish();
  // [/trace]

  expect(vitals::sentry::flush(std::chrono::seconds{60}));
  const auto events = transport->payloads("event");
  expect(events.size() == 2);
  for (const std::string& event : events) {  // in any order
    const bool message = has(event, "the pot is old");
    expect(message == has(event, "north"));
    expect(!message || has(event, "lit"));
    expect(message || (has(event, "std::length_error") && has(event, "boil")));
  }
  const auto transactions = transport->payloads("transaction");
  expect(transactions.size() == 1 && has(transactions[0], "backup"));
  return failures;
}
