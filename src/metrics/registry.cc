#include "vitals/metrics/registry.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <new>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <unordered_set>
#include <utility>

#include "metrics/definition.h"
#include "metrics/recorder.h"
#include "vitals/metrics/detail/fork_gate.h"
#include "vitals/metrics/process_collector.h"

namespace vitals::metrics {
namespace {

/// A metric that is a function: read before it is announced, so that a throw leaves no trace.
struct Callback {
  detail::FamilySpec spec;
  std::function<double()> read;

  void collect(SampleSink& sink) const {
    const FamilyInfo info{spec.name, spec.help, spec.type, spec.unit};
    if (!sink.wants(info)) return;
    double value = 0.0;
    try {
      value = read();
    } catch (...) {
      return;
    }
    sink.begin_family(info);
    if (spec.type == MetricType::kCounter) {
      sink.counter({}, {0, value, {}});
    } else {
      sink.gauge({}, value);
    }
  }
};

struct Recorded {
  std::vector<detail::Recorder::RecordedFamily> families;
  detail::Recorder::Faulty duplicates;
  detail::Recorder::Faulty unsound;
  bool failed = false;  // it threw, and what came after that is missing
};

struct CollectorEntry {
  std::unique_ptr<Collector> collector;
  std::mutex mutex;  // guards what follows; not held while the collector runs
  bool running = false;
  std::uint32_t process = 0;  // that it runs in, by forks(): of a parent, it never ends
  std::uint64_t runs = 0;     // that have ended
  std::size_t waiting = 0;    // scrapes, for the run that is under way
  std::shared_ptr<const Recorded> latest;  // what the last run said, while some wait for it
};

/// How long a scrape waits for a collector that another scrape has called, before it goes on
/// without.
constexpr std::chrono::seconds kPatience{5};

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

/// Whether the sink wants something of what the collector may say.
bool is_wanted(const Collector& collector, SampleSink& sink) {
  const std::span<const FamilyInfo> families = collector.families();
  return families.empty() || std::ranges::any_of(families, [&](const FamilyInfo& family) {
           return sink.wants(family);
         });
}

/// What the run says that is under way; null when it takes too long.
std::shared_ptr<const Recorded> await_run(CollectorEntry& entry, std::uint64_t run) {
  // Looks now and then: a condition variable that somebody waits at does not outlive a fork.
  constexpr std::chrono::milliseconds kPause{2};
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  for (;;) {
    std::this_thread::sleep_for(kPause);
    const detail::RoomLock lock(entry.mutex);
    const bool ended = entry.runs != run;
    if (!ended && std::chrono::steady_clock::now() < deadline) continue;
    std::shared_ptr<const Recorded> said = ended ? entry.latest : nullptr;
    if (--entry.waiting == 0) entry.latest = nullptr;
    return said;
  }
}

/// Runs the collector, or waits for the run that is under way and takes what that one says, so that
/// a slow one makes no queue. Null when that takes too long.
std::shared_ptr<const Recorded> recorded_from(CollectorEntry& entry, detail::NameRule rule) {
  std::uint64_t run = 0;
  bool wait = false;
  {
    const detail::RoomLock lock(entry.mutex);
    run = entry.runs;
    wait = entry.running && entry.process == detail::forks();
    if (wait) {
      ++entry.waiting;
    } else {
      if (entry.process != detail::forks()) entry.waiting = 0;
      entry.running = true;
      entry.process = detail::forks();
    }
  }
  if (wait) return await_run(entry, run);
  std::shared_ptr<const Recorded> said;
  try {
    detail::Recorder recorder(rule);
    Recorded recorded;
    try {
      entry.collector->collect(recorder);
    } catch (...) {
      recorder.drop_open();
      recorded.failed = true;
    }
    recorded.duplicates = recorder.duplicates();
    recorded.unsound = recorder.unsound();
    recorded.families = recorder.take();
    said = std::make_shared<const Recorded>(std::move(recorded));
  } catch (const std::bad_alloc&) {
    // Nothing of it this time.
  }
  const detail::RoomLock lock(entry.mutex);
  entry.running = false;
  ++entry.runs;
  if (entry.waiting > 0) entry.latest = said;
  return said;
}

/// What collectors say of one family, put together.
struct MergedFamily {
  FamilyInfo info;
  const CollectorEntry* first = nullptr;  // where it stands on the page
  std::vector<const detail::Recorder::Sample*> samples{};
  std::unordered_set<std::string_view> keys{};
};

/// One definition. Exactly one of the three is set.
struct Node {
  std::unique_ptr<detail::FamilyCore> core;
  std::unique_ptr<Callback> callback;
  std::unique_ptr<CollectorEntry> collector;
  std::unique_ptr<Node> owned_next;
  std::atomic<Node*> next{nullptr};
};

/// Cores of registries that are gone, for the handles that may still point to them.
void keep_for_good(std::unique_ptr<detail::FamilyCore> core) {
  static constinit std::mutex mutex;
  const detail::RoomLock lock(mutex);
  static auto& kept = *new std::vector<std::unique_ptr<detail::FamilyCore>>;
  kept.push_back(std::move(core));
}

}  // namespace

struct Registry::Impl {
  std::atomic<bool> utf8_names{false};

