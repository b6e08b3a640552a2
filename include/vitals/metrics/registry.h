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
#include "vitals/metrics/dynamic_family.h"
#include "vitals/metrics/family.h"
#include "vitals/metrics/gauge.h"
#include "vitals/metrics/histogram.h"
#include "vitals/metrics/info.h"
#include "vitals/metrics/label.h"
#include "vitals/metrics/native_buckets.h"
#include "vitals/metrics/observables.h"
#include "vitals/metrics/sample_sink.h"
#include "vitals/metrics/scoped_definition.h"
#include "vitals/metrics/state_set.h"
#include "vitals/metrics/summary.h"
#include "vitals/metrics/where.h"

#pragma GCC visibility push(default)

namespace vitals::metrics {

/// How many series a family has, and how often one was refused a series of its own.
struct FamilyUsage {
  std::string_view name;        ///< lives as long as the registry
  std::size_t series = 0;       ///< how many it has now
  std::uint64_t overflows = 0;  ///< how often a new one was refused
  bool labelled = false;        ///< false: it is one series without labels
};

/// What scrapes have left out of what collectors said, by the reason.
struct LeftOut {
  std::uint64_t duplicates = 0;  ///< samples of a series that was there already
  std::uint64_t clashes = 0;     ///< samples of a family whose name or type is taken
  /// Collectors that threw or took too long, and histograms whose native buckets are none.
  std::uint64_t failures = 0;
};

namespace detail {
class RegistryState;
}

/// What all metrics of a registry share.
struct RegistryOptions {
  /// In front of every name, of what collectors say too: `shop_` makes `shop_orders_total`.
  std::string prefix = {};
  /// Labels of every series, in front of its own: `{{"service", "shop"}, {"zone", "eu-1"}}`. What a
  /// scraper adds by itself (`job`, `instance`) does not belong here.
  std::vector<std::pair<std::string, std::string>> labels = {};
  /// As Registry::allow_utf8_names(), from the beginning.
  bool utf8_names = false;
};

/// The metrics of a process, or of a part of it. Most programs need only default_registry(); one of
/// their own is for tests, and for libraries that are given theirs.
///
/// Every definition takes the place where it stands in the source, for the message when it clashes
/// with another; leave that argument alone.
///
/// After fork() the child has the same metrics and counts by itself: its counters, histograms and
/// summaries begin at 0, its gauges at the values that they had. fork() may be called at any time;
/// it waits for no scrape. Threads do not come along: what has one (an Exposer, say) is started in
/// the child, and so after daemon(3).
///
/// A registry, and the handles that come from it, belong to the copy of this library that made it.
/// Where a program and a plugin each link a copy, the other's registry throws DefinitionError at
/// every call; link vitals as one shared library, or give each its own registry. A handle that is
/// given across is not looked at, since that would be paid at each count: what it counts nobody
/// sees, or another metric of the other copy has it. A family makes no new series there.
///
/// Meant to live as long as the process: handles stay safe when it is destroyed, at the price that
/// their cells are not used again. All definitions throw DefinitionError on a mistake.
/// Threads: any, for everything but the destructor.
class Registry {
 public:
  Registry() : Registry(RegistryOptions{}) {}
  /// Throws DefinitionError at a label that cannot be one.
  explicit Registry(RegistryOptions options);
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;
  ~Registry();

  /// Defines a counter, or with labels a family of them: `counter<"method">("x_total", "…")`. The
  /// name ends in `_total`. Without labels it is there at 0 from now on.
  template <Label... L>
  typename detail::MetricOrFamily<Counter, L...>::Type counter(std::string name, std::string help,
                                                               FamilyOptions options = {},
                                                               Where where = Where::current()) {
    return define<Counter, L...>(MetricType::kCounter, std::move(name), std::move(help),
                                 std::move(options), {}, where);
  }

  /// Defines a gauge, or with labels a family of them.
  template <Label... L>
  typename detail::MetricOrFamily<Gauge, L...>::Type gauge(std::string name, std::string help,
                                                           FamilyOptions options = {},
                                                           Where where = Where::current()) {
    return define<Gauge, L...>(MetricType::kGauge, std::move(name), std::move(help),
                               std::move(options), {}, where);
  }

