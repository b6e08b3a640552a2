#pragma once

#include <concepts>
#include <cstdint>

#include "vitals/metrics/detail/cells.h"
#include "vitals/metrics/detail/optional_parts.h"

#pragma GCC visibility push(default)

namespace vitals::metrics {

namespace detail {
struct HandleMaker;
}

/// A value that only grows. For anything that can fall, use Gauge; for durations and sizes, use
/// Histogram.
///
/// A small value to copy and keep: it never dangles, also when its series was removed, its registry
/// destroyed, or the process is ending. A default-constructed one does nothing.
class Counter {
 public:
  constexpr Counter() noexcept = default;

  /// Adds one event. Threads: any. Cost: one plain add to a cell of this thread; the first in a
  /// thread makes the cell's page. Never fails.
  ///
  /// In a signal handler whole numbers are counted exactly on x86-64, once this thread has counted
  /// the same counter outside of it: the first count takes a lock and memory, which a handler must
  /// not. Fractions, histograms and summaries are not for handlers: what the handler interrupts may
  /// be lost. A look-up by labels, value() and all of Registry are not either.
  void inc() const noexcept { detail::add_count(slot_, 1); }

  /// Adds `n` events; ignores what is negative. Threads, cost: as above.
  template <std::integral Integer>
  requires(!std::same_as<Integer, bool>) void inc(Integer n) const noexcept {
    if constexpr (std::signed_integral<Integer>) {
      if (n < 0) return;
    }
    if constexpr (sizeof(Integer) > 4) {
      if (static_cast<std::uint64_t>(n) >= detail::kLarge) [[unlikely]]
        return detail::add_large(slot_, static_cast<std::uint64_t>(n));
    }
    detail::add_count(slot_, static_cast<std::uint64_t>(n));
  }

  /// A truth value is no number of events, but would become one.
  void inc(bool) const = delete;

  /// Adds `amount`, which may have a fraction: seconds, dollars. Ignores what is negative, NaN or
  /// infinite. Threads: any. Cost: as above.
  void inc(double amount) const noexcept {
    if (!detail::is_finite_and_positive(amount)) return;
    if (amount < static_cast<double>(detail::kLarge)) [[likely]] {
      // Apart, so that a small fraction is not lost in a large sum.
      const auto whole = static_cast<std::int64_t>(amount);
      const double fraction = amount - static_cast<double>(whole);
      if (whole != 0) detail::add_count(slot_, static_cast<std::uint64_t>(whole));
      if (fraction > 0.0) detail::add_sum(slot_, fraction);
    } else {
      detail::add_large(slot_, amount);
    }
  }

  /// Adds `amount`, with an example of it: where the family has FamilyOptions::exemplars, the
  /// latest is exposed by OpenMetrics and protobuf. Threads: any. Cost: some 200 ns; what writes at
  /// the same moment is counted, its exemplar left out.
  void inc_with_exemplar(double amount, ExemplarLabels labels) const noexcept {
    if (detail::is_nan(amount) || amount < 0.0) return;
    inc(amount);
    if (parts_ != nullptr) detail::keep_exemplar(*parts_, amount, labels);
  }

  /// The total of all threads, as the nearest double to the exact sum. For tests and pages, not for
  /// the hot path. Threads: any. Cost: a lock, and a look at every live thread.
  [[nodiscard]] double value() const noexcept;

 private:
  friend struct detail::HandleMaker;
  constexpr Counter(detail::Slot slot, detail::OptionalParts* parts) noexcept
      : slot_(slot), parts_(parts) {}

  detail::Slot slot_ = detail::kNoSlot;
  detail::OptionalParts* parts_ = nullptr;
};

}  // namespace vitals::metrics

#pragma GCC visibility pop
