#pragma once

#include <cstdint>
#include <vector>

#include "vitals/metrics/detail/cells.h"
#include "vitals/metrics/detail/optional_parts.h"

#pragma GCC visibility push(default)

namespace vitals::metrics {

namespace detail {
struct HandleMaker;
}

/// How observed values are spread: durations in seconds, sizes in bytes. For a value of which only
/// the latest matters, use Gauge.
///
/// Its count is the sum of its buckets, always. A small value to copy and keep: it never dangles. A
/// default-constructed one does nothing.
class Histogram {
 public:
  constexpr Histogram() noexcept = default;

  /// Counts `value` in the first bucket whose upper bound is not below it. NaN is ignored, since it
  /// would spoil the sum for good. Threads: any. Cost: a count of the bounds without a branch and
  /// two plain adds to cells of this thread. Never fails.
  void observe(double value) const noexcept {
    if (layout_ == nullptr || detail::is_nan(value)) return;
    const std::size_t bucket = detail::bucket_of(*layout_, value);
    detail::add_observation(slot_, bucket, value);
    if (parts_ != nullptr) [[unlikely]]
      detail::observe_parts(*parts_, bucket, value);
  }

  /// As `observe`, so many times at once: for values that were counted elsewhere before. An exemplar
  /// is not kept. Threads: any. Cost: as observe.
  void observe_many(double value, std::uint64_t times) const noexcept {
    if (layout_ == nullptr || detail::is_nan(value) || times == 0) return;
    const std::size_t bucket = detail::bucket_of(*layout_, value);
    detail::add_observations(slot_, bucket, value, times);
    if (parts_ != nullptr) [[unlikely]]
      detail::observe_parts_many(*parts_, bucket, value, times);
  }

  /// As `observe`, with an example of the caller's in place of the active trace. Threads: any. Cost:
  /// some 200 ns; what writes at the same moment is counted, its exemplar left out.
  void observe(double value, ExemplarLabels exemplar) const noexcept {
    if (layout_ == nullptr || detail::is_nan(value)) return;
    const std::size_t bucket = detail::bucket_of(*layout_, value);
    detail::add_observation(slot_, bucket, value);
    if (parts_ != nullptr) detail::observe_parts(*parts_, bucket, value, exemplar);
  }

  /// What has been observed by all threads; for tests and pages, not for the hot path.
  /// Threads: any. Cost: a lock, and a look at every live thread.
  [[nodiscard]] std::uint64_t count() const noexcept;
  /// Of all that was observed. Cost: a look at the cells of each thread.
  [[nodiscard]] double sum() const noexcept;

  /// The count of each bucket by itself (not added up), the last one being +Inf.
  [[nodiscard]] std::vector<std::uint64_t> buckets() const;

  /// The finite upper bounds, ascending.
  [[nodiscard]] std::vector<double> bounds() const;

 private:
  friend struct detail::HandleMaker;
  constexpr Histogram(const detail::BucketLayout* layout, detail::Slot slot,
                      detail::OptionalParts* parts) noexcept
      : layout_(layout), slot_(slot), parts_(parts) {}

  const detail::BucketLayout* layout_ = nullptr;
  detail::Slot slot_ = detail::kNoSlot;
  detail::OptionalParts* parts_ = nullptr;
};

}  // namespace vitals::metrics

#pragma GCC visibility pop