  /// Defines a histogram, or with labels a family of them, all with the same buckets.
  template <Label... L>
  typename detail::MetricOrFamily<Histogram, L...>::Type histogram(std::string name,
                                                                   std::string help,
                                                                   const Buckets& buckets,
                                                                   FamilyOptions options = {},
                                                                   Where where = Where::current()) {
    return define<Histogram, L...>(MetricType::kHistogram, std::move(name), std::move(help),
                                   std::move(options), {.buckets = &buckets}, where);
  }

  /// Defines a native histogram: sparse buckets, exposed by protobuf. The text formats show its
  /// count and sum alone; for a histogram that is both, see FamilyOptions::native.
  template <Label... L>
  typename detail::MetricOrFamily<Histogram, L...>::Type native_histogram(
      std::string name, std::string help, const NativeBuckets& buckets = {},
      FamilyOptions options = {}, Where where = Where::current()) {
    options.native = buckets;
    return define<Histogram, L...>(MetricType::kHistogram, std::move(name), std::move(help),
                                   std::move(options), {}, where);
  }

  /// Defines a summary, or with labels a family of them.
  template <Label... L>
  typename detail::MetricOrFamily<Summary, L...>::Type summary(std::string name, std::string help,
                                                               const Quantiles& quantiles = {},
                                                               FamilyOptions options = {},
                                                               Where where = Where::current()) {
    return define<Summary, L...>(MetricType::kSummary, std::move(name), std::move(help),
                                 std::move(options), {.quantiles = &quantiles}, where);
  }

  /// Defines an info, whose name ends in `_info`; exposed once it is set.
  template <Label... L>
  Info<L...> info(std::string name, std::string help, Where where = Where::current()) {
    static_assert(sizeof...(L) > 0, "an info is nothing but its labels");
    detail::FamilySpec spec;
    spec.type = MetricType::kInfo;
    spec.name = std::move(name);
    spec.help = std::move(help);
    spec.label_names = {std::string(L.name())...};
    spec.where = where;
    return Info<L...>{define_core(std::move(spec), {})};
  }

  /// Defines a state set of the enum, whose texts are its LabelValues.
  template <class Enum>
  StateSet<Enum> state_set(std::string name, std::string help, Where where = Where::current()) {
    detail::FamilySpec spec;
    spec.type = MetricType::kStateSet;
    spec.label_names = {name};
    spec.name = std::move(name);
    spec.help = std::move(help);
    spec.where = where;
    detail::FamilyCore* core = define_core(std::move(spec), {});
    for (const std::string_view state : LabelValues<Enum>::kValues)
      static_cast<void>(core->find_or_make(std::array{state}));
    return StateSet<Enum>{core};
  }

  /// As the counter above, for labels whose names are known at run time alone; so are the next three.
  DynamicFamily<Counter> counter(LabelNames labels, std::string name, std::string help,
                                 FamilyOptions options = {}, Where where = Where::current());
  /// A gauge of such labels.
  DynamicFamily<Gauge> gauge(LabelNames labels, std::string name, std::string help,
                             FamilyOptions options = {}, Where where = Where::current());
  /// A histogram of such labels.
  DynamicFamily<Histogram> histogram(LabelNames labels, std::string name, std::string help,
                                     const Buckets& buckets, FamilyOptions options = {},
                                     Where where = Where::current());
  /// A summary of such labels.
  DynamicFamily<Summary> summary(LabelNames labels, std::string name, std::string help,
                                 const Quantiles& quantiles = {}, FamilyOptions options = {},
                                 Where where = Where::current());

  /// A gauge that is read at the scrape, so it is never stale. When `read` throws, the metric is
  /// left out of that scrape, which is counted and told of; see on_left_out(). `read` may be called
  /// from several threads at once. Where it refers to what may go before the process does, keep a
  /// ScopedDefinition of it.
  Definition gauge_callback(std::string name, std::string help, std::function<double()> read,
                            FamilyOptions options = {}, Where where = Where::current());
  /// As gauge_callback, for a total that is kept elsewhere and never falls.
  Definition counter_callback(std::string name, std::string help, std::function<double()> read,
                              FamilyOptions options = {}, Where where = Where::current());

