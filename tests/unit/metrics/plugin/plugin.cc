// A shared object with a copy of vitals of its own, as a plugin has that links it statically.

#include <array>
#include <cstring>
#include <exception>
#include <string>

#include "vitals/metrics/registry.h"

namespace {

// More than the reserve that the loader keeps for objects whose thread_locals are reached without a
// call. Volatile, or there would be none.
thread_local std::array<volatile char, 2048> t_own;

class NoSink final : public vitals::metrics::SampleSink {
 public:
  void begin_family(const vitals::metrics::FamilyInfo&) override {}
  void counter(const vitals::metrics::SeriesInfo&, const vitals::metrics::CounterView&) override {}
  void gauge(const vitals::metrics::SeriesInfo&, double) override {}
  void histogram(const vitals::metrics::SeriesInfo&,
                 const vitals::metrics::HistogramView&) override {}
  void summary(const vitals::metrics::SeriesInfo&, const vitals::metrics::SummaryView&) override {}
};

class NoCollector final : public vitals::metrics::Collector {
 public:
  void collect(vitals::metrics::SampleSink&) override {}
};

}  // namespace

/// Counts with what the host gave it.
extern "C" [[gnu::visibility("default")]] void plugin_count(
    const vitals::metrics::Family<vitals::metrics::Counter, "kind">& family,
    const vitals::metrics::Family<vitals::metrics::Histogram, "kind">& histograms,
    const vitals::metrics::Counter& counter) {
  family.with("plugin").inc(5);
  histograms.with("plugin").observe(5);
  counter.inc(5);
}

/// Does `what` with the host's registry, and writes what came of it to `answer`: `done`, or the
/// text of the DefinitionError.
extern "C" [[gnu::visibility("default")]] void plugin_use(vitals::metrics::Registry& host,
                                                          const char* what, char* answer,
                                                          std::size_t size) {
  using namespace vitals::metrics;
  const std::string wanted = what;
  std::string text = "done";
  try {
    if (wanted == "default") static_cast<void>(default_registry());
    if (wanted == "counter") host.counter("plugin_events_total", "Events.").inc();
    if (wanted == "family") host.counter<"kind">("plugin_kinds_total", "K.").with("a").inc();
    if (wanted == "gauge") host.gauge("plugin_load", "Load.").set(1);
    if (wanted == "histogram") host.histogram("plugin_seconds", "S.", {1}).observe(1);
    if (wanted == "summary") host.summary("plugin_size_bytes", "S.").observe(1);
    if (wanted == "info") host.info<"version">("plugin_info", "I.");
    if (wanted == "callback") host.gauge_callback("plugin_depth", "D.", [] { return 1.0; });
    if (wanted == "collector") host.collector(std::make_unique<NoCollector>());
    if (wanted == "usage") static_cast<void>(host.usage());
    if (wanted == "collect") {
      NoSink sink;
      host.collect(sink);
    }
    if (wanted == "own") {
      Registry own;
      const Counter events = own.counter("own_events_total", "Events.");
      events.inc(41);
      events.inc();
      t_own[0] = 1;
      text = std::to_string(events.value());
    }
  } catch (const DefinitionError& error) {
    text = error.what();
  }
  std::strncpy(answer, text.c_str(), size - 1);
}
