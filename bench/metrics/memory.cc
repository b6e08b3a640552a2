#include "bench/metrics/memory.h"

#include <malloc.h>
#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <functional>
#include <stdexcept>
#include <thread>

#include "vitals/exporting/scrape.h"
#include "vitals/metrics/detail/cells.h"
#include "vitals/metrics/registry.h"

namespace metrics_bench {
namespace {

constexpr int kSeries = 100'000;

std::size_t resident_bytes() {
  std::ifstream file{"/proc/self/statm"};
  std::size_t total = 0;
  std::size_t resident = 0;
  file >> total >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

/// The high-water mark of resident memory.
std::size_t most_resident_bytes() {
  std::ifstream file{"/proc/self/status"};
  for (std::string word; file >> word;) {
    std::size_t kilobytes = 0;
    if (word == "VmHWM:" && file >> kilobytes) return kilobytes * 1024;
  }
  throw std::runtime_error("no VmHWM in /proc/self/status");
}

/// Runs `measure` in a child of its own, whose memory nobody has used before.
double in_child(const std::function<double()>& measure) {
  int ends[2];
  if (pipe(ends) != 0) throw std::runtime_error("no pipe");
  const pid_t child = fork();
  if (child == 0) {
    const double value = measure();
    const bool written = write(ends[1], &value, sizeof value) == sizeof value;
    _exit(written ? 0 : 1);
  }
  close(ends[1]);
  double value = 0;
  const bool got = read(ends[0], &value, sizeof value) == sizeof value;
  close(ends[0]);
  waitpid(child, nullptr, 0);
  if (!got) throw std::runtime_error("a child that measured memory died");
  return value;
}

/// Bytes of resident memory for each series that `make(i)` makes.
double bytes_for_each(const std::function<void(int)>& make) {
  return in_child([&make] {
    make(-1);  // what there is once
    malloc_trim(0);
    const std::size_t before = resident_bytes();
    for (int i = 0; i < kSeries; ++i)
      make(i);
    return static_cast<double>(resident_bytes() - before) / kSeries;
  });
}

std::string endpoint(int i) {
  return "/api/v1/users/{user_id}/" + std::to_string(i / 5);
}

}  // namespace

SeriesBytes bytes_of_series() {
  static vitals::metrics::Registry& registry = *new vitals::metrics::Registry;
  const auto counters = registry.counter<"method", "endpoint", "status">(
      "memory_total", "Three texts.", {.max_series = 1'000'000});
  const auto histograms = registry.histogram<"method", "endpoint", "status">(
      "memory_seconds", "Three texts.", {.01, .05, .1, .5, 1, 2, 5, 10}, {.max_series = 1'000'000});
  return {bytes_for_each(
              [&](int i) { counters.with("GET", endpoint(i), std::to_string(i % 5)).inc(); }),
          bytes_for_each([&](int i) {
            histograms.with("GET", endpoint(i), std::to_string(i % 5)).observe(.3);
          })};
}

SeriesBytes bytes_of_peer_series() {
  static prometheus::Registry& registry = *new prometheus::Registry;
  auto& counters =
      prometheus::BuildCounter().Name("memory_total").Help("Three texts.").Register(registry);
  auto& histograms =
      prometheus::BuildHistogram().Name("memory_seconds").Help("Three texts.").Register(registry);
  const auto labels = [](int i) {
    return prometheus::Labels{
        {"method", "GET"}, {"endpoint", endpoint(i)}, {"status", std::to_string(i % 5)}};
  };
  return {bytes_for_each([&](int i) { counters.Add(labels(i)).Increment(); }),
          bytes_for_each([&](int i) {
            histograms
                .Add(labels(i),
                     prometheus::Histogram::BucketBoundaries{.01, .05, .1, .5, 1, 2, 5, 10})
                .Observe(.3);
          })};
}

ScrapeMemory memory_of_scrapes() {
  static vitals::metrics::Registry& registry = *new vitals::metrics::Registry;
  const auto counters = registry.counter<"method", "endpoint", "status">(
      "scraped_total", "Three texts.", {.max_series = 1'000'000});
  for (int i = 0; i < kSeries; ++i)
    counters.with("GET", endpoint(i), std::to_string(i % 5)).inc();
  static auto& handler = *new vitals::exporting::ScrapeHandler{registry};
  const auto warm_up = [] {
    for (int i = 0; i < 10; ++i) {
      static_cast<void>(handler.handle({}));
      static_cast<void>(handler.handle({.accept_encoding = "gzip"}));
    }
    malloc_trim(0);
  };
  ScrapeMemory result;
  result.growth_per_scrape = in_child([&] {
    warm_up();
    const auto before = mallinfo2().uordblks;
    for (int i = 0; i < 45; ++i) {
      static_cast<void>(handler.handle({}));
      static_cast<void>(handler.handle({.accept_encoding = "gzip"}));
    }
    const auto after = mallinfo2().uordblks;
    return (static_cast<double>(after) - static_cast<double>(before)) / 90;
  });
  const auto peak_by_text = [&](std::string_view accept_encoding) {
    return in_child([&] {
      warm_up();
      const std::size_t text = handler.handle({}).body.size();
      malloc_trim(0);
      const std::size_t before = resident_bytes();
      std::ofstream{"/proc/self/clear_refs"} << "5";  // the high-water mark begins anew
      static_cast<void>(handler.handle({.accept_encoding = accept_encoding}));
      return static_cast<double>(most_resident_bytes() - before) / static_cast<double>(text);
    });
  };
  result.peak_by_text = peak_by_text("");
  result.peak_by_text_with_gzip = peak_by_text("gzip");
  return result;
}

std::vector<Churn> churn(double seconds) {
  std::vector<Churn> results;
  static vitals::metrics::Registry& registry = *new vitals::metrics::Registry;
  const auto families = registry.counter<"wave">("churn_total", "Counted.");
  const auto sizes = {1, 2, 8, 64, 256};
  for (const int at_once : sizes) {
    Churn result{.at_once = at_once};
    const vitals::metrics::Counter counter = families.with(std::to_string(at_once));
    counter.inc(1);
    const std::size_t before = vitals::metrics::detail::cell_usage().thread_bytes;
    const auto end = std::chrono::steady_clock::now() +
                     std::chrono::duration<double>(seconds / static_cast<double>(sizes.size()));
    constexpr std::uint64_t kEach = 1000;
    while (std::chrono::steady_clock::now() < end) {
      std::vector<std::thread> wave;
      for (int i = 0; i < at_once; ++i) {
        wave.emplace_back([counter] {
          for (std::uint64_t n = 0; n < kEach; ++n)
            counter.inc();
        });
      }
      for (std::thread& thread : wave)
        thread.join();
      result.threads += static_cast<std::uint64_t>(at_once);
    }
    result.expected = result.threads * kEach + 1;
    result.counted = static_cast<std::uint64_t>(counter.value());
    const std::size_t after = vitals::metrics::detail::cell_usage().thread_bytes;
    result.bytes_left = after > before ? after - before : 0;
    results.push_back(result);
  }
  return results;
}

}  // namespace metrics_bench