  /// A family of gauges that are read at the scrape, each by a function of its own.
  template <Label First, Label... Rest>
  Observables<First, Rest...> gauge_callback(std::string name, std::string help,
                                             FamilyOptions options = {},
                                             Where where = Where::current()) {
    std::vector<std::string> labels{std::string(First.name()), std::string(Rest.name())...};
    return Observables<First, Rest...>{define_callbacks(MetricType::kGauge, std::move(labels),
                                                        std::move(name), std::move(help),
                                                        std::move(options), where)};
  }
  /// As the gauges above, for totals that are kept elsewhere and never fall.
  template <Label First, Label... Rest>
  Observables<First, Rest...> counter_callback(std::string name, std::string help,
                                               FamilyOptions options = {},
                                               Where where = Where::current()) {
    std::vector<std::string> labels{std::string(First.name()), std::string(Rest.name())...};
    return Observables<First, Rest...>{define_callbacks(MetricType::kCounter, std::move(labels),
                                                        std::move(name), std::move(help),
                                                        std::move(options), where)};
  }

  /// Several families that are read at the scrape. Takes the collector.
  Definition collector(std::unique_ptr<Collector> collector);

  /// The metric of that name, to be taken out: of one that a collector says, and of one that is not
  /// there, an empty one.
  [[nodiscard]] Definition find(std::string_view name) const;

  /// Lets metrics and labels that are defined from now on have names of any UTF-8, as OpenTelemetry
  /// has them: `http.requests_total`, and labels by utf8_label(). Prometheus 3 is given them as
  /// they are; for scrapers that do not know such names they are escaped, as the scraper asks. A
  /// name that differs from another's only by what the escaping loses is refused. A counter's name
  /// still ends in `_total`, an info's in `_info`. There is no way back.
  void allow_utf8_names() noexcept;

  /// Hands every family to the sink, in the order they were defined; families without series are
  /// left out. Throws what the sink throws, std::logic_error inside a collector or callback of the
  /// same registry, and DefinitionError at a registry of another copy of this library. Cost: no
  /// lock that a counting thread waits for, but for the first touch of a page or a new series.
  void collect(SampleSink& sink) const;

  /// Who is told what is left out of what collectors say, once of each family and reason (64 in
  /// all); it is counted every time. Called on the scraping thread. An empty function ends it.
  void on_left_out(std::function<void(std::string_view what)> listener);
  /// How much that was, by the reason. Threads: any.
  [[nodiscard]] LeftOut left_out() const;

  /// What each family holds; the work of vitals_metrics_series.
  [[nodiscard]] std::vector<FamilyUsage> usage() const;

 private:
  /// What a definition says of the values' spread; null where it says nothing.
  struct Spread {
    const Buckets* buckets = nullptr;
    const Quantiles* quantiles = nullptr;
  };

  template <class Metric, Label... L>
  typename detail::MetricOrFamily<Metric, L...>::Type define(MetricType type, std::string name,
                                                             std::string help,
                                                             FamilyOptions options,
                                                             const Spread& spread,
                                                             const Where& where) {
    detail::FamilySpec spec =
        spec_of(type, std::move(name), std::move(help), std::move(options), where);
    if constexpr (sizeof...(L) == 0) {
      detail::FamilyCore* core = define_core(std::move(spec), spread);
      const detail::Series* only = core->find_or_make(std::array<std::string_view, 0>{});
      if (only == nullptr) return Metric{};
      return detail::HandleMaker::make(*only, core->layout(), static_cast<Metric*>(nullptr));
    } else {
      using Result = Family<Metric, L...>;
      spec.label_names = {std::string(L.name())...};
      spec.indexed = Result::kIndexed;
      return Result{define_core(std::move(spec), spread)};
    }
  }

  [[nodiscard]] static detail::FamilySpec spec_of(MetricType type, std::string name,
                                                  std::string help, FamilyOptions options,
                                                  const Where& where);
  Definition define_callback(MetricType type, std::string name, std::string help,
                             std::function<double()> read, FamilyOptions options,
                             const Where& where);
  std::weak_ptr<detail::CallbackFamily> define_callbacks(MetricType type,
                                                         std::vector<std::string> labels,
                                                         std::string name, std::string help,
                                                         FamilyOptions options, const Where& where);
  detail::FamilyCore* define_core(detail::FamilySpec spec, const Spread& spread);
  void check_store() const;

  const void* const store_;  // of the copy of this library that made it; looked at before all else
  const std::shared_ptr<detail::RegistryState> state_;
};

/// The registry of the process, with the process collector in it. Never destroyed, so that
/// destructors of statics may still count.
[[nodiscard]] Registry& default_registry();

}  // namespace vitals::metrics

#pragma GCC visibility pop
