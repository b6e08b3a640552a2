#include "vitals/metrics/registry.h"

#include <atomic>
#include <mutex>
#include <stdexcept>
#include <utility>

#include "metrics/copies.h"
#include "metrics/definition.h"
#include "metrics/registry_state.h"
#include "vitals/metrics/detail/fork_gate.h"
#include "vitals/metrics/process_collector.h"

namespace vitals::metrics {
namespace {

/// What the calling thread collects from at this moment, innermost first.
struct Collecting {
  const void* registry;
  const Collecting* outer;
};
thread_local constinit const Collecting* t_collecting = nullptr;

/// Marks the registry as being collected from by this thread. Throws std::logic_error when it is
/// already: the collector would wait for itself, and a callback would call itself without end.
class CollectingScope {
 public:
  explicit CollectingScope(const void* registry) : here_{registry, t_collecting} {
    for (const Collecting* outer = t_collecting; outer != nullptr; outer = outer->outer) {
      if (outer->registry == registry) {
        throw std::logic_error("a scrape inside a collector or callback of the same registry");
      }
    }
    t_collecting = &here_;
  }
  CollectingScope(const CollectingScope&) = delete;
  CollectingScope& operator=(const CollectingScope&) = delete;
  ~CollectingScope() { t_collecting = here_.outer; }

