#pragma once

#include <cstddef>
#include <cstdint>

#include "vitals/metrics/detail/family_core.h"
#include "vitals/metrics/label.h"

#pragma GCC visibility push(default)

namespace vitals::metrics {

/// Which of an enum's states hold: one series for each, 1 or 0, told apart by a label that is named
/// as the metric is. Made by Registry::state_set; none holds at first. A scrape sees all states as
/// they were at one moment. A default-constructed one does nothing.
template <class Enum>
class StateSet {
  using Values = detail::LabelArgument<Enum>;
  static_assert(Values::kCount <= 64, "a state set has at most 64 states");

 public:
  constexpr StateSet() noexcept = default;

  /// This state holds, and no other. Threads: any; the last one wins. Cost: one store.
  void set(Enum state) const noexcept {
    if (core_ != nullptr && Values::index(state) < Values::kCount) core_->set_states(bit(state));
  }
  /// This state holds or does not, whatever the others do. Threads: any. Cost: one locked
  /// instruction.
  void enable(Enum state, bool holds = true) const noexcept {
    if (core_ == nullptr || Values::index(state) >= Values::kCount) return;
    core_->change_states(bit(state), holds);
  }

 private:
  friend class Registry;
  constexpr explicit StateSet(detail::FamilyCore* core) noexcept : core_(core) {}
  [[nodiscard]] static constexpr std::uint64_t bit(Enum state) noexcept {
    return std::uint64_t{1} << Values::index(state);
  }

  detail::FamilyCore* core_ = nullptr;
};

}  // namespace vitals::metrics

#pragma GCC visibility pop
