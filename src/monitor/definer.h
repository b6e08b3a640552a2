#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vitals/metrics/definition_error.h"
#include "vitals/metrics/registry.h"
#include "vitals/metrics/sample_sink.h"
#include "vitals/monitor/options.h"

namespace vitals::monitor::detail {

/// Defines the families as the options choose them. What it has defined goes again unless keep() is
/// called, so that one that cannot be leaves none behind.
class Definer {
 public:
  Definer(metrics::Registry& registry, const MetricsOptions& options)
      : registry_(registry), options_(options) {}
  Definer(const Definer&) = delete;
  Definer& operator=(const Definer&) = delete;
  ~Definer() {
    for (const metrics::Definition& definition : defined_)
      definition.remove();
  }

  /// What was defined, which stays from now on. Throws metrics::DefinitionError at a choice for a name
  /// that no family has.
  [[nodiscard]] std::vector<metrics::Definition> keep() {
    for (const auto& [name, choice] : options_.families) {
      if (std::find(asked_.begin(), asked_.end(), name) != asked_.end()) continue;
      std::string words = "MetricsOptions::families names \"" + name + "\"; known are";
      const char* between = ": ";
      for (const std::string_view one : asked_)
        words.append(std::exchange(between, ", ")).append(one);
      throw metrics::DefinitionError(words);
    }
    return std::exchange(defined_, {});
  }

  template <metrics::Label... L>
  metrics::Family<metrics::Counter, L...> counter(std::string_view name, const char* help,
                                                  metrics::FamilyOptions family = {}) {
    if (is_off(name)) return {};
    auto made = registry_.counter<L...>(name_of(name), help, chosen(name, std::move(family)));
    note(name);
    return made;
  }
  template <metrics::Label... L>
  metrics::Family<metrics::Gauge, L...> gauge(std::string_view name, const char* help,
                                              metrics::FamilyOptions family = {}) {
    if (is_off(name)) return {};
    auto made = registry_.gauge<L...>(name_of(name), help, chosen(name, std::move(family)));
    note(name);
    return made;
  }
  template <metrics::Label... L>
  metrics::Family<metrics::Histogram, L...> histogram(std::string_view name, const char* help,
                                                      std::vector<double> bounds,
                                                      metrics::FamilyOptions family = {}) {
    if (is_off(name)) return {};
    const FamilyChoice* const choice = find(name);
    if (choice != nullptr && choice->buckets) bounds = *choice->buckets;
    auto made = registry_.histogram<L...>(name_of(name), help, metrics::Buckets{std::move(bounds)},
                                          chosen(name, std::move(family)));
    note(name);
    return made;
  }
  void collector(std::unique_ptr<metrics::Collector> made) {
    defined_.push_back(registry_.collector(std::move(made)));
  }

  /// For a collector's families: the name that is chosen, empty when it is off. Throws
  /// metrics::DefinitionError at a name that cannot be or is taken, and at buckets.
  [[nodiscard]] std::string chosen_name(std::string_view name, const char* help,
                                        metrics::MetricType type) {
    if (is_off(name)) return {};
    if (const FamilyChoice* const choice = find(name); choice != nullptr && choice->buckets) {
      throw metrics::DefinitionError("MetricsOptions::families: \"" + std::string{name} +
                                     "\" is no histogram and has no buckets");
    }
    std::string chosen = name_of(name);
    // A collector's names are looked at by scrapes only: this one is defined, and goes again.
    const auto nothing = [] { return 0.0; };
    const metrics::Definition tried = type == metrics::MetricType::kCounter
                                          ? registry_.counter_callback(chosen, help, nothing)
                                          : registry_.gauge_callback(chosen, help, nothing);
    tried.remove();
    return chosen;
  }
  [[nodiscard]] metrics::Registry& registry() const noexcept { return registry_; }
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& labels() const noexcept {
    return options_.labels;
  }

 private:
  [[nodiscard]] const FamilyChoice* find(std::string_view name) const {
    const auto there = options_.families.find(name);
    return there != options_.families.end() ? &there->second : nullptr;
  }
  [[nodiscard]] bool is_off(std::string_view name) {
    asked_.push_back(name);
    const FamilyChoice* const choice = find(name);
    return choice != nullptr && choice->off;
  }
  [[nodiscard]] std::string name_of(std::string_view name) const {
    const FamilyChoice* const choice = find(name);
    const bool renamed = choice != nullptr && !choice->name.empty();
    return options_.prefix + (renamed ? choice->name : std::string{name});
  }
  [[nodiscard]] metrics::FamilyOptions chosen(std::string_view name,
                                              metrics::FamilyOptions family) const {
    if (const FamilyChoice* const choice = find(name)) family.max_series = choice->max_series;
    family.constant_labels = options_.labels;
    return family;
  }
  void note(std::string_view name) { defined_.push_back(registry_.find(name_of(name))); }

  metrics::Registry& registry_;
  const MetricsOptions& options_;
  std::vector<std::string_view> asked_;
  std::vector<metrics::Definition> defined_;
};

}  // namespace vitals::monitor::detail
