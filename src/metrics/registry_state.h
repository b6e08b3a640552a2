#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/hidden.h"
#include "metrics/callbacks.h"
#include "metrics/collector_run.h"
#include "metrics/definition.h"
#include "vitals/metrics/detail/family_core.h"
#include "vitals/metrics/registry.h"

namespace vitals::metrics::detail {

class RegistryState;

/// One definition; one of the three is set.
struct Defined final : Removable {
  std::weak_ptr<RegistryState> registry;
  std::shared_ptr<FamilyCore> core;
  std::shared_ptr<CallbackFamily> callbacks;
  std::shared_ptr<CollectorRun> collector;

  /// Null of a collector, which has several.
  [[nodiscard]] const FamilySpec* spec() const noexcept {
    if (core != nullptr) return &core->spec();
    return callbacks != nullptr ? &callbacks->spec() : nullptr;
  }
  void remove() noexcept override;
};

/// What a registry holds. Threads: any.
class VITALS_HIDDEN RegistryState : public std::enable_shared_from_this<RegistryState> {
 public:
  /// Throws DefinitionError at a label that cannot be one.
  explicit RegistryState(RegistryOptions options);
  RegistryState(const RegistryState&) = delete;
  RegistryState& operator=(const RegistryState&) = delete;
  /// Its cores are closed and kept, for the handles that may still point to them.
  ~RegistryState();

  void allow_utf8_names() noexcept { utf8_names_.store(true, std::memory_order_relaxed); }
  [[nodiscard]] NameRule name_rule() const noexcept {
    return utf8_names_.load(std::memory_order_relaxed) ? NameRule::kUtf8 : NameRule::kPlain;
  }

  /// Puts the registry's prefix and labels on a definition and checks its names. Throws
  /// DefinitionError.
  void complete(FamilySpec& spec) const;
  /// These throw DefinitionError where the name is taken. One that is there already and may be taken
  /// (FamilyOptions::get_or_create) is given instead.
  FamilyCore* add_family(FamilySpec spec);
  std::shared_ptr<Defined> add_callbacks(std::shared_ptr<CallbackFamily> callbacks);
  std::shared_ptr<Defined> add_collector(std::unique_ptr<Collector> collector);
  [[nodiscard]] std::shared_ptr<Defined> find(std::string_view name) const;
  void remove(const Defined& what) noexcept;

  void collect(SampleSink& sink) const;
  [[nodiscard]] std::vector<FamilyUsage> usage() const;

  using Listener = std::function<void(std::string_view)>;
  void listen(Listener listener);
  [[nodiscard]] LeftOut left_out() const noexcept;

 private:
  struct Claim {
    std::string family;
    std::string place;  // where the family was defined; of a collector's, that
    std::set<const CollectorRun*> collectors;  // that say it; none: it was defined
  };
  struct MergedFamily;

  [[nodiscard]] std::vector<std::shared_ptr<Defined>> all() const;
  [[nodiscard]] std::pair<const Claim*, std::string> claim(std::string_view name, MetricType type,
                                                           const CollectorRun* collector,
                                                           const std::string& place) const;
  void admit(const FamilySpec& spec) const;
  [[nodiscard]] std::shared_ptr<Defined> there_already(const FamilySpec& spec,
                                                       bool callbacks) const;
  void merge(const CollectorRun& from, const Recorded& said, SampleSink& sink,
             std::vector<MergedFamily>& merged) const;
  /// Something was left out of a scrape: counts it, and tells the listener once of each family.
  void leave_out(std::atomic<std::uint64_t>& count, std::uint64_t n, std::string_view family,
                 std::string_view why) const;

  const RegistryOptions options_;
  std::string labels_;  // of the options, rendered
  std::atomic<bool> utf8_names_;

  mutable std::mutex mutex_;  // guards what follows
  std::vector<std::shared_ptr<Defined>> defined_;
  std::vector<std::shared_ptr<FamilyCore>> retired_;  // taken out; handles may still point to them
  mutable std::map<std::string, Claim, std::less<>> claims_;
  mutable std::shared_ptr<const Listener> listener_;
  mutable std::set<std::string, std::less<>> told_;

  mutable std::atomic<std::uint64_t> duplicates_{0};
  mutable std::atomic<std::uint64_t> clashes_{0};
  mutable std::atomic<std::uint64_t> failures_{0};
};

}  // namespace vitals::metrics::detail
