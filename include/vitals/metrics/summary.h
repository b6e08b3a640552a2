#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "vitals/metrics/detail/cells.h"
#include "vitals/metrics/detail/optional_parts.h"

#pragma GCC visibility push(default)

namespace vitals::metrics {

namespace detail {
struct HandleMaker;
}

/// Quantiles that a summary exposes beside count and sum: none, unless asked for.
struct Quantiles {
  /// Each from 0 to 1: `{.5, .9, .99}`.
  std::vector<double> quantiles{};
  /// They are of what was observed in this time, which slides by fifths.
  std::chrono::seconds window{600};

  friend bool operator==(const Quantiles&, const Quantiles&) = default;
};

/// Count and sum of observed values, with quantiles if asked for. Quantiles cannot be added up over
/// instances or label sets: for anything that is, use Histogram.
///
/// A quantile is within one percent of the value that has its rank, for values of 1e-9 to 1e15 and
/// their negatives; what is smaller counts as 0. A small value to copy and keep: it never dangles.
/// A default-constructed one does nothing.
class Summary {
 public:
  constexpr Summary() noexcept = default;

  /// NaN is ignored, since it would spoil the sum for good. Threads: any. Cost: two plain adds to
  /// cells of this thread; with quantiles some 30 ns more. Never fails.
  void observe(double value) const noexcept {
    if (detail::is_nan(value)) return;
    detail::add_observation(slot_, 0, value);
    if (parts_ != nullptr) detail::observe_parts(*parts_, 0, value);
  }

  /// As `observe`, so many times at once. Threads: any. Cost: as observe.
  void observe_many(double value, std::uint64_t times) const noexcept {
    if (detail::is_nan(value) || times == 0) return;
    detail::add_observations(slot_, 0, value, times);
    if (parts_ != nullptr) detail::observe_parts_many(*parts_, 0, value, times);
  }

  /// What has been observed by all threads; for tests and pages, not for the hot path.
  /// Threads: any. Cost: a lock, and a look at every live thread.
  [[nodiscard]] std::uint64_t count() const noexcept;
  /// Of all that was observed.
  [[nodiscard]] double sum() const noexcept;

 private:
  friend struct detail::HandleMaker;
  constexpr Summary(detail::Slot slot, detail::OptionalParts* parts) noexcept
      : slot_(slot), parts_(parts) {}

  detail::Slot slot_ = detail::kNoSlot;
  detail::OptionalParts* parts_ = nullptr;
};

}  // namespace vitals::metrics

#pragma GCC visibility pop
