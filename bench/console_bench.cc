// What the console costs while nobody looks: the sampling of 1,000 series every second, and the
// memory of their history over an hour in which series come and go. Prints `name value unit goal
// verdict`.
#include <malloc.h>
#include <time.h>

#include <cstdio>
#include <string>
#include <vector>

#include "bench/goals.h"
#include "console/query.h"
#include "console/ring.h"
#include "vitals/console/console.h"
#include "vitals/metrics/registry.h"

namespace {

using vitals::bench::print;
namespace console = vitals::console;
namespace metrics = vitals::metrics;

constexpr double kStart = 1'000'000'000;
constexpr int kCounters = 700;
constexpr int kHistograms = 200;
constexpr int kNative = 100;  // histograms with native buckets too

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double megabytes_in_use() {
  const auto info = mallinfo2();
  return static_cast<double>(info.uordblks + info.hblkhd) / (1024 * 1024);
}

std::string name(int number) {
  return "/api/v1/things/" + std::to_string(number);
}

}  // namespace

int main() {
  metrics::Registry registry;
  auto counters = registry.counter<"method", "endpoint", "status">(
      "http_requests_total", "Requests.", {.max_series = 10'000});
  auto sizes = registry.histogram<"endpoint">("size", "Size.", {.01, .05, .1, .5, 1, 2, 5, 10},
                                              {.max_series = 10'000});
  auto durations = registry.histogram<"method", "endpoint">(
      "http_request_duration_seconds", "Time.", {.01, .05, .1, .5, 1, 2, 5, 10},
      {.max_series = 10'000, .native = metrics::NativeBuckets{}});
  int spread = 0;
  const auto work = [&](int first) {
    for (int i = first; i < first + kCounters; ++i)
      counters.with("GET", name(i), "200").inc();
    for (int i = first; i < first + kHistograms; ++i)
      sizes.with(name(i)).observe(.2);
    for (int i = first; i < first + kNative; ++i)
      durations.with("GET", name(i)).observe(.0002 * (1 + spread++ % 997));
  };
  for (int i = 0; i < 50; ++i)
    work(0);
  const double before = megabytes_in_use();
  console::detail::Ring ring{console::ConsoleOptions{}.ring_bytes};
  double time = kStart;
  ring.sample(registry, time);

  constexpr int kSeconds = 600;
  double spent = 0;
  for (int second = 0; second < kSeconds; ++second) {
    work(0);
    const double began = cpu_seconds();
    ring.sample(registry, time += 1);
    spent += cpu_seconds() - began;
  }
  print("console_series", static_cast<double>(ring.counts().series), "series", ">=1000");
  print("console_sample_of_1000_series", spent / kSeconds * 1e6, "us", "-");
  print("console_share_of_a_core", spent / kSeconds * 100, "%", "<=0.2");

  for (int second = 0; second < 3600; ++second) {
    counters.remove("GET", name(second), "200");
    sizes.remove(name(second));
    durations.remove("GET", name(second));
    counters.with("GET", name(second + kCounters), "200").inc();
    sizes.with(name(second + kHistograms)).observe(.2);
    durations.with("GET", name(second + kNative)).observe(.002);
    ring.sample(registry, time += 1);
  }
  print("console_memory_after_an_hour", megabytes_in_use() - before, "MB", "<=32");

  const double began = cpu_seconds();
  const auto hold = ring.lock();
  const auto all = console::detail::tracks(ring, {}, {});
  const auto table = console::detail::endpoints(ring, console::detail::Window::kQuarterHour, 50);
  print("console_page_of_15_minutes", (cpu_seconds() - began) * 1e3, "ms", "-");
  if (!all.empty() && !table.rows.empty()) return 0;
  std::fputs("console_bench: the page of the last 15 minutes is empty\n", stderr);
  return 1;
}
