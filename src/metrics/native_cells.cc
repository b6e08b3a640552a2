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

/// What the bucket of a key reaches up to.
double upper_bound(std::int32_t key, std::int32_t schema) noexcept {
  return std::exp2(std::ldexp(static_cast<double>(key), -schema));
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

NativeCells::NativeCells(const NativeBuckets& options) : options_(options) {
  // Now, since a static that is made on the hot path could be half made in a child of fork().
  static_cast<void>(fractions());
  tables_.push_back(std::make_unique<Table>(options.schema, kFirstCapacity));
  tables_.back()->zero_threshold.store(options.zero_threshold, std::memory_order_relaxed);
  current_.store(tables_.back().get(), std::memory_order_release);
}

NativeCells::Place NativeCells::place_of(double value, std::size_t classic,
                                         const Table& table) noexcept {
  const double magnitude = std::fabs(value);
  const auto bucket = static_cast<std::uint16_t>(classic);
  if (magnitude <= table.zero_threshold.load(std::memory_order_relaxed))
    return {kZero, false, bucket};
  return {native_key(magnitude, table.schema), value < 0, bucket};
}

NativeCells::Place NativeCells::Cell::place_at(std::int32_t at_schema,
                                               double zero_threshold) const noexcept {
  if (place.key == kZero || upper_bound(place.key, schema) <= zero_threshold)
    return {kZero, false, place.classic};
  return place.lowered(schema - at_schema);
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

void NativeCells::add(double value, std::size_t classic, std::uint64_t times) noexcept {
  const Table& table = *current_.load(std::memory_order_acquire);
  Slot slot = find(table, place_of(value, classic, table));
  if (slot == kNoSlot) [[unlikely]] {
    try {
      slot = make(value, classic);
    } catch (...) {
      return;
    }
  }
  add_observed(slot, value, times);
}

/// Whether a cell at the place would not be in a sparse bucket of its own for which there is no room.
bool NativeCells::takes_bucket(Place place, const Table& table) const {
  const double zero_threshold = table.zero_threshold.load(std::memory_order_relaxed);
  std::set<std::pair<std::int32_t, bool>> buckets;
  for (const Cell& cell : cells_) {
    const Place there = cell.place_at(table.schema, zero_threshold);
    if (there.key != kZero) buckets.emplace(there.key, there.negative);
  }
  return place.key == kZero || buckets.contains({place.key, place.negative}) ||
         buckets.size() < options_.max_buckets;
}

Slot NativeCells::make(double value, std::size_t classic) {
  const RoomLock lock(mutex_);
  for (;;) {
    const Table& table = *current_.load(std::memory_order_relaxed);
    const Place place = place_of(value, classic, table);
    const Slot there = find(table, place);
    if (there != kNoSlot) return there;
    if (table.schema == kCoarsestSchema || takes_bucket(place, table)) {
      if (2 * (table.used + 1) > table.mask + 1) {
        replace_table(table.schema, 2 * (table.mask + 1),
                      table.zero_threshold.load(std::memory_order_relaxed));
        continue;
      }
      cells_.reserve(cells_.size() + 1);
      cells_.push_back(make_cell(table, place));
      insert(const_cast<Table&>(table), place, cells_.back().slot);
      return cells_.back().slot;
    }
    if (start_anew(std::chrono::steady_clock::now(), true) || widen_zero()) continue;
    replace_table(table.schema - 1, table.mask + 1,
                  table.zero_threshold.load(std::memory_order_relaxed));
  }
}

NativeCells::Cell NativeCells::make_cell(const Table& table, Place place) {
  if (spare_.empty()) return {take_slots(1), table.schema, place};
  const Slot slot = spare_.back();
  Cell cell{slot, table.schema, place};
  sum_before_ += read_observed({&slot, 1}, {&cell.before, 1});
  spare_.pop_back();
  return cell;
}

bool NativeCells::widen_zero() {
  const Table& table = *current_.load(std::memory_order_relaxed);
  const double zero_threshold = table.zero_threshold.load(std::memory_order_relaxed);
  double least = std::numeric_limits<double>::infinity();
  for (const Cell& cell : cells_) {
    const Place place = cell.place_at(table.schema, zero_threshold);
    if (place.key != kZero) least = std::min(least, upper_bound(place.key, table.schema));
  }
  if (!(least <= options_.max_zero_threshold)) return false;
  replace_table(table.schema, table.mask + 1, least);
  return true;
}

/// Where it has lost resolution, or is about to, and did not start anew for long, it does.
bool NativeCells::start_anew(std::chrono::steady_clock::time_point now, bool at_limit) {
  if (options_.reset_after.count() == 0 || now - started_ < options_.reset_after) return false;
  const Table& table = *current_.load(std::memory_order_relaxed);
  const bool reduced =
      table.schema < options_.schema ||
      table.zero_threshold.load(std::memory_order_relaxed) > options_.zero_threshold;
  if (!reduced && !at_limit) return false;
  std::vector<Slot> left;
  left.reserve(cells_.size());
  for (const Cell& cell : cells_)
    left.push_back(cell.slot);
  spare_.reserve(spare_.size() + just_left_.size());
  std::vector<Cell> former;
  former.swap(cells_);
  try {
    replace_table(options_.schema, kFirstCapacity, options_.zero_threshold);
  } catch (const std::bad_alloc&) {
    cells_.swap(former);  // no memory for a table: all stays as it is
    return false;
  }
  spare_.insert(spare_.end(), just_left_.begin(), just_left_.end());
  just_left_ = std::move(left);
  sum_before_ = 0.0;
  started_ = now;
  since_.store(
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(),
      std::memory_order_relaxed);
  return true;
}

void NativeCells::replace_table(std::int32_t schema, std::size_t capacity, double zero_threshold) {
  // One of that form that was in use before is written over: a reader that is still in it finds what
  // is right for its schema, or nothing.
  const Table* const current = current_.load(std::memory_order_relaxed);
  Table* table = nullptr;
  for (const std::unique_ptr<Table>& former : tables_) {
    if (former.get() != current && former->schema == schema && former->mask + 1 == capacity)
      table = former.get();
  }
  if (table == nullptr) {
    tables_.push_back(std::make_unique<Table>(schema, capacity));
    table = tables_.back().get();
  }
  for (std::size_t i = 0; i <= table->mask; ++i)
    table->entries[i].store(0, std::memory_order_relaxed);
  table->used = 0;
  table->zero_threshold.store(zero_threshold, std::memory_order_relaxed);
  for (const Cell& cell : cells_) {
    const Place place = cell.place_at(schema, zero_threshold);
    if (find(*table, place) == kNoSlot) insert(*table, place, cell.slot);
  }
  current_.store(table, std::memory_order_release);
}

void NativeCells::read(NativeReading& out, std::size_t classic) {
  read_at(out, classic, std::chrono::steady_clock::now());
}

void NativeCells::read_at(NativeReading& out, std::size_t classic,
                          std::chrono::steady_clock::time_point now) {
  std::vector<Cell> cells;
  std::int32_t schema = 0;
  double zero_threshold = 0.0;
  double sum_before = 0.0;
  {
    const RoomLock lock(mutex_);
    static_cast<void>(start_anew(now, false));
    const Table& table = *current_.load(std::memory_order_relaxed);
    cells = cells_;
    schema = table.schema;
    zero_threshold = table.zero_threshold.load(std::memory_order_relaxed);
    sum_before = sum_before_;
  }
  std::vector<Slot> slots;
  slots.reserve(cells.size());
  for (const Cell& cell : cells)
    slots.push_back(cell.slot);
  std::vector<std::uint64_t> counts(slots.size());
  out.sum = read_observed(slots, counts);
  if (std::isfinite(out.sum) && std::isfinite(sum_before)) out.sum -= sum_before;
  out.classic.assign(classic, 0);
  out.positive.clear();
  out.negative.clear();
  std::uint64_t zeros = 0;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    counts[i] -= cells[i].before;
    if (counts[i] == 0) continue;
    const Place place = cells[i].place_at(schema, zero_threshold);
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
  out.view = {schema, zero_threshold, zeros, out.positive, out.negative};
}

}  // namespace vitals::metrics::detail
