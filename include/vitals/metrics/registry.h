#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vitals/metrics/buckets.h"
#include "vitals/metrics/counter.h"
#include "vitals/metrics/definition_error.h"
#include "vitals/metrics/family.h"
#include "vitals/metrics/gauge.h"
#include "vitals/metrics/histogram.h"
#include "vitals/metrics/label.h"
#include "vitals/metrics/sample_sink.h"

namespace vitals::metrics {

/// How many series a family has, and how often one was refused a series of its own.
struct FamilyUsage {
  std::string_view name;  ///< lives as long as the registry
  std::size_t series = 0;
  std::uint64_t overflows = 0;
  bool labelled = false;
};

/// The metrics of a process, or of a part of it. Most programs need only default_registry(); one of
/// their own is for tests, and for libraries that are given theirs.
///
/// Meant to live as long as the process: handles stay safe when it is destroyed, at the price that
/// their cells are not used again. All definitions throw DefinitionError on a mistake.
/// Threads: any, for everything but the destructor.
class Registry {
 public:
  Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;
  ~Registry();

  /// Defines a counter, or with labels a family of them: `counter<"method">("x_total", "…")`. The
  /// name ends in `_total`. Without labels it is there at 0 from now on.
  template <Label... L>
  typename detail::MetricOrFamily<Counter, L...>::Type counter(std::string name, std::string help,
                                                               FamilyOptions options = {}) {
    return define<Counter, L...>(MetricType::kCounter, std::move(name), std::move(help),
                                 std::move(options), nullptr);
  }

  /// Defines a gauge, or with labels a family of them.
  template <Label... L>
  typename detail::MetricOrFamily<Gauge, L...>::Type gauge(std::string name, std::string help,
                                                           FamilyOptions options = {}) {
    return define<Gauge, L...>(MetricType::kGauge, std::move(name), std::move(help),
                               std::move(options), nullptr);
  }

  /// Defines a histogram, or with labels a family of them, all with the same buckets.
  template <Label... L>
  typename detail::MetricOrFamily<Histogram, L...>::Type histogram(std::string name,
                                                                   std::string help,
                                                                   const Buckets& buckets,
                                                                   FamilyOptions options = {}) {
    return define<Histogram, L...>(MetricType::kHistogram, std::move(name), std::move(help),
                                   std::move(options), &buckets);
  }

  /// A gauge that is read at the scrape, so it is never stale. When `read` throws, the metric is
  /// left out of that scrape. `read` may be called from several threads at once, and must not
  /// outlive what it refers to.
  void gauge_callback(std::string name, std::string help, std::function<double()> read,
                      FamilyOptions options = {});
  /// As gauge_callback, for a total that is kept elsewhere and never falls.
  void counter_callback(std::string name, std::string help, std::function<double()> read,
                        FamilyOptions options = {});

  /// Several families that are read at the scrape. Takes the collector.
  void collector(std::unique_ptr<Collector> collector);

  /// Hands every family to the sink, in the order they were defined; families without series are
  /// left out. Throws only what the sink throws. Cost: no lock that a counting thread waits for,
  /// but for the first touch of a page or a new series.
  void collect(SampleSink& sink) const;

  /// What each family holds; the work of vitals_metrics_series.
  [[nodiscard]] std::vector<FamilyUsage> usage() const;

 private:
  struct Impl;

  template <class Metric, Label... L>
  typename detail::MetricOrFamily<Metric, L...>::Type define(MetricType type, std::string name,
                                                             std::string help,
                                                             FamilyOptions options,
                                                             const Buckets* buckets) {
    detail::FamilySpec spec;
    spec.type = type;
    spec.name = std::move(name);
    spec.help = std::move(help);
    spec.unit = std::move(options.unit);
    spec.max_series = options.max_series;
    if constexpr (sizeof...(L) == 0) {
      detail::FamilyCore* core = define_core(std::move(spec), buckets);
      const detail::Series* only = core->find_or_make(std::array<std::string_view, 0>{});
      if (only == nullptr) return Metric{};
      return detail::HandleMaker::make(*only, core->layout(), static_cast<Metric*>(nullptr));
    } else {
      using Result = Family<Metric, L...>;
      spec.label_names = {std::string(L.name())...};
      spec.indexed = Result::kIndexed;
      return Result{define_core(std::move(spec), buckets)};
    }
  }

  void define_callback(MetricType type, std::string name, std::string help,
                       std::function<double()> read, FamilyOptions options);
  detail::FamilyCore* define_core(detail::FamilySpec spec, const Buckets* buckets);

  std::unique_ptr<Impl> impl_;
};

/// The registry of the process, with the process collector in it. Never destroyed, so that
/// destructors of statics may still count.
[[nodiscard]] Registry& default_registry();

}  // namespace vitals::metrics
