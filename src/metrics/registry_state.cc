#include "metrics/registry_state.h"

#include <algorithm>
#include <iterator>
#include <unordered_set>

#include "metrics/label_text.h"
#include "vitals/metrics/detail/fork_gate.h"
#include "vitals/metrics/label.h"

namespace vitals::metrics::detail {
namespace {

constexpr std::string_view kTwice =
    "collectors say a series twice (other order of labels and empty values do not matter); the "
    "first is kept";
constexpr std::string_view kUnsound =
    "a collector's native buckets are not ascending, of no known schema or zero threshold, or do "
    "not hold as many observations as the classic ones, which are kept";

/// Cores of registries that are gone, for the handles that may still point to them.
void keep_for_good(std::shared_ptr<FamilyCore> core) {
  static constinit std::mutex mutex;
  const RoomLock lock(mutex);
  static auto& kept = *new std::vector<std::shared_ptr<FamilyCore>>;
  kept.push_back(std::move(core));
}

std::string place_of(const Where& where) {
  return std::string(where.file) + ":" + std::to_string(where.line);
}

/// What tells a definition from the one that is there; empty when nothing does.
std::string_view difference(const FamilySpec& one, const FamilySpec& other) {
  if (one.type != other.type) return "type";
  if (one.help != other.help) return "help";
  if (one.unit != other.unit) return "unit";
  if (one.label_names != other.label_names) return "labels";
  if (one.indexed != other.indexed) return "labels, of which some are enums";
  if (one.layout != other.layout) return "buckets";
  if (one.native != other.native) return "native buckets";
  if (one.quantiles != other.quantiles) return "quantiles";
  if (one.exemplars != other.exemplars) return "exemplars";
  if (one.max_series != other.max_series) return "max_series";
  if (one.expire_after != other.expire_after) return "expire_after";
  if (one.any_name != other.any_name) return "any_name";
  if (one.own_constant_labels != other.own_constant_labels) return "constant labels";
  if (one.omit_empty_labels != other.omit_empty_labels) return "omit_empty_labels";
  return {};
}

}  // namespace

/// What collectors say of one family, put together.
struct RegistryState::MergedFamily {
  FamilyInfo info;
  const CollectorRun* first = nullptr;  // where it stands on the page
  std::vector<const Recorder::Sample*> samples{};
  std::unordered_set<std::string_view> keys{};
};

void Defined::remove() noexcept {
  if (const std::shared_ptr<RegistryState> state = registry.lock()) state->remove(*this);
}

RegistryState::RegistryState(RegistryOptions options)
    : options_(std::move(options)), utf8_names_(options_.utf8_names) {
  std::vector<std::string> names;
  for (const auto& [name, value] : options_.labels) {
    if (!valid_utf8_label_name(name) || std::ranges::find(names, name) != names.end())
      throw DefinitionError("label \"" + mended(name) +
                            "\" of a registry: it is reserved, empty, not UTF-8 or given twice");
    names.push_back(name);
    append_label(labels_, name, base::is_utf8(value) ? value : mended(value));
  }
  static_cast<void>(check_labels("(every one)", names, name_rule()));
}

RegistryState::~RegistryState() {
  for (const std::shared_ptr<Defined>& one : defined_)
    if (one->core != nullptr) retired_.push_back(one->core);
  for (std::shared_ptr<FamilyCore>& core : retired_) {
    core->close();
    keep_for_good(std::move(core));
  }
}

void RegistryState::complete(FamilySpec& spec) const {
  spec.name = options_.prefix + spec.name;
  spec.constant_labels = labels_;
  for (const auto& [name, value] : spec.own_constant_labels)
    append_label(spec.constant_labels, name, base::is_utf8(value) ? value : mended(value));
  // A state set's label bears the family's name, which is checked as such.
  if (spec.type == MetricType::kStateSet) {
    spec.label_names = {spec.name};
    spec.utf8_labels = !plain_label_name(spec.name);
    const auto is_its_name = [&spec](const auto& label) { return label.first == spec.name; };
    if (std::ranges::any_of(spec.own_constant_labels, is_its_name) ||
        std::ranges::any_of(options_.labels, is_its_name)) {
      throw DefinitionError("metric \"" + spec.name +
                            "\": the label of its states bears its name, which is a label that "
                            "every series has");
    }
    return;
  }
  std::vector<std::string> names = spec.label_names;
  for (const auto& [name, value] : spec.own_constant_labels)
    names.push_back(name);
  for (const auto& [name, value] : options_.labels) {
    if (std::ranges::find(names, name) != names.end()) {
      throw DefinitionError("metric \"" + spec.name + "\": the label \"" + name +
                            "\" is one that its registry puts on every series");
    }
    names.push_back(name);
  }
  for (const std::string& name : names) {
    // Those of a type are checked by the compiler.
    if (!valid_utf8_label_name(name) || std::ranges::count(names, name) > 1) {
      throw DefinitionError("metric \"" + spec.name + "\": the label \"" + mended(name) +
                            "\" is reserved, empty, not UTF-8 or given twice");
    }
  }
  spec.utf8_labels = check_labels(spec.name, names, name_rule());
}

std::vector<std::shared_ptr<Defined>> RegistryState::all() const {
  const RoomLock lock(mutex_);
  return defined_;
}

/// Takes the names for a family. Gives the claim that stands against it, with the name that both
/// want; null when there is none.
std::pair<const RegistryState::Claim*, std::string> RegistryState::claim(
    std::string_view name, MetricType type, const CollectorRun* collector,
    const std::string& place) const {
  const std::vector<std::string> names = claimed_names(name, type);
  for (const std::string& wanted : names) {
    const auto there = claims_.find(wanted);
    if (there == claims_.end()) continue;
    // Collectors may share a family.
    const bool both_collected = collector != nullptr && !there->second.collectors.empty();
    if (there->second.family != name || !both_collected) return {&there->second, wanted};
  }
  for (const std::string& wanted : names) {
    Claim& held = claims_.try_emplace(wanted, Claim{std::string(name), place, {}}).first->second;
    if (collector != nullptr) held.collectors.insert(collector);
  }
  return {nullptr, {}};
}

/// Checks a definition that is to stay and takes its names.
void RegistryState::admit(const FamilySpec& spec) const {
  check_family({spec.name, spec.help, spec.type, spec.unit, false, spec.any_name}, name_rule());
  const auto [holder, wanted] = claim(spec.name, spec.type, nullptr, place_of(spec.where));
  if (holder == nullptr) return;
  if (holder->family == spec.name) {
    throw DefinitionError("metric \"" + spec.name + "\": defined already, at " + holder->place);
  }
  throw DefinitionError("metric \"" + spec.name + "\": its sample name " + wanted +
                        " is taken by the metric \"" + holder->family + "\", defined at " +
                        holder->place);
}

/// What is there for a definition that may take it; null where nothing is. Throws where it is
/// another one.
std::shared_ptr<Defined> RegistryState::there_already(const FamilySpec& spec,
                                                      bool callbacks) const {
  if (!spec.get_or_create) return nullptr;
  for (const std::shared_ptr<Defined>& one : defined_) {
    if (one->spec() == nullptr || one->spec()->name != spec.name) continue;
    std::string_view differs = difference(*one->spec(), spec);
    if (differs.empty() && (one->callbacks != nullptr) == callbacks) return one;
    if (differs.empty()) differs = "source: one is counted, the other read at the scrape";
    throw DefinitionError("metric \"" + spec.name + "\": defined already, at " +
                          place_of(one->spec()->where) + ", and this differs in its " +
                          std::string(differs));
  }
  return nullptr;
}

FamilyCore* RegistryState::add_family(FamilySpec spec) {
  auto made = std::make_shared<Defined>();
  made->registry = weak_from_this();
  const RoomLock lock(mutex_);
  if (const std::shared_ptr<Defined> there = there_already(spec, false)) return there->core.get();
  defined_.reserve(defined_.size() + 1);
  // One that was taken out and is the same comes back.
  const auto former = std::ranges::find_if(retired_, [&](const auto& core) {
    return core->spec().name == spec.name && difference(core->spec(), spec).empty();
  });
  if (former == retired_.end()) {
    made->core = std::make_shared<FamilyCore>(std::move(spec));
    admit(made->core->spec());
  } else {
    admit(spec);
    made->core = std::move(*former);
    retired_.erase(former);
    made->core->reopen();
  }
  FamilyCore* const core = made->core.get();
  defined_.push_back(std::move(made));
  return core;
}

std::shared_ptr<Defined> RegistryState::add_callbacks(std::shared_ptr<CallbackFamily> callbacks) {
  auto made = std::make_shared<Defined>();
  made->registry = weak_from_this();
  made->callbacks = std::move(callbacks);
  const RoomLock lock(mutex_);
  if (std::shared_ptr<Defined> there = there_already(made->callbacks->spec(), true)) return there;
  defined_.reserve(defined_.size() + 1);
  admit(made->callbacks->spec());
  defined_.push_back(made);
  return made;
}

std::shared_ptr<Defined> RegistryState::add_collector(std::unique_ptr<Collector> collector) {
  auto made = std::make_shared<Defined>();
  made->registry = weak_from_this();
  made->collector = std::make_shared<CollectorRun>(std::move(collector));
  const RoomLock lock(mutex_);
  defined_.push_back(made);
  return made;
}

std::shared_ptr<Defined> RegistryState::find(std::string_view name) const {
  const RoomLock lock(mutex_);
  const auto there = std::ranges::find_if(defined_, [&](const auto& one) {
    return one->spec() != nullptr && one->spec()->name == options_.prefix + std::string(name);
  });
  return there != defined_.end() ? *there : nullptr;
}

void RegistryState::remove(const Defined& what) noexcept {
  std::shared_ptr<Defined> taken;
  {
    const RoomLock lock(mutex_);
    const auto there =
        std::ranges::find_if(defined_, [&](const auto& one) { return one.get() == &what; });
    if (there == defined_.end()) return;
    taken = std::move(*there);
    defined_.erase(there);
    for (auto claim = claims_.begin(); claim != claims_.end();) {
      Claim& held = claim->second;
      const bool is_free =
          taken->spec() != nullptr
              ? held.collectors.empty() && held.family == taken->spec()->name
              : held.collectors.erase(taken->collector.get()) > 0 && held.collectors.empty();
      claim = is_free ? claims_.erase(claim) : std::next(claim);
    }
  }
  if (taken->callbacks != nullptr) taken->callbacks->stop();
  if (taken->collector != nullptr) taken->collector->stop();
  if (taken->core == nullptr) return;
  taken->core->retire();
  try {
    const RoomLock lock(mutex_);
    retired_.push_back(taken->core);
  } catch (const std::bad_alloc&) {
    // Handles may point to it, so it must not go: nobody gives it free any more.
    static_cast<void>(new (std::nothrow) std::shared_ptr<FamilyCore>(taken->core));
  }
}

void RegistryState::leave_out(std::atomic<std::uint64_t>& count, std::uint64_t n,
                              std::string_view family, std::string_view why) const {
  constexpr std::size_t kMostTold = 64;
  count.fetch_add(n, std::memory_order_relaxed);
  std::string text = "metric \"" + std::string(family) + "\": " + std::string(why);
  std::shared_ptr<const Listener> to;
  {
    const RoomLock lock(mutex_);
    if (listener_ == nullptr || told_.size() >= kMostTold || !told_.insert(text).second) return;
    to = listener_;
  }
  try {
    (*to)(text);
  } catch (...) {
    // It must not cost the scrape.
  }
}

void RegistryState::merge(const CollectorRun& from, const Recorded& said, SampleSink& sink,
                          std::vector<MergedFamily>& merged) const {
  if (said.failed)
    leave_out(failures_, 1, "(a collector)", "a collector threw; what it had not said is missing");
  if (said.duplicates.count > 0)
    leave_out(duplicates_, said.duplicates.count, said.duplicates.family, kTwice);
  if (said.unsound.count > 0)
    leave_out(failures_, said.unsound.count, said.unsound.family, kUnsound);
  for (const Recorder::RecordedFamily& family : said.families) {
    if (family.samples.empty() || !sink.wants(family.info())) continue;
    auto there = std::ranges::find(merged, family.name,
                                   [](const MergedFamily& one) { return one.info.name; });
    if (there == merged.end()) {
      std::string taken_by;
      {
        const RoomLock claims_lock(mutex_);
        // One that was taken out since then has no names.
        const bool is_defined = std::ranges::any_of(
            defined_, [&](const auto& one) { return one->collector.get() == &from; });
        if (!is_defined) return;
        const auto [holder, wanted] = claim(family.name, family.type, &from, "a collector");
        if (holder != nullptr) taken_by = holder->family + "\", defined at " + holder->place;
      }
      if (!taken_by.empty()) {
        leave_out(clashes_, family.samples.size(), family.name,
                  "a collector's family has a name that is taken by \"" + taken_by);
        continue;
      }
      there = merged.insert(merged.end(), MergedFamily{family.info(), &from});
    } else if (there->info.type != family.type) {
      leave_out(clashes_, family.samples.size(), family.name,
                "two collectors say it with two types");
      continue;
    }
    there->info.utf8_labels |= family.utf8_labels;
    std::uint64_t twice = 0;
    for (const Recorder::Sample& sample : family.samples) {
      if (there->keys.insert(sample.key).second) {
        there->samples.push_back(&sample);
      } else {
        ++twice;
      }
    }
    if (twice > 0) leave_out(duplicates_, twice, family.name, kTwice);
  }
}

void RegistryState::collect(SampleSink& sink) const {
  const std::vector<std::shared_ptr<Defined>> defined = all();
  // All collectors first, since what several say of one family is exposed once.
  std::vector<std::pair<const CollectorRun*, std::shared_ptr<const Recorded>>> all_said;
  const RecorderOptions options{name_rule(), options_.prefix, labels_};
  for (const std::shared_ptr<Defined>& one : defined) {
    if (one->collector == nullptr || !one->collector->is_wanted(sink, options_.prefix)) continue;
    if (auto said = one->collector->recorded(options)) {
      all_said.emplace_back(one->collector.get(), std::move(said));
    } else {
      leave_out(failures_, 1, "(a collector)",
                "a collector took too long or there was no memory for what it says");
    }
  }
  std::vector<MergedFamily> merged;
  for (const auto& [from, said] : all_said)
    merge(*from, *said, sink, merged);
  for (const std::shared_ptr<Defined>& one : defined) {
    if (one->core != nullptr) one->core->collect(sink);
    if (one->callbacks != nullptr) {
      one->callbacks->collect(sink, [&](std::string_view why) {
        leave_out(failures_, 1, one->callbacks->spec().name, why);
      });
    }
    if (one->collector == nullptr) continue;
    for (const MergedFamily& family : merged) {
      if (family.first != one->collector.get()) continue;
      sink.begin_family(family.info);
      for (const Recorder::Sample* const sample : family.samples)
        sample->replay(family.info.type, sink);
    }
  }
}

std::vector<FamilyUsage> RegistryState::usage() const {
  std::vector<FamilyUsage> used;
  for (const std::shared_ptr<Defined>& one : all()) {
    if (one->core != nullptr) {
      const FamilySpec& spec = one->core->spec();
      used.push_back(
          {spec.name, one->core->size(), one->core->overflows(), !spec.label_names.empty()});
    } else if (one->callbacks != nullptr && !one->callbacks->spec().label_names.empty()) {
      used.push_back(
          {one->callbacks->spec().name, one->callbacks->size(), one->callbacks->overflows(), true});
    }
  }
  return used;
}

void RegistryState::listen(Listener listener) {
  auto kept = listener ? std::make_shared<const Listener>(std::move(listener)) : nullptr;
  const RoomLock lock(mutex_);
  listener_.swap(kept);
}

LeftOut RegistryState::left_out() const noexcept {
  return {duplicates_.load(std::memory_order_relaxed), clashes_.load(std::memory_order_relaxed),
          failures_.load(std::memory_order_relaxed)};
}

}  // namespace vitals::metrics::detail
