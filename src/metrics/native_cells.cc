#include "metrics/native_cells.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace vitals::metrics::detail {
namespace {

constexpr std::int32_t kCoarsestSchema = -4;
constexpr std::int32_t kFinestSchema = 8;
constexpr std::size_t kFinest = std::size_t{1} << kFinestSchema;

/// Entries of the first table, which twice the buckets of most series fit into.
constexpr std::size_t kFirstCapacity = 64;

/// Where the buckets of schema 8 begin among the fractions of std::frexp, which are in [0.5, 1).
const std::array<double, kFinest>& fractions() noexcept {
  static const std::array<double, kFinest> table = [] {
    std::array<double, kFinest> made{};
    for (std::size_t i = 0; i < kFinest; ++i) {
      made[i] = 0.5 * std::exp2(static_cast<double>(i) / static_cast<double>(kFinest));
    }
    return made;
  }();
  return table;
}

constexpr std::uint64_t pack(std::int32_t key, bool negative, Slot slot) noexcept {
  const auto tagged = (static_cast<std::uint32_t>(key) << 1) | (negative ? 1U : 0U);
  return (std::uint64_t{tagged} << 32) | (slot + 1U);
}

std::size_t place_of(std::int32_t key, bool negative, std::size_t mask) noexcept {
  const auto tagged = (static_cast<std::uint32_t>(key) << 1) | (negative ? 1U : 0U);
  return (tagged * 0x9E37'79B1U >> 16) & mask;
}

}  // namespace

std::int32_t native_key(double value, std::int32_t schema) noexcept {
  const bool infinite = std::isinf(value);
  if (infinite) value = std::numeric_limits<double>::max();
  int exponent = 0;
  const double fraction = std::frexp(value, &exponent);
  std::int32_t key = 0;
  if (schema > 0) {
    // The first bound that is not below the fraction, among every 2^(8-schema)th of the table.
    const std::array<double, kFinest>& table = fractions();
    const int shift = kFinestSchema - schema;
    std::size_t low = 0;
    std::size_t high = std::size_t{1} << schema;
    while (low < high) {
      const std::size_t middle = (low + high) / 2;
      if (table[middle << shift] < fraction) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    key = static_cast<std::int32_t>(low) + (exponent - 1) * (1 << schema);
  } else {
    key = fraction == 0.5 ? exponent - 1 : exponent;
    const std::int32_t offset = (1 << -schema) - 1;
    key = (key + offset) >> -schema;
  }
  return infinite ? key + 1 : key;
}

NativeCells::NativeCells(const NativeBuckets& options)
    : zero_threshold_(options.zero_threshold),
      max_buckets_(options.max_buckets),
      zero_slot_(take_slots(1)) {
  tables_.push_back(std::make_unique<Table>(options.schema, kFirstCapacity));
  current_.store(tables_.back().get(), std::memory_order_release);
}

Slot NativeCells::find(const Table& table, std::int32_t key, bool negative) noexcept {
  const std::uint64_t wanted = pack(key, negative, 0) >> 32;
  for (std::size_t i = place_of(key, negative, table.mask);; i = (i + 1) & table.mask) {
    const std::uint64_t entry = table.entries[i].load(std::memory_order_acquire);
    if (entry == 0) return kNoSlot;
    if (entry >> 32 == wanted) return static_cast<Slot>(entry & 0xffff'ffff) - 1U;
  }
}

void NativeCells::insert(Table& table, std::int32_t key, bool negative, Slot slot) noexcept {
  std::size_t i = place_of(key, negative, table.mask);
  while (table.entries[i].load(std::memory_order_relaxed) != 0)
    i = (i + 1) & table.mask;
  table.entries[i].store(pack(key, negative, slot), std::memory_order_release);
  ++table.used;
}

void NativeCells::add(double value) noexcept {
  const double magnitude = std::fabs(value);
  if (magnitude <= zero_threshold_) {
    add_count(zero_slot_, 1);
    return;
  }
  const bool negative = value < 0;
  const Table& table = *current_.load(std::memory_order_acquire);
  Slot slot = find(table, native_key(magnitude, table.schema), negative);
  if (slot == kNoSlot) [[unlikely]] {
    try {
      slot = make(magnitude, negative);
    } catch (...) {
      return;
    }
  }
  add_count(slot, 1);
}

Slot NativeCells::make(double magnitude, bool negative) {
  const std::lock_guard lock(mutex_);
  for (;;) {
    Table& table = *tables_.back();
    const std::int32_t key = native_key(magnitude, table.schema);
    const Slot there = find(table, key, negative);
    if (there != kNoSlot) return there;
    if (table.used < max_buckets_ || table.schema == kCoarsestSchema) {
      if (2 * (table.used + 1) > table.mask + 1) {
        replace_table(table.schema, 2 * (table.mask + 1));
        continue;
      }
      cells_.reserve(cells_.size() + 1);
      const Slot slot = take_slots(1);
      cells_.push_back({slot, table.schema, key, negative});
      insert(table, key, negative, slot);
      return slot;
    }
    replace_table(table.schema - 1, table.mask + 1);
  }
}

void NativeCells::replace_table(std::int32_t schema, std::size_t capacity) {
  auto table = std::make_unique<Table>(schema, capacity);
  for (const Cell& cell : cells_) {
    const std::int32_t key = lower_key(cell.key, cell.schema - schema);
    if (find(*table, key, cell.negative) == kNoSlot) insert(*table, key, cell.negative, cell.slot);
  }
  tables_.push_back(std::move(table));
  current_.store(tables_.back().get(), std::memory_order_release);
}

void NativeCells::read(NativeReading& out) const {
  std::vector<Cell> cells;
  std::int32_t schema = 0;
  {
    const std::lock_guard lock(mutex_);
    cells = cells_;
    schema = tables_.back()->schema;
  }
  std::vector<Slot> slots{zero_slot_};
  for (const Cell& cell : cells)
    slots.push_back(cell.slot);
  std::vector<std::uint64_t> counts(slots.size());
  std::vector<double> sums(slots.size());
  read_totals(slots, 1, counts, sums);
  out.positive.clear();
  out.negative.clear();
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (counts[i + 1] == 0) continue;
    (cells[i].negative ? out.negative : out.positive)
        .push_back({lower_key(cells[i].key, cells[i].schema - schema), counts[i + 1]});
  }
  for (std::vector<NativeView::Bucket>* side : {&out.positive, &out.negative}) {
    std::ranges::sort(*side, {}, &NativeView::Bucket::key);
    std::size_t kept = 0;
    for (std::size_t i = 0; i < side->size(); ++i) {
      const NativeView::Bucket bucket = (*side)[i];
      if (kept > 0 && (*side)[kept - 1].key == bucket.key) {
        (*side)[kept - 1].count += bucket.count;
      } else {
        (*side)[kept++] = bucket;
      }
    }
    side->resize(kept);
  }
  out.view = {schema, zero_threshold_, counts[0], out.positive, out.negative};
}

}  // namespace vitals::metrics::detail
