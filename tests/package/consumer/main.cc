// A stranger's program: it counts, throws, captures and looks at what came of it.
#include <iostream>
#include <stdexcept>
#include <string_view>

#include "vitals/console/console.h"
#include "vitals/exporting/scrape.h"
#include "vitals/metrics/registry.h"
#include "vitals/monitor/http.h"
#include "vitals/testing/sentry_recorder.h"
#include "vitals/version.h"

namespace {

[[gnu::noinline]] void boil_an_egg() {
  throw std::runtime_error{"no water"};
}

bool check(bool good, std::string_view what) {
  if (!good) std::cerr << what << '\n';
  return good;
}

bool ours_are_ours(const vitals::sentry::Event& event) {
  for (const auto& frame : event.exceptions.back().frames)
    if (frame.function.starts_with("vitals::") && frame.in_app) return false;
  return true;
}

[[maybe_unused]] bool has_frame(const vitals::sentry::Event& event, std::string_view function) {
  for (const auto& frame : event.exceptions.back().frames)
    if (frame.function.find(function) != std::string_view::npos) return true;
  return false;
}

}  // namespace

int main(int argc, char**) {
  auto& registry = vitals::metrics::default_registry();
  const auto metrics = vitals::monitor::enable_metrics(registry);
  vitals::exporting::ScrapeHandler scrapes{registry};
  vitals::console::Console console{&registry, nullptr};
  const vitals::testing::SentryRecorder sentry;

  try {
    vitals::monitor::track_request("GET", "/egg", [] { boil_an_egg(); });
  } catch (const std::runtime_error&) {
    vitals::monitor::track_request("GET", "/water", [] {});
  }

  bool good = check(scrapes.handle({}).body.find(
                        R"(http_requests_total{method="GET",endpoint="/egg",status="500"} 1)") !=
                        std::string_view::npos,
                    "the request is not counted");
  good &= check(console.handle({}).status == 200, "the console has no page");
  const auto errors = sentry.errors();
  good &= check(errors.size() == 1 && errors[0].exceptions.back().type == "std::runtime_error",
                "the throw is no event");
#ifndef STACK_OF_THE_CAPTURE
  good &= check(errors.size() == 1 && has_frame(errors[0], "boil_an_egg"),
                "the stack is not that of the throw");
#endif
  good &= check(errors.size() == 1 && ours_are_ours(errors[0]),
                "a frame of vitals is said to be the program's");
  good &= check(argc == 1, "it takes no arguments");
  std::cout << "vitals " << VITALS_VERSION << (good ? " is well\n" : " is not well\n");
  return good ? 0 : 1;
}
