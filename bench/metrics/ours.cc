// What counting costs, beside the least that it could: a plain add to a thread-local number.

#include <benchmark/benchmark.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bench/metrics/label_sets.h"
#include "vitals/exporting/format.h"
#include "vitals/metrics/registry.h"

enum class Method { kGet, kPost, kPut, kDelete };
enum class Outcome { kSuccess, kError };

template <>
struct vitals::metrics::LabelValues<Method> {
  static constexpr std::array<std::string_view, 4> kValues{"GET", "POST", "PUT", "DELETE"};
};
template <>
struct vitals::metrics::LabelValues<Outcome> {
  static constexpr std::array<std::string_view, 2> kValues{"success", "error"};
};

namespace {

using namespace vitals::metrics;

// One registry for all, never destroyed: every benchmark has a name of its own in it.
Registry& registry() {
  static Registry& instance = *new Registry;
  return instance;
}

// The address escapes once and the memory is clobbered at each turn, so each turn is one add to
// memory. DoNotOptimize(cell) inside the loop would add a load of its own to it.
void limit_thread_local_add(benchmark::State& state) {
  static thread_local std::uint64_t cell;
  std::uint64_t* const mine = &cell;
  benchmark::DoNotOptimize(mine);
  for (auto _ : state) {
    *mine += 1;
    benchmark::ClobberMemory();
  }
}
BENCHMARK(limit_thread_local_add)->Threads(1)->Threads(2);

void counter(benchmark::State& state) {
  static const Counter events = registry().counter("bench_counter_total", "A counter.");
  const Counter mine = events;
  for (auto _ : state) {
    mine.inc();
    benchmark::ClobberMemory();
  }
}
BENCHMARK(counter)->Threads(1)->Threads(2);

void counter_with_a_fraction(benchmark::State& state) {
  static const Counter cost = registry().counter("bench_cost_usd_total", "A cost.");
  const Counter mine = cost;
  for (auto _ : state) {
    mine.inc(0.001);
    benchmark::ClobberMemory();
  }
}
BENCHMARK(counter_with_a_fraction)->Threads(1)->Threads(2);

void enum_labels(benchmark::State& state) {
  static const auto family =
      registry().counter<enum_label<Method>("method"), enum_label<Outcome>("outcome")>(
          "bench_enums_total", "Two enums.");
  const auto mine = family;
  unsigned i = 0;
  for (auto _ : state) {
    mine.with(static_cast<Method>(i & 3), static_cast<Outcome>((i >> 2) & 1)).inc();
    ++i;
    benchmark::ClobberMemory();
  }
}
BENCHMARK(enum_labels)->Threads(1)->Threads(2);

void dynamic_labels_3_of_40(benchmark::State& state) {
  static const auto family =
      registry().counter<"method", "endpoint", "status">("bench_dynamic_total", "Three texts.");
  const auto mine = family;
  const std::vector<metrics_bench::LabelSet>& sets = metrics_bench::label_sets();
  std::size_t i = 0;
  for (auto _ : state) {
    const metrics_bench::LabelSet& set = sets[i];
    mine.with(set.method, set.endpoint, set.status).inc();
    if (++i == sets.size()) i = 0;
    benchmark::ClobberMemory();
  }
}
BENCHMARK(dynamic_labels_3_of_40)->Threads(1)->Threads(2);

void histogram_8_buckets(benchmark::State& state) {
  static const Histogram latency =
      registry().histogram("bench_latency_seconds", "Latency.", {.01, .05, .1, .5, 1, 2, 5, 10});
  const Histogram mine = latency;
  const std::array<double, 8> values{.004, .03, .07, .2, .7, 1.5, 3, 20};
  std::size_t i = 0;
  for (auto _ : state) {
    mine.observe(values[i++ & 7]);
    benchmark::ClobberMemory();
  }
}
BENCHMARK(histogram_8_buckets)->Threads(1)->Threads(2);

void gauge_inc(benchmark::State& state) {
  static const Gauge load = registry().gauge("bench_load", "Load.");
  const Gauge mine = load;
  for (auto _ : state) {
    mine.inc();
    benchmark::ClobberMemory();
  }
}
BENCHMARK(gauge_inc)->Threads(1)->Threads(2);

// As ScrapeHandler does it: the buffer has been written to before.
void scrape(benchmark::State& state, const Registry& from) {
  std::string out;
  const auto write = [&] {
    out.clear();
    vitals::exporting::write_metrics(from, vitals::exporting::Format::kText, out);
    benchmark::DoNotOptimize(out.data());
  };
  write();
  for (auto _ : state)
    write();
  state.SetBytesProcessed(static_cast<std::int64_t>(out.size()) * state.iterations());
}

void scrape_counters(benchmark::State& state) {
  Registry own;
  const auto family = own.counter<"method", "endpoint", "status">(
      "bench_series_total", "Three texts.", {.max_series = 1'000'000});
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    family.with("GET", "/api/v1/users/{user_id}/" + std::to_string(i / 5), std::to_string(i % 5))
        .inc(i * 12'345);
  }
  scrape(state, own);
}
BENCHMARK(scrape_counters)->Arg(10'000)->Arg(100'000)->Unit(benchmark::kMicrosecond);

void scrape_histograms(benchmark::State& state) {
  Registry own;
  const auto family =
      own.histogram<"endpoint">("bench_series_seconds", "One text.",
                                {.01, .05, .1, .5, 1, 2, 5, 10}, {.max_series = 100'000});
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    const Histogram one = family.with("/api/v1/users/" + std::to_string(i));
    for (const double v : {.004, .03, .07, .2, .7, 1.5, 3., 20.})
      one.observe(v);
  }
  scrape(state, own);
}
BENCHMARK(scrape_histograms)->Arg(1'000)->Unit(benchmark::kMicrosecond);

// The least that a page of counters could cost: what stands before each number is at hand, and the
// buffer is there.
void limit_scrape_counters(benchmark::State& state) {
  std::vector<std::string> prefixes;
  std::vector<std::uint64_t> values;
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    prefixes.push_back("bench_series_total{method=\"GET\",endpoint=\"/api/v1/users/{user_id}/" +
                       std::to_string(i / 5) + "\",status=\"" + std::to_string(i % 5) + "\"} ");
    values.push_back(static_cast<std::uint64_t>(i) * 12'345);
  }
  std::string out;
  const auto write = [&] {
    out.clear();
    for (std::size_t i = 0; i < prefixes.size(); ++i) {
      out += prefixes[i];
      char digits[20];
      out.append(digits, std::to_chars(digits, digits + sizeof digits, values[i]).ptr);
      out += '\n';
    }
    benchmark::DoNotOptimize(out.data());
  };
  write();
  for (auto _ : state)
    write();
  state.SetBytesProcessed(static_cast<std::int64_t>(out.size()) * state.iterations());
}
BENCHMARK(limit_scrape_counters)->Arg(10'000)->Arg(100'000)->Unit(benchmark::kMicrosecond);

}  // namespace
