#include "metrics/native_cells.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <set>
#include <utility>

#include "metrics/observed_cells.h"
#include "vitals/metrics/detail/fork_gate.h"

namespace vitals::metrics::detail {
namespace {

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

std::size_t first_look(std::uint32_t packed, std::size_t mask) noexcept {
  return (packed * 0x9E37'79B1U >> 16) & mask;
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
    : zero_threshold_(options.zero_threshold), max_buckets_(options.max_buckets) {
  // Now, since a static that is made on the hot path could be half made in a child of fork().
  static_cast<void>(fractions());
  tables_.push_back(std::make_unique<Table>(options.schema, kFirstCapacity));
  current_.store(tables_.back().get(), std::memory_order_release);
}

NativeCells::Place NativeCells::place_of(double value, std::size_t classic,
                                         std::int32_t schema) const noexcept {
  const double magnitude = std::fabs(value);
  const auto bucket = static_cast<std::uint16_t>(classic);
  if (magnitude <= zero_threshold_) return {kZero, false, bucket};
  return {native_key(magnitude, schema), value < 0, bucket};
}

Slot NativeCells::find(const Table& table, Place place) noexcept {
  const std::uint32_t wanted = place.packed();
  for (std::size_t i = first_look(wanted, table.mask);; i = (i + 1) & table.mask) {
    const std::uint64_t entry = table.entries[i].load(std::memory_order_acquire);
    if (entry == 0) return kNoSlot;
    if (entry >> 32 == wanted) return static_cast<Slot>(entry & 0xffff'ffff) - 1U;
  }
}

void NativeCells::insert(Table& table, Place place, Slot slot) noexcept {
  const std::uint32_t packed = place.packed();
  std::size_t i = first_look(packed, table.mask);
  while (table.entries[i].load(std::memory_order_relaxed) != 0)
    i = (i + 1) & table.mask;
  table.entries[i].store(std::uint64_t{packed} << 32 | (slot + 1U), std::memory_order_release);
  ++table.used;
}

void NativeCells::add(double value, std::size_t classic) noexcept {
  const Table& table = *current_.load(std::memory_order_acquire);
  Slot slot = find(table, place_of(value, classic, table.schema));
  if (slot == kNoSlot) [[unlikely]] {
    try {
      slot = make(value, classic);
    } catch (...) {
      return;
    }
  }
  add_observed(slot, value);
}

/// Whether a cell at the place would be in a sparse bucket of its own for which there is no room.
bool NativeCells::takes_bucket(Place place, std::int32_t schema) const {
  std::set<std::pair<std::int32_t, bool>> buckets;
  for (const Cell& cell : cells_) {
    const Place there = cell.place.lowered(cell.schema - schema);
    if (there.key != kZero) buckets.emplace(there.key, there.negative);
  }
  return place.key == kZero || buckets.contains({place.key, place.negative}) ||
         buckets.size() < max_buckets_;
}

Slot NativeCells::make(double value, std::size_t classic) {
  const RoomLock lock(mutex_);
  for (;;) {
    Table& table = *tables_.back();
    const Place place = place_of(value, classic, table.schema);
    const Slot there = find(table, place);
    if (there != kNoSlot) return there;
    if (table.schema == kCoarsestSchema || takes_bucket(place, table.schema)) {
      if (2 * (table.used + 1) > table.mask + 1) {
        replace_table(table.schema, 2 * (table.mask + 1));
        continue;
      }
      cells_.reserve(cells_.size() + 1);
      const Slot slot = take_slots(1);
      cells_.push_back({slot, table.schema, place});
      insert(table, place, slot);
      return slot;
    }
    replace_table(table.schema - 1, table.mask + 1);
  }
}

void NativeCells::replace_table(std::int32_t schema, std::size_t capacity) {
  auto table = std::make_unique<Table>(schema, capacity);
  for (const Cell& cell : cells_) {
    const Place place = cell.place.lowered(cell.schema - schema);
    if (find(*table, place) == kNoSlot) insert(*table, place, cell.slot);
  }
  tables_.push_back(std::move(table));
  current_.store(tables_.back().get(), std::memory_order_release);
}

void NativeCells::read(NativeReading& out, std::size_t classic) const {
  std::vector<Cell> cells;
  std::int32_t schema = 0;
  {
    const RoomLock lock(mutex_);
    cells = cells_;
    schema = tables_.back()->schema;
  }
  std::vector<Slot> slots;
  for (const Cell& cell : cells)
    slots.push_back(cell.slot);
  std::vector<std::uint64_t> counts(slots.size());
  out.sum = read_observed(slots, counts);
  out.classic.assign(classic, 0);
  out.positive.clear();
  out.negative.clear();
  std::uint64_t zeros = 0;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (counts[i] == 0) continue;
    const Place place = cells[i].place.lowered(cells[i].schema - schema);
    out.classic[place.classic] += counts[i];
    if (place.key == kZero) {
      zeros += counts[i];
    } else {
      (place.negative ? out.negative : out.positive).push_back({place.key, counts[i]});
    }
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
  out.view = {schema, zero_threshold_, zeros, out.positive, out.negative};
}

}  // namespace vitals::metrics::detail
