#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "vitals/metrics/sample_sink.h"

namespace vitals::metrics::detail {

/// Quantiles of what was observed in the last while, to within one percent of the value. A sketch
/// of logarithmic buckets (Masson, Rim and Lee, "DDSketch", 2019) for each fifth of the window;
/// they add up, so the window slides by dropping the oldest. Threads: any. Cost of an observation:
/// a logarithm, a clock by the tick and one locked add. Memory: a kilobyte for each power of ten
/// that values span, times six, never more than 350 KiB.
class QuantileWindow {
 public:
  static constexpr double kAccuracy = 0.01;

  explicit QuantileWindow(std::chrono::seconds window) noexcept;
  QuantileWindow(const QuantileWindow&) = delete;
  QuantileWindow& operator=(const QuantileWindow&) = delete;
  ~QuantileWindow();

  /// So many of one value. Not for NaN. Without memory for a bucket the value is left out.
  void observe(double value, std::uint64_t times = 1) noexcept;
  /// Fills in the values of the quantiles asked for.
  void read(std::span<SummaryView::Quantile> quantiles) const;

  /// The same at a time of the caller's, in seconds of any clock that only goes forward.
  void observe_at(double value, std::int64_t seconds, std::uint64_t times = 1) noexcept;
  void read_at(std::span<SummaryView::Quantile> quantiles, std::int64_t seconds) const;

 private:
  static constexpr std::size_t kSteps = 5;  // of the window; one more is being filled
  static constexpr std::size_t kPageSize = 128;
  /// Buckets on each side of 0: from 1e-9 to 1e15, which is 2,763 at one percent.
  static constexpr std::int32_t kSide = 2816;
  static constexpr std::size_t kBuckets = 2 * kSide + 1;
  static constexpr std::size_t kPages = (kBuckets + kPageSize - 1) / kPageSize;
  using Page = std::array<std::atomic<std::uint32_t>, kPageSize>;

  struct Step {
    std::atomic<std::int64_t> epoch{-1};
    std::array<std::atomic<Page*>, kPages> pages{};
  };

  [[nodiscard]] static std::size_t bucket_of(double value) noexcept;
  [[nodiscard]] static double value_of(std::size_t bucket) noexcept;
  void begin(Step& step, std::int64_t epoch) noexcept;

  std::int64_t step_seconds_;
  std::array<Step, kSteps + 1> steps_;
};

}  // namespace vitals::metrics::detail