  // A list that only grows, so that a scrape walks it without a lock while others define.
  std::unique_ptr<Node> owned_first;
  std::atomic<Node*> first{nullptr};

  mutable std::mutex mutex;  // guards the two below and every write to the list
  Node* last = nullptr;
  struct Claim {
    std::string family;
    const void* owner;
    std::string place;  // where the family was defined; of a collector's, that
  };
  mutable std::map<std::string, Claim, std::less<>> claims;

  [[nodiscard]] detail::NameRule name_rule() const noexcept {
    return utf8_names.load(std::memory_order_relaxed) ? detail::NameRule::kUtf8
                                                      : detail::NameRule::kPlain;
  }

  void append(std::unique_ptr<Node> node) {
    Node* raw = node.get();
    std::unique_ptr<Node>& owner = last == nullptr ? owned_first : last->owned_next;
    std::atomic<Node*>& link = last == nullptr ? first : last->next;
    owner = std::move(node);
    link.store(raw, std::memory_order_release);  // pairs with the acquires of walk()
    last = raw;
  }

  template <class Visit>
  void walk(const Visit& visit) const {
    // Pair with the release in append().
    for (const Node* node = first.load(std::memory_order_acquire); node != nullptr;
         node = node->next.load(std::memory_order_acquire)) {
      visit(*node);
    }
  }

  /// Takes the names for a family. Gives the claim that stands against it, with the name that both
  /// want; null when there is none.
  [[nodiscard]] std::pair<const Claim*, std::string> claim(std::string_view name, MetricType type,
                                                           const void* owner,
                                                           const std::string& place) const {
    const std::vector<std::string> names = detail::claimed_names(name, type);
    for (const std::string& wanted : names) {
      const auto there = claims.find(wanted);
      if (there == claims.end()) continue;
      if (there->second.family != name || there->second.owner != owner || owner == nullptr) {
        return {&there->second, wanted};
      }
    }
    for (const std::string& wanted : names)
      claims.try_emplace(wanted, Claim{std::string(name), owner, place});
    return {nullptr, {}};
  }

  /// Checks a definition that is to stay and takes its names.
  void admit(const detail::FamilySpec& spec) const {
    detail::check_family({spec.name, spec.help, spec.type, spec.unit}, name_rule());
    const std::string place = std::string(spec.where.file) + ":" + std::to_string(spec.where.line);
    const auto [holder, wanted] = claim(spec.name, spec.type, nullptr, place);
    if (holder == nullptr) return;
    if (holder->family == spec.name) {
      throw DefinitionError("metric \"" + spec.name + "\": defined already, at " + holder->place);
    }
    throw DefinitionError("metric \"" + spec.name + "\": its sample name " + wanted +
                          " is taken by the metric \"" + holder->family + "\", defined at " +
                          holder->place);
  }

  /// Something was left out of a scrape: counts it, and tells the listener once of each family.
  void leave_out(std::atomic<std::uint64_t>& count, std::uint64_t n, std::string_view family,
                 std::string_view why) const {
    constexpr std::size_t kMostTold = 64;
    count.fetch_add(n, std::memory_order_relaxed);
    std::string text = "metric \"" + std::string(family) + "\": " + std::string(why);
    std::shared_ptr<const Listener> to;
    {
      const detail::RoomLock lock(mutex);
      if (listener == nullptr || told.size() >= kMostTold || !told.insert(text).second) return;
      to = listener;
    }
    try {
      (*to)(text);
    } catch (...) {
      // It must not cost the scrape.
    }
  }

