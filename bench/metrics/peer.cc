// The same work done by prometheus-cpp, as its own documentation does it.

#include <benchmark/benchmark.h>
#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "bench/metrics/label_sets.h"

namespace {

prometheus::Registry& registry() {
  static prometheus::Registry& instance = *new prometheus::Registry;
  return instance;
}

void peer_counter(benchmark::State& state) {
  static prometheus::Counter& events = prometheus::BuildCounter()
                                           .Name("bench_counter_total")
                                           .Help("A counter.")
                                           .Register(registry())
                                           .Add({});
  for (auto _ : state) {
    events.Increment();
    benchmark::ClobberMemory();
  }
}
BENCHMARK(peer_counter)->Threads(1)->Threads(2);

void peer_dynamic_labels_3_of_40(benchmark::State& state) {
  static auto& family = prometheus::BuildCounter()
                            .Name("bench_dynamic_total")
                            .Help("Three texts.")
                            .Register(registry());
  const std::vector<metrics_bench::LabelSet>& sets = metrics_bench::label_sets();
  std::size_t i = 0;
  for (auto _ : state) {
    const metrics_bench::LabelSet& set = sets[i];
    family.Add({{"method", set.method}, {"endpoint", set.endpoint}, {"status", set.status}})
        .Increment();
    if (++i == sets.size()) i = 0;
    benchmark::ClobberMemory();
  }
}
BENCHMARK(peer_dynamic_labels_3_of_40)->Threads(1)->Threads(2);

void peer_histogram_8_buckets(benchmark::State& state) {
  static prometheus::Histogram& latency =
      prometheus::BuildHistogram()
          .Name("bench_latency_seconds")
          .Help("Latency.")
          .Register(registry())
          .Add({}, prometheus::Histogram::BucketBoundaries{.01, .05, .1, .5, 1, 2, 5, 10});
  const std::array<double, 8> values{.004, .03, .07, .2, .7, 1.5, 3, 20};
  std::size_t i = 0;
  for (auto _ : state) {
    latency.Observe(values[i++ & 7]);
    benchmark::ClobberMemory();
  }
}
BENCHMARK(peer_histogram_8_buckets)->Threads(1)->Threads(2);

void scrape(benchmark::State& state, const prometheus::Registry& from) {
  const prometheus::TextSerializer serializer;
  std::size_t size = 0;
  for (auto _ : state) {
    const std::string page = serializer.Serialize(from.Collect());
    benchmark::DoNotOptimize(page.data());
    size = page.size();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(size) * state.iterations());
}

void peer_scrape_counters(benchmark::State& state) {
  prometheus::Registry own;
  auto& family =
      prometheus::BuildCounter().Name("bench_series_total").Help("Three texts.").Register(own);
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    family
        .Add({{"method", "GET"},
              {"endpoint", "/api/v1/users/{user_id}/" + std::to_string(i / 5)},
              {"status", std::to_string(i % 5)}})
        .Increment(static_cast<double>(i * 12'345));
  }
  scrape(state, own);
}
BENCHMARK(peer_scrape_counters)->Arg(10'000)->Arg(100'000)->Unit(benchmark::kMicrosecond);

void peer_scrape_histograms(benchmark::State& state) {
  prometheus::Registry own;
  auto& family =
      prometheus::BuildHistogram().Name("bench_series_seconds").Help("One text.").Register(own);
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    auto& one = family.Add({{"endpoint", "/api/v1/users/" + std::to_string(i)}},
                           prometheus::Histogram::BucketBoundaries{.01, .05, .1, .5, 1, 2, 5, 10});
    for (const double v : {.004, .03, .07, .2, .7, 1.5, 3., 20.})
      one.Observe(v);
  }
  scrape(state, own);
}
BENCHMARK(peer_scrape_histograms)->Arg(1'000)->Unit(benchmark::kMicrosecond);

}  // namespace