 private:
  const Collecting here_;
};

}  // namespace

Registry::Registry(RegistryOptions options)
    : store_(detail::store_identity()),
      state_(std::make_shared<detail::RegistryState>(std::move(options))) {}

Registry::~Registry() = default;

void Registry::check_store() const {
  if (store_ == detail::store_identity()) return;
  throw DefinitionError(
      "this registry was made by another copy of vitals in this process (a program and a plugin "
      "that each link it statically): what one copy counts the other does not see. Link vitals as "
      "one shared library, or give each its own registry");
}

detail::FamilySpec Registry::spec_of(MetricType type, std::string name, std::string help,
                                     FamilyOptions options, const Where& where) {
  detail::FamilySpec spec;
  spec.where = where;
  spec.type = type;
  spec.name = std::move(name);
  spec.help = std::move(help);
  spec.unit = std::move(options.unit);
  spec.max_series = options.max_series;
  spec.native = options.native;
  spec.exemplars = options.exemplars;
  spec.expire_after = options.expire_after;
  spec.get_or_create = options.get_or_create;
  spec.any_name = options.any_name;
  spec.own_constant_labels = std::move(options.constant_labels);
  spec.omit_empty_labels = options.omit_empty_labels;
  return spec;
}

detail::FamilyCore* Registry::define_core(detail::FamilySpec spec, const Spread& spread) {
  check_store();
  state_->complete(spec);
  if (spec.native) detail::check_native(spec.name, *spec.native);
  if (spread.buckets != nullptr) {
    spec.layout = detail::intern_layout(detail::check_bounds(spec.name, spread.buckets->bounds()));
  } else if (spec.type == MetricType::kHistogram) {
    spec.layout = detail::intern_layout({});
  }
  if (spread.quantiles != nullptr) {
    detail::check_quantiles(spec.name, *spread.quantiles);
    spec.quantiles = *spread.quantiles;
  }
  const bool has_buckets = spec.type == MetricType::kHistogram;
  if (spec.native && !has_buckets) {
    throw DefinitionError("metric \"" + spec.name + "\": only a histogram has native buckets");
  }
  if (spec.exemplars && !has_buckets && spec.type != MetricType::kCounter) {
    throw DefinitionError("metric \"" + spec.name +
                          "\": only counters and histograms have exemplars");
  }
  if (spec.max_series == 0) {
    throw DefinitionError("metric \"" + spec.name + "\": max_series is at least 1");
  }
  if (!spec.quantiles.quantiles.empty() && spec.expire_after.count() > 0) {
    // A removed series keeps its memory, and a window of observations is a lot of it.
    throw DefinitionError("metric \"" + spec.name +
                          "\": a summary with quantiles does not expire; take a histogram");
  }
  // Without labels there is nothing that would bring it back.
  if (spec.label_names.empty()) spec.expire_after = {};
  return state_->add_family(std::move(spec));
}

DynamicFamily<Counter> Registry::counter(LabelNames labels, std::string name, std::string help,
                                         FamilyOptions options, Where where) {
  detail::FamilySpec spec =
      spec_of(MetricType::kCounter, std::move(name), std::move(help), std::move(options), where);
  spec.label_names = std::move(labels.names);
  return DynamicFamily<Counter>{define_core(std::move(spec), {})};
}

DynamicFamily<Gauge> Registry::gauge(LabelNames labels, std::string name, std::string help,
                                     FamilyOptions options, Where where) {
  detail::FamilySpec spec =
      spec_of(MetricType::kGauge, std::move(name), std::move(help), std::move(options), where);
  spec.label_names = std::move(labels.names);
  return DynamicFamily<Gauge>{define_core(std::move(spec), {})};
}

DynamicFamily<Histogram> Registry::histogram(LabelNames labels, std::string name, std::string help,
                                             const Buckets& buckets, FamilyOptions options,
                                             Where where) {
  detail::FamilySpec spec =
      spec_of(MetricType::kHistogram, std::move(name), std::move(help), std::move(options), where);
  spec.label_names = std::move(labels.names);
  return DynamicFamily<Histogram>{define_core(std::move(spec), {.buckets = &buckets})};
}

DynamicFamily<Summary> Registry::summary(LabelNames labels, std::string name, std::string help,
                                         const Quantiles& quantiles, FamilyOptions options,
                                         Where where) {
  detail::FamilySpec spec =
      spec_of(MetricType::kSummary, std::move(name), std::move(help), std::move(options), where);
  spec.label_names = std::move(labels.names);
  return DynamicFamily<Summary>{define_core(std::move(spec), {.quantiles = &quantiles})};
}

Definition Registry::gauge_callback(std::string name, std::string help,
                                    std::function<double()> read, FamilyOptions options,
                                    Where where) {
  return define_callback(MetricType::kGauge, std::move(name), std::move(help), std::move(read),
                         std::move(options), where);
}

Definition Registry::counter_callback(std::string name, std::string help,
                                      std::function<double()> read, FamilyOptions options,
                                      Where where) {
  return define_callback(MetricType::kCounter, std::move(name), std::move(help), std::move(read),
                         std::move(options), where);
}

namespace {

/// What is chosen for a family whose values are read at the scrape.
void check_callback(const detail::FamilySpec& spec) {
  const char* fault = nullptr;
  if (spec.native) fault = "only a histogram has native buckets";
  if (spec.exemplars) fault = "what is read at the scrape has no exemplars";
  if (spec.expire_after.count() > 0)
    fault = "what is read at the scrape does not expire; drop its guard";
  if (spec.max_series == 0) fault = "max_series is at least 1";
  if (spec.get_or_create && spec.label_names.empty())
    fault = "one function is read, so get_or_create wants labels that tell the functions apart";
  if (fault != nullptr) throw DefinitionError("metric \"" + spec.name + "\": " + fault);
}

}  // namespace

Definition Registry::define_callback(MetricType type, std::string name, std::string help,
                                     std::function<double()> read, FamilyOptions options,
                                     const Where& where) {
  check_store();
  detail::FamilySpec spec =
      spec_of(type, std::move(name), std::move(help), std::move(options), where);
  state_->complete(spec);
  check_callback(spec);
  auto callbacks = std::make_shared<detail::CallbackFamily>(std::move(spec));
  static_cast<void>(callbacks->add({}, std::move(read)));
  return Definition{state_->add_callbacks(std::move(callbacks))};
}

std::weak_ptr<detail::CallbackFamily> Registry::define_callbacks(MetricType type,
                                                                 std::vector<std::string> labels,
                                                                 std::string name, std::string help,
                                                                 FamilyOptions options,
                                                                 const Where& where) {
  check_store();
  detail::FamilySpec spec =
      spec_of(type, std::move(name), std::move(help), std::move(options), where);
  spec.label_names = std::move(labels);
  state_->complete(spec);
  check_callback(spec);
  return state_->add_callbacks(std::make_shared<detail::CallbackFamily>(std::move(spec)))
      ->callbacks;
}

Definition Registry::collector(std::unique_ptr<Collector> collector) {
  check_store();
  if (collector == nullptr) throw DefinitionError("the collector is null");
  return Definition{state_->add_collector(std::move(collector))};
}

Definition Registry::find(std::string_view name) const {
  check_store();
  return Definition{state_->find(name)};
}

void Registry::allow_utf8_names() noexcept {
  state_->allow_utf8_names();
}

void Registry::collect(SampleSink& sink) const {
  check_store();
  const CollectingScope collecting(state_.get());
  state_->collect(sink);
}

void Registry::on_left_out(std::function<void(std::string_view what)> listener) {
  check_store();
  state_->listen(std::move(listener));
}

LeftOut Registry::left_out() const {
  check_store();
  return state_->left_out();
}

std::vector<FamilyUsage> Registry::usage() const {
  check_store();
  return state_->usage();
}

Registry& default_registry() {
  // No static of the function: a child of fork() would wait for the thread that was making it.
  static constinit std::atomic<Registry*> made{nullptr};
  if (Registry* registry = made.load(std::memory_order_acquire)) return *registry;
  static constinit std::mutex mutex;
  const detail::RoomLock lock(mutex);
  if (Registry* registry = made.load(std::memory_order_relaxed)) return *registry;
  detail::tell_of_other_copies();
  auto registry = std::make_unique<Registry>();
  add_process_collector(*registry);
  made.store(registry.get(), std::memory_order_release);  // pairs with the acquire above
  return *registry.release();
}

}  // namespace vitals::metrics
