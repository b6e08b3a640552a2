#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "vitals/metrics/detail/cells.h"
#include "vitals/metrics/native_buckets.h"
#include "vitals/metrics/sample_sink.h"

namespace vitals::metrics::detail {

inline constexpr std::int32_t kCoarsestSchema = -4;
inline constexpr std::int32_t kFinestSchema = 8;

/// The bucket of `value`, which is above 0, at a schema. Source: Prometheus, "Native histograms".
[[nodiscard]] std::int32_t native_key(double value, std::int32_t schema) noexcept;

/// The bucket that holds `key` when the schema has been lowered by `steps`.
[[nodiscard]] constexpr std::int32_t lower_key(std::int32_t key, int steps) noexcept {
  for (; steps > 0; --steps)
    key = (key + 1) >> 1;
  return key;
}

/// What read() gives; `view` is into the rest. All of it is of the same observations.
struct NativeReading {
  std::vector<std::uint64_t> classic;  ///< of each classic bucket by itself
  double sum = 0.0;
  std::vector<NativeView::Bucket> positive;
  std::vector<NativeView::Bucket> negative;
  NativeView view;
};

/// The sparse buckets of one series. A cell is of what fell into one sparse and one classic bucket,
/// so that one change of it counts in both, and counting is a look-up without a lock. Past the
/// limit the schema is lowered: pairs of buckets become one, which keeps the cells of both. No count
/// is lost, also of threads that still count by the former schema.
class NativeCells {
 public:
  explicit NativeCells(const NativeBuckets& options);
  NativeCells(const NativeCells&) = delete;
  NativeCells& operator=(const NativeCells&) = delete;

  /// So many of one value. Threads: any. `classic` is the classic bucket that it fell into. Not for
  /// NaN. Never fails: without memory for a new bucket it counts in none.
  void add(double value, std::size_t classic, std::uint64_t times = 1) noexcept;
  /// With that many classic buckets. Starts anew first where that is due.
  void read(NativeReading& out, std::size_t classic);
  /// The same at a time of the caller's.
  void read_at(NativeReading& out, std::size_t classic, std::chrono::steady_clock::time_point now);
  /// When it last started anew, in seconds since 1970-01-01 UTC; 0: never.
  [[nodiscard]] double since() const noexcept { return since_.load(std::memory_order_relaxed); }

 private:
  /// An open-addressing table of one schema. Entries are words of place and slot; 0 is free.
  struct Table {
    Table(std::int32_t for_schema, std::size_t capacity)
        : schema(for_schema),
          mask(capacity - 1),
          entries(std::make_unique<std::atomic<std::uint64_t>[]>(capacity)) {}
    const std::int32_t schema;
    const std::size_t mask;
    std::atomic<double> zero_threshold{0.0};
    std::unique_ptr<std::atomic<std::uint64_t>[]> entries;
    std::size_t used = 0;
  };
  /// Where a value falls.
  struct Place {
    std::int32_t key;  // kZero: not further from 0 than the threshold
    bool negative;
    std::uint16_t classic;

    /// In a word of 32 bits: keys have 20 and a sign, classic buckets are less than 512.
    [[nodiscard]] std::uint32_t packed() const noexcept {
      return static_cast<std::uint32_t>(key) << 11 | std::uint32_t{classic} << 1 |
             (negative ? 1U : 0U);
    }
    [[nodiscard]] Place lowered(int steps) const noexcept {
      return {key == kZero ? kZero : lower_key(key, steps), negative, classic};
    }
  };
  struct Cell {
    Slot slot;
    std::int32_t schema;
    Place place;
    std::uint64_t before = 0;  // that were counted in it before the last start anew

    /// Where what it counts belongs at a schema that is not finer, and a zero threshold.
    [[nodiscard]] Place place_at(std::int32_t at_schema, double zero_threshold) const noexcept;
  };
  static constexpr std::int32_t kZero = -(1 << 20);

  [[nodiscard]] static Place place_of(double value, std::size_t classic,
                                      const Table& table) noexcept;
  [[nodiscard]] static Slot find(const Table& table, Place place) noexcept;
  static void insert(Table& table, Place place, Slot slot) noexcept;
  Slot make(double value, std::size_t classic);
  [[nodiscard]] bool takes_bucket(Place place, const Table& table) const;
  /// By a wider one, or by one of a lower schema or another zero threshold.
  void replace_table(std::int32_t schema, std::size_t capacity, double zero_threshold);
  /// Makes room by a wider zero bucket, which is told at the next start anew from.
  [[nodiscard]] bool widen_zero();
  [[nodiscard]] bool start_anew(std::chrono::steady_clock::time_point now, bool at_limit);
  [[nodiscard]] Cell make_cell(const Table& table, Place place);

  const NativeBuckets options_;
  std::atomic<const Table*> current_;
  std::atomic<double> since_{0.0};

  mutable std::mutex mutex_;  // guards all below, and every write to a table
  std::vector<std::unique_ptr<Table>>
      tables_;  // the last is the current one; readers may be in any
  std::vector<Cell> cells_;
  double sum_before_ = 0.0;  // of what was observed in the cells before the last start anew
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  // Slots that are not in use any more: those of the time before the last, for a thread may still be
  // on its way to count in one of the last.
  std::vector<Slot> spare_;
  std::vector<Slot> just_left_;
};

}  // namespace vitals::metrics::detail
