#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "vitals/metrics/detail/cells.h"
#include "vitals/metrics/native_buckets.h"
#include "vitals/metrics/sample_sink.h"

namespace vitals::metrics::detail {

/// The bucket of `value`, which is above 0, at a schema. Source: Prometheus, "Native histograms".
[[nodiscard]] std::int32_t native_key(double value, std::int32_t schema) noexcept;

/// The bucket that holds `key` when the schema has been lowered by `steps`.
[[nodiscard]] constexpr std::int32_t lower_key(std::int32_t key, int steps) noexcept {
  for (; steps > 0; --steps)
    key = (key + 1) >> 1;
  return key;
}

/// What read() gives; `view` is into the rest.
struct NativeReading {
  std::vector<NativeView::Bucket> positive;
  std::vector<NativeView::Bucket> negative;
  NativeView view;
};

/// The sparse buckets of one series. Each bucket is a cell like a counter's, so counting is a
/// look-up without a lock, and a plain add. Past the limit the schema is lowered: pairs of buckets
/// become one, which keeps the cells of both. No count is lost, also of threads that still count by
/// the former schema.
class NativeCells {
 public:
  explicit NativeCells(const NativeBuckets& options);
  NativeCells(const NativeCells&) = delete;
  NativeCells& operator=(const NativeCells&) = delete;

  /// Threads: any. Not for NaN. Never fails: without memory for a new bucket it counts in none.
  void add(double value) noexcept;
  void read(NativeReading& out) const;

 private:
  /// An open-addressing table of one schema. Entries are words of key, sign and slot; 0 is free.
  struct Table {
    Table(std::int32_t for_schema, std::size_t capacity)
        : schema(for_schema),
          mask(capacity - 1),
          entries(std::make_unique<std::atomic<std::uint64_t>[]>(capacity)) {}
    std::int32_t schema;
    std::size_t mask;
    std::unique_ptr<std::atomic<std::uint64_t>[]> entries;
    std::size_t used = 0;
  };
  struct Cell {
    Slot slot;
    std::int32_t schema;
    std::int32_t key;
    bool negative;
  };

  [[nodiscard]] static Slot find(const Table& table, std::int32_t key, bool negative) noexcept;
  static void insert(Table& table, std::int32_t key, bool negative, Slot slot) noexcept;
  Slot make(double magnitude, bool negative);
  /// By a wider one, or by one of a lower schema.
  void replace_table(std::int32_t schema, std::size_t capacity);

  const double zero_threshold_;
  const std::size_t max_buckets_;
  const Slot zero_slot_;
  std::atomic<const Table*> current_;

  mutable std::mutex mutex_;  // guards all below, and every write to a table
  std::vector<std::unique_ptr<Table>>
      tables_;  // the last is the current one; readers may be in any
  std::vector<Cell> cells_;
};

}  // namespace vitals::metrics::detail