  void merge(const CollectorEntry& entry, const Recorded& said, SampleSink& sink,
             std::vector<MergedFamily>& merged) const {
    if (said.failed)
      leave_out(failures, 1, "(a collector)", "a collector threw; what it had not said is missing");
    if (said.duplicates.count > 0)
      leave_out(duplicates, said.duplicates.count, said.duplicates.family, kTwice);
    if (said.unsound.count > 0)
      leave_out(failures, said.unsound.count, said.unsound.family, kUnsound);
    for (const detail::Recorder::RecordedFamily& family : said.families) {
      if (family.samples.empty() || !sink.wants(family.info())) continue;
      auto there = std::ranges::find(merged, family.name,
                                     [](const MergedFamily& one) { return one.info.name; });
      if (there == merged.end()) {
        std::string taken_by;
        {
          const detail::RoomLock claims_lock(mutex);
          // One owner for all collectors: they may share a family.
          const auto [holder, wanted] = claim(family.name, family.type, &claims, "a collector");
          if (holder != nullptr) taken_by = holder->family + "\", defined at " + holder->place;
        }
        if (!taken_by.empty()) {
          leave_out(clashes, family.samples.size(), family.name,
                    "a collector's family has a name that is taken by \"" + taken_by);
          continue;
        }
        there = merged.insert(merged.end(), MergedFamily{family.info(), &entry});
      } else if (there->info.type != family.type) {
        leave_out(clashes, family.samples.size(), family.name,
                  "two collectors say it with two types");
        continue;
      }
      there->info.utf8_labels |= family.utf8_labels;
      std::uint64_t twice = 0;
      for (const detail::Recorder::Sample& sample : family.samples) {
        if (there->keys.insert(sample.key).second) {
          there->samples.push_back(&sample);
        } else {
          ++twice;
        }
      }
      if (twice > 0) leave_out(duplicates, twice, family.name, kTwice);
    }
  }

  void collect(SampleSink& sink) const {
    // All collectors first, since what several say of one family is exposed once.
    std::vector<std::pair<const CollectorEntry*, std::shared_ptr<const Recorded>>> all_said;
    walk([&](const Node& node) {
      if (node.collector == nullptr || !is_wanted(*node.collector->collector, sink)) return;
      if (auto said = recorded_from(*node.collector, name_rule())) {
        all_said.emplace_back(node.collector.get(), std::move(said));
      } else {
        leave_out(failures, 1, "(a collector)",
                  "a collector took too long or there was no memory for what it says");
      }
    });
    std::vector<MergedFamily> merged;
    for (const auto& [entry, said] : all_said)
      merge(*entry, *said, sink, merged);
    walk([&](const Node& node) {
      if (node.core != nullptr) node.core->collect(sink);
      if (node.callback != nullptr) node.callback->collect(sink);
      if (node.collector == nullptr) return;
      for (const MergedFamily& family : merged) {
        if (family.first != node.collector.get()) continue;
        sink.begin_family(family.info);
        for (const detail::Recorder::Sample* sample : family.samples)
          sample->replay(family.info.type, sink);
      }
    });
  }

  static constexpr std::string_view kTwice =
      "collectors say a series twice (other order of labels and empty values do not matter); the "
      "first is kept";
  static constexpr std::string_view kUnsound =
      "a collector's native buckets are not ascending, of no known schema or zero threshold, or do "
      "not hold as many observations as the classic ones, which are kept";
  using Listener = std::function<void(std::string_view)>;
  mutable std::shared_ptr<const Listener> listener;  // guarded by the mutex, as is told
  mutable std::set<std::string, std::less<>> told;
  mutable std::atomic<std::uint64_t> duplicates{0};
  mutable std::atomic<std::uint64_t> clashes{0};
  mutable std::atomic<std::uint64_t> failures{0};
};

Registry::Registry() : store_(detail::store_identity()), impl_(std::make_unique<Impl>()) {}

void Registry::check_store() const {
  if (store_ == detail::store_identity()) return;
  throw DefinitionError(
      "this registry was made by another copy of vitals in this process (a program and a plugin "
      "that each link it statically): what one copy counts the other does not see. Link vitals as "
      "one shared library, or give each its own registry");
}

Registry::~Registry() {
  std::unique_ptr<Node> node = std::move(impl_->owned_first);
  while (node != nullptr) {
    if (node->core != nullptr) {
      node->core->close();
      keep_for_good(std::move(node->core));
    }
    node = std::move(node->owned_next);  // one by one: a long list must not be a deep recursion
  }
}

detail::FamilyCore* Registry::define_core(detail::FamilySpec spec, const Spread& spread) {
  check_store();
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
  // A state set's label bears the family's name, which is checked as such.
  if (spec.type == MetricType::kStateSet) {
    spec.utf8_labels = !detail::plain_label_name(spec.name);
  } else {
    spec.utf8_labels = detail::check_labels(spec.name, spec.label_names, impl_->name_rule());
  }
  // Without labels there is nothing that would bring it back.
  if (spec.label_names.empty()) spec.expire_after = {};
  auto node = std::make_unique<Node>();
  node->core = std::make_unique<detail::FamilyCore>(std::move(spec));
  detail::FamilyCore* core = node->core.get();
  const detail::RoomLock lock(impl_->mutex);
  impl_->admit(core->spec());
  impl_->append(std::move(node));
  return core;
}

void Registry::gauge_callback(std::string name, std::string help, std::function<double()> read,
                              FamilyOptions options, Where where) {
  define_callback(MetricType::kGauge, std::move(name), std::move(help), std::move(read),
                  std::move(options), where);
}

void Registry::counter_callback(std::string name, std::string help, std::function<double()> read,
                                FamilyOptions options, Where where) {
  define_callback(MetricType::kCounter, std::move(name), std::move(help), std::move(read),
                  std::move(options), where);
}

void Registry::define_callback(MetricType type, std::string name, std::string help,
                               std::function<double()> read, FamilyOptions options,
                               const Where& where) {
  check_store();
  if (!read) throw DefinitionError("metric \"" + name + "\": the function is empty");
  auto node = std::make_unique<Node>();
  node->callback = std::make_unique<Callback>();
  node->callback->spec.type = type;
  node->callback->spec.where = where;
  node->callback->spec.name = std::move(name);
  node->callback->spec.help = std::move(help);
  node->callback->spec.unit = std::move(options.unit);
  node->callback->read = std::move(read);
  const detail::RoomLock lock(impl_->mutex);
  impl_->admit(node->callback->spec);
  impl_->append(std::move(node));
}

void Registry::collector(std::unique_ptr<Collector> collector) {
  check_store();
  if (collector == nullptr) throw DefinitionError("the collector is null");
  auto node = std::make_unique<Node>();
  node->collector = std::make_unique<CollectorEntry>();
  node->collector->collector = std::move(collector);
  const detail::RoomLock lock(impl_->mutex);
  impl_->append(std::move(node));
}

void Registry::allow_utf8_names() noexcept {
  impl_->utf8_names.store(true, std::memory_order_relaxed);
}

void Registry::collect(SampleSink& sink) const {
  check_store();
  const CollectingScope collecting(impl_.get());
  impl_->collect(sink);
}

void Registry::on_left_out(std::function<void(std::string_view what)> listener) {
  check_store();
  auto kept = listener ? std::make_shared<const Impl::Listener>(std::move(listener)) : nullptr;
  const detail::RoomLock lock(impl_->mutex);
  impl_->listener.swap(kept);
}

LeftOut Registry::left_out() const {
  check_store();
  return {impl_->duplicates.load(std::memory_order_relaxed),
          impl_->clashes.load(std::memory_order_relaxed),
          impl_->failures.load(std::memory_order_relaxed)};
}

std::vector<FamilyUsage> Registry::usage() const {
  check_store();
  std::vector<FamilyUsage> all;
  impl_->walk([&](const Node& node) {
    if (node.core == nullptr) return;
    const detail::FamilySpec& spec = node.core->spec();
    all.push_back(
        {spec.name, node.core->size(), node.core->overflows(), !spec.label_names.empty()});
  });
  return all;
}

Registry& default_registry() {
  // No static of the function: a child of fork() would wait for the thread that was making it.
  static constinit std::atomic<Registry*> made{nullptr};
  if (Registry* registry = made.load(std::memory_order_acquire)) return *registry;
  static constinit std::mutex mutex;
  const detail::RoomLock lock(mutex);
  if (Registry* registry = made.load(std::memory_order_relaxed)) return *registry;
  auto registry = std::make_unique<Registry>();
  add_process_collector(*registry);
  made.store(registry.get(), std::memory_order_release);  // pairs with the acquire above
  return *registry.release();
}

}  // namespace vitals::metrics
