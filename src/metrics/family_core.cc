#include "vitals/metrics/detail/family_core.h"

#include <algorithm>
#include <bit>
#include <new>
#include <random>
#include <stdexcept>
#include <utility>

#include "metrics/exact.h"
#include "metrics/label_text.h"
#include "metrics/optional_parts.h"
#include "vitals/metrics/detail/fork_gate.h"

namespace vitals::metrics::detail {
namespace {

constexpr std::string_view kOther = "(other)";

/// How many series before its turn one is fetched into the cache: with a hundred thousand of them a
/// scrape otherwise waits for memory at each.
constexpr std::size_t kAhead = 16;

std::uint64_t process_seed() {
  // Label values may come from outside; a seed that nobody can know keeps them from being chosen so
  // that all fall on one entry of the table.
  const ForkSection section;
  static const std::uint64_t seed = [] {
    std::random_device device;
    return (static_cast<std::uint64_t>(device()) << 32) | device();
  }();
  return seed;
}

/// One block: the Series, where its values lie, the rendered labels, and after them those values
/// that do not stand in the labels as they are.
Series* render_series(SeriesArena& arena, const FamilySpec& spec,
                      std::span<const std::string_view> values) {
  const std::span<const std::string> names = spec.label_names;
  std::string labels = spec.constant_labels;
  std::string escaped;
  std::vector<Series::Value> places(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    places[i].size = static_cast<std::uint32_t>(values[i].size());
    places[i].offset = 0;
    if (values[i].empty() && spec.omit_empty_labels) continue;
    append_label(labels, names[i], values[i]);
    places[i].offset = static_cast<std::uint32_t>(labels.size() - 1 - values[i].size());
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i].find_first_of("\\\"\n") == std::string_view::npos) continue;
    places[i].offset = static_cast<std::uint32_t>(labels.size() + escaped.size());
    escaped += values[i];
  }
  const std::size_t texts = labels.size() + escaped.size();
  if (texts > 0xffff'ffff) throw std::length_error("label values");

  void* block = arena.take(sizeof(Series) + places.size() * sizeof(Series::Value) + texts);
  auto* series = new (block) Series;
  series->labels_size = static_cast<std::uint32_t>(labels.size());
  auto* stored = reinterpret_cast<Series::Value*>(series + 1);
  std::uninitialized_copy(places.begin(), places.end(), stored);
  char* text = reinterpret_cast<char*>(stored + places.size());
  std::ranges::copy(escaped, std::ranges::copy(labels, text).out);
  return series;
}

/// Label values that are UTF-8 in every byte.
class MendedValues {
 public:
  explicit MendedValues(std::span<const std::string_view> values) {
    for (const std::string_view value : values)
      texts_.push_back(mended(value));
    views_.assign(texts_.begin(), texts_.end());
  }
  [[nodiscard]] std::span<const std::string_view> views() const noexcept { return views_; }

 private:
  std::vector<std::string> texts_;
  std::vector<std::string_view> views_;
};

double now_seconds() noexcept {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::unique_ptr<OptionalParts> make_parts(const FamilySpec& spec) {
  auto parts = std::make_unique<OptionalParts>();
  if (spec.exemplars) parts->exemplars = std::make_unique<ExemplarStore>(spec.cells());
  if (spec.native) parts->native = std::make_unique<NativeCells>(*spec.native);
  if (!spec.quantiles.quantiles.empty()) {
    parts->quantiles = std::make_unique<QuantileWindow>(spec.quantiles.window);
  }
  return parts;
}

}  // namespace

void* SeriesArena::take(std::size_t size) {
  constexpr std::size_t kFirstBlock = 1024;
  constexpr std::size_t kLargestBlock = 64 * 1024;
  size = (size + alignof(Series) - 1) & ~(alignof(Series) - 1);
  if (size > left_) {
    const std::size_t usual =
        std::min(kLargestBlock, kFirstBlock << std::min<std::size_t>(blocks_.size(), 6));
    const std::size_t block = std::max(size, usual);
    blocks_.push_back(std::make_unique_for_overwrite<std::byte[]>(block));
    next_ = blocks_.back().get();
    left_ = block;
  }
  void* const taken = next_;
  next_ += size;
  left_ -= size;
  return taken;
}

FamilyCore::FamilyCore(FamilySpec spec)
    : spec_(std::move(spec)),
      seed_(process_seed()),
      overflow_slot_(take_slots(1)),
      scrape_(std::make_unique<LongLock>()) {
  tables_.all.push_back(std::make_unique<SeriesTable>(spec_.label_names.empty() ? 2 : 16));
  table_.store(tables_.all.back().get(), std::memory_order_relaxed);
  if (spec_.indexed > 0) {
    indexed_ = std::make_unique<std::atomic<const Series*>[]>(spec_.indexed);
  }
}

FamilyCore::~FamilyCore() {
  close();
}

const Series* FamilyCore::make(std::span<const std::string_view> values,
                               std::uint64_t hash) noexcept {
  if (is_foreign()) return nullptr;
  try {
    // What is not UTF-8 is mended first, and then is a series like any other.
    if (!std::ranges::all_of(values, base::is_utf8)) {
      const MendedValues mended(values);
      const std::uint64_t mended_hash = hash_of(mended.views());
      if (const Series* series = find(mended.views(), mended_hash)) return series;
      return make(mended.views(), mended_hash);
    }
    // Pairs with the release in make_locked(): a thread that sees the family full sees where to go.
    if (full_.load(std::memory_order_acquire)) {
      if (const Series* other = other_.load(std::memory_order_acquire)) {
        add_count(overflow_slot_, 1);
        return other;
      }
    }
    const RoomLock lock(mutex_);
    return make_locked(values, hash);
  } catch (...) {
    return nullptr;
  }
}

const Series* FamilyCore::make_locked(std::span<const std::string_view> values,
                                      std::uint64_t hash) {
  if (closed_) return nullptr;
  if (const Series* series = find(values, hash)) return series;
  const bool has_other = other_.load(std::memory_order_relaxed) != nullptr;
  if (live_ - (has_other ? 1 : 0) < spec_.max_series) return add_locked(values, hash);
  const Series* other = make_other_locked();
  full_.store(true, std::memory_order_release);  // pairs with the acquire in make()
  add_count(overflow_slot_, 1);
  return other;
}

const Series* FamilyCore::make_other_locked() {
  if (const Series* other = other_.load(std::memory_order_relaxed)) return other;
  const std::vector<std::string_view> texts(spec_.label_names.size(), kOther);
  const std::span<const std::string_view> values(texts);
  const std::uint64_t hash = hash_of(values);
  const Series* other = find(values, hash);
  if (other == nullptr) other = add_locked(values, hash);
  other_.store(other, std::memory_order_release);  // pairs with the acquire in make()
  return other;
}

const Series* FamilyCore::add_locked(std::span<const std::string_view> values, std::uint64_t hash) {
  // All that may throw comes before the first change that can be seen.
  Series* const series = render_series(arena_, spec_, values);
  if (fresh_.size() == fresh_.capacity()) fresh_.reserve(fresh_.size() * 2 + 1);
  SeriesTable* table = tables_.all.back().get();
  // Half of it is always free, so that a look-up seldom meets another's entry.
  if ((tables_.used_entries + 1) * 2 > table->mask + 1) grow_locked();
  switch (spec_.type) {
    case MetricType::kGauge:
      series->gauge = take_gauge();
      break;
    case MetricType::kCounter:
    case MetricType::kHistogram:
    case MetricType::kSummary:
      series->slot = take_slots(spec_.cells());
      break;
    case MetricType::kInfo:
    case MetricType::kStateSet:
    case MetricType::kUnknown:
    case MetricType::kGaugeHistogram:
      break;
  }
  if (spec_.type != MetricType::kGauge) {
    if (spec_.has_parts()) parts_.push_back(make_parts(spec_));
    series->parts = spec_.has_parts() ? parts_.back().get() : nullptr;
  }
  series->created = now_seconds();
  series->era = era_;
  fresh_.push_back(series);
  ++live_;
  if (insert(*tables_.all.back(), series, hash)) ++tables_.used_entries;
  return series;
}

bool FamilyCore::insert(SeriesTable& table, const Series* series, std::uint64_t hash) noexcept {
  std::size_t i = hash & table.mask;
  SeriesTable::Entry there = table.entries[i].load(std::memory_order_relaxed);
  while (there != SeriesTable::kFree && there != SeriesTable::kRemoved) {
    i = (i + 1) & table.mask;
    there = table.entries[i].load(std::memory_order_relaxed);
  }
  table.entries[i].store(SeriesTable::entry_of(series, hash),
                         std::memory_order_release);  // pairs with the acquire in find()
  return there == SeriesTable::kFree;
}

std::uint64_t FamilyCore::hash_of(const Series& series) const noexcept {
  std::uint64_t hash = 0;
  const std::size_t labels = spec_.label_names.size();
  for (std::size_t i = 0; i < labels; ++i)
    hash += hash_of_value(series.value(i, labels), i);
  return hash;
}

SeriesInfo FamilyCore::info_of(const Series& series) const noexcept {
  return {series.labels(spec_.label_names.size()), std::max(series.created, forked_at())};
}

void FamilyCore::grow_locked() {
  // By what is alive: where removed entries fill the table, the new one may be smaller.
  std::size_t capacity = 16;
  while ((live_ + 1) * 3 > capacity)
    capacity *= 2;
  auto table = std::make_unique<SeriesTable>(capacity);
  tables_.all.reserve(tables_.all.size() + 1);
  const SeriesTable& former = *tables_.all.back();
  for (std::size_t i = 0; i <= former.mask; ++i) {
    const SeriesTable::Entry entry = former.entries[i].load(std::memory_order_relaxed);
    if (entry == SeriesTable::kFree || entry == SeriesTable::kRemoved) continue;
    const Series* const series = SeriesTable::series_of(entry);
    static_cast<void>(insert(*table, series, hash_of(*series)));
  }
  // The old ones are kept: a reader may be in the middle of one. They grow with all the series that
  // there ever were, as the series themselves do.
  tables_.all.push_back(std::move(table));
  tables_.used_entries = live_;
  table_.store(tables_.all.back().get(),
               std::memory_order_release);  // pairs with the acquire in find()
}

const Series* FamilyCore::make_at(std::size_t index,
                                  std::span<const std::string_view> values) noexcept {
  if (is_foreign()) return nullptr;
  try {
    const std::uint64_t hash = hash_of(values);
    const RoomLock lock(mutex_);
    const Series* series = make_locked(values, hash);
    // Under the mutex, so that a removal cannot come between; and never `(other)`, which is given
    // up for a series of its own as soon as there is room.
    if (series != nullptr && series != other_.load(std::memory_order_relaxed)) {
      indexed_[index].store(series, std::memory_order_release);  // pairs with the acquire in at()
    }
    return series;
  } catch (...) {
    return nullptr;
  }
}

const Series* FamilyCore::other() noexcept {
  if (const Series* other = other_.load(std::memory_order_acquire)) return other;
  if (is_foreign()) return nullptr;
  try {
    const RoomLock lock(mutex_);
    return closed_ ? nullptr : make_other_locked();
  } catch (...) {
    return nullptr;
  }
}

bool FamilyCore::remove(std::span<const std::string_view> values) noexcept {
  try {
    const MendedValues mended(values);
    const std::uint64_t hash = hash_of(mended.views());
    const RoomLock lock(mutex_);
    const Series* series = closed_ ? nullptr : find(mended.views(), hash);
    if (series == nullptr) return false;
    remove_locked(series, hash);
    return true;
  } catch (...) {
    return false;
  }
}

std::size_t FamilyCore::remove_where(std::span<const Wanted> wanted) noexcept {
  const std::size_t labels = spec_.label_names.size();
  std::vector<std::string> texts;
  try {
    for (const Wanted& one : wanted)
      texts.push_back(base::is_utf8(one.value) ? std::string(one.value) : mended(one.value));
  } catch (const std::bad_alloc&) {
    return 0;  // all stay
  }
  const RoomLock lock(mutex_);
  if (closed_ || wanted.empty()) return 0;
  std::size_t count = 0;
  const SeriesTable& table = *tables_.all.back();
  for (std::size_t i = 0; i <= table.mask; ++i) {
    const SeriesTable::Entry entry = table.entries[i].load(std::memory_order_relaxed);
    if (entry == SeriesTable::kFree || entry == SeriesTable::kRemoved) continue;
    const Series* const series = SeriesTable::series_of(entry);
    bool is_meant = true;
    for (std::size_t at = 0; at < wanted.size(); ++at)
      is_meant &= series->value(wanted[at].place, labels) == texts[at];
    if (!is_meant) continue;
    remove_locked(series, hash_of(*series));
    ++count;
  }
  return count;
}

const Series* FamilyCore::find_checked(std::span<const std::string_view> values) noexcept {
  if (values.size() == spec_.label_names.size()) [[likely]]
    return find_or_make(values);
  add_count(overflow_slot_, 1);
  return other();
}

void FamilyCore::retire() noexcept {
  empty(true);
}

void FamilyCore::reopen() noexcept {
  const RoomLock lock(mutex_);
  states_.store(0, std::memory_order_relaxed);
  closed_ = false;
}

void FamilyCore::remove_locked(const Series* series, std::uint64_t hash) noexcept {
  // Its text and its cell are kept for good: a look-up may be comparing the one at this moment, and
  // a handle may count in the other.
  SeriesTable& table = *tables_.all.back();
  std::size_t i = hash & table.mask;
  const SeriesTable::Entry entry = SeriesTable::entry_of(series, hash);
  while (table.entries[i].load(std::memory_order_relaxed) != entry)
    i = (i + 1) & table.mask;
  table.entries[i].store(SeriesTable::kRemoved, std::memory_order_release);
  if (series == other_.load(std::memory_order_relaxed)) {
    other_.store(nullptr, std::memory_order_relaxed);
  }
  for (std::size_t at = 0; at < spec_.indexed; ++at) {
    if (indexed_[at].load(std::memory_order_relaxed) == series) {
      indexed_[at].store(nullptr, std::memory_order_relaxed);
    }
  }
  full_.store(false, std::memory_order_relaxed);
  // The next scrape takes it out of the list, all removed ones at once.
  const_cast<Series*>(series)->removed.store(true, std::memory_order_relaxed);
  some_removed_ = true;
  --live_;
}

void FamilyCore::empty(bool close) noexcept {
  std::unique_ptr<SeriesTable> empty;
  try {
    empty = std::make_unique<SeriesTable>(16);
  } catch (const std::bad_alloc&) {
    // All stay, as when it had not been called.
  }
  // Under one lock: a series that is made in between would come back with its old count.
  const RoomLock lock(mutex_);
  try {
    tables_.all.reserve(tables_.all.size() + 1);
    if (empty && !closed_ && live_ > 0) clear_locked(std::move(empty));
  } catch (const std::bad_alloc&) {
    // The same.
  }
  closed_ |= close;
}

void FamilyCore::clear_locked(std::unique_ptr<SeriesTable> empty) noexcept {
  tables_.all.push_back(
      std::move(empty));  // the former is kept: a reader may be in the middle of it
  table_.store(tables_.all.back().get(),
               std::memory_order_release);  // pairs with the acquire in find()
  tables_.used_entries = 0;
  live_ = 0;
  ++era_;
  some_removed_ = true;
  other_.store(nullptr, std::memory_order_relaxed);
  for (std::size_t i = 0; i < spec_.indexed; ++i)
    indexed_[i].store(nullptr, std::memory_order_relaxed);
  full_.store(false, std::memory_order_relaxed);
}

void FamilyCore::set_only(std::span<const std::string_view> values) noexcept {
  try {
    const MendedValues mended(values);
    const std::uint64_t hash = hash_of(mended.views());
    auto empty = std::make_unique<SeriesTable>(16);
    const RoomLock lock(mutex_);
    if (closed_ || find(mended.views(), hash) != nullptr) return;
    tables_.all.reserve(tables_.all.size() + 1);
    if (live_ > 0) clear_locked(std::move(empty));
    static_cast<void>(add_locked(mended.views(), hash));
  } catch (...) {
    // The former texts, or none: there is no memory to say more.
  }
}

std::size_t FamilyCore::size() const noexcept {
  const RoomLock lock(mutex_);
  return live_;
}

std::uint64_t FamilyCore::overflows() const noexcept {
  std::uint64_t count = 0;
  double fraction = 0.0;
  read_totals({&overflow_slot_, 1}, 1, {&count, 1}, {&fraction, 1});
  return count;
}

void FamilyCore::collect(SampleSink& sink) {
  collect(sink, std::chrono::steady_clock::now());
}

void FamilyCore::collect(SampleSink& sink, std::chrono::steady_clock::time_point now) {
  const FamilyInfo info{spec_.name, spec_.help,        spec_.type,
                        spec_.unit, spec_.utf8_labels, spec_.any_name};
  if (!sink.wants(info)) return;
  const std::lock_guard lock(*scrape_);
  take_changes();
  if (spec_.expire_after.count() > 0) {
    expire(now);
    take_changes();
  }
  if (seen_.series.empty()) return;
  sink.begin_family(info);
  switch (spec_.type) {
    case MetricType::kCounter:
      return collect_counters(sink);
    case MetricType::kHistogram:
      return collect_histograms(sink);
    case MetricType::kSummary:
      return collect_summaries(sink);
    case MetricType::kGauge:
    case MetricType::kInfo:
    case MetricType::kStateSet:
    case MetricType::kUnknown:
    case MetricType::kGaugeHistogram:
      return collect_gauges(sink);
  }
}

/// Brings seen_.series up to date with what was made and removed since.
void FamilyCore::take_changes() {
  const ForkSection section;
  std::uint32_t era = 0;
  const auto append = [this] {
    seen_.series.insert(seen_.series.end(), seen_.taken.begin(), seen_.taken.end());
    seen_.taken.clear();
  };
  append();  // what a want of memory has left there
  {
    const RoomLock lock(mutex_);
    seen_.taken.swap(fresh_);
    seen_.compact = std::exchange(some_removed_, false) || seen_.compact;
    era = era_;
  }
  append();
  const bool expires = spec_.expire_after.count() > 0;
  if (expires) seen_.changes.resize(seen_.series.size());
  if (!seen_.compact) return;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < seen_.series.size(); ++i) {
    const Series& series = *seen_.series[i];
    if (series.era != era || series.removed.load(std::memory_order_relaxed)) continue;
    seen_.series[kept] = &series;
    if (expires) seen_.changes[kept] = seen_.changes[i];
    ++kept;
  }
  seen_.series.resize(kept);
  if (expires) seen_.changes.resize(kept);
  seen_.compact = false;
}

void FamilyCore::expire(std::chrono::steady_clock::time_point now) {
  const std::size_t cells = spec_.cells();
  std::vector<std::uint64_t> counts(cells);
  const ForkSection section;
  for (std::size_t i = 0; i < seen_.series.size(); ++i) {
    const Series* const series = seen_.series[i];
    LastChange seen{0, 0.0, now};
    if (spec_.type == MetricType::kGauge) {
      seen.value = series->gauge->load(std::memory_order_relaxed);
    } else {
      read_totals({&series->slot, 1}, cells, counts, {&seen.value, 1});
      for (const std::uint64_t count : counts)
        seen.count += count;
    }
    LastChange& last = seen_.changes[i];
    const bool is_new = last.at == std::chrono::steady_clock::time_point::min();
    // By its bits, since NaN is unlike itself.
    if (is_new || last.count != seen.count ||
        std::bit_cast<std::uint64_t>(last.value) != std::bit_cast<std::uint64_t>(seen.value)) {
      last = seen;
    } else if (std::chrono::floor<std::chrono::seconds>(now - last.at) >= spec_.expire_after) {
      // In whole seconds: the longest of them has no number in nanoseconds.
      // One by one, so that a new label set waits for one and not for all.
      const RoomLock lock(mutex_);
      const bool there = series->era == era_ && !series->removed.load(std::memory_order_relaxed);
      if (there && !closed_) remove_locked(series, hash_of(*series));
    }
  }
}

void FamilyCore::fetch_ahead(std::size_t i) const noexcept {
  if (i >= seen_.series.size()) return;
  const char* const block = reinterpret_cast<const char*>(seen_.series[i]);
  __builtin_prefetch(block);
  __builtin_prefetch(block + 64);
  __builtin_prefetch(block + 128);
}

void FamilyCore::collect_gauges(SampleSink& sink) const {
  const std::uint64_t states = states_.load(std::memory_order_relaxed);
  for (std::size_t i = 0; i < seen_.series.size(); ++i) {
    double value = 1.0;  // an info
    if (spec_.type == MetricType::kGauge) {
      value = seen_.series[i]->gauge->load(std::memory_order_relaxed);
    } else if (spec_.type == MetricType::kStateSet) {
      value = (states >> i & 1) != 0 ? 1.0 : 0.0;
    }
    sink.gauge(info_of(*seen_.series[i]), value);
  }
}

void FamilyCore::collect_counters(SampleSink& sink) const {
  constexpr std::size_t kBatch = 256;
  std::array<Slot, kBatch> slots;
  std::array<std::uint64_t, kBatch> counts;
  std::array<double, kBatch> sums;
  std::vector<ExemplarView> exemplars;
  std::vector<std::string> texts;
  for (std::size_t from = 0; from < seen_.series.size(); from += kBatch) {
    const std::size_t n = std::min(kBatch, seen_.series.size() - from);
    for (std::size_t i = 0; i < n; ++i) {
      slots[i] = seen_.series[from + i]->slot;
      fetch_ahead(from + i + kAhead);
    }
    read_totals({slots.data(), n}, 1, counts, sums);
    for (std::size_t i = 0; i < n; ++i) {
      const Series& series = *seen_.series[from + i];
      CounterView value{counts[i], sums[i], {}};
      settle(value.whole, value.fraction);
      if (series.parts != nullptr) {
        series.parts->exemplars->read(exemplars, texts);
        value.exemplar = exemplars[0];
      }
      sink.counter(info_of(series), value);
    }
  }
}

void FamilyCore::collect_histograms(SampleSink& sink) const {
  constexpr std::size_t kBatch = 64;
  std::array<Slot, kBatch> slots;
  std::array<std::uint64_t, 2048> counts;
  static_assert(std::tuple_size_v<decltype(counts)> >= kPageCells);
  std::array<double, kBatch> sums;
  const std::size_t cells = spec_.cells();
  const std::span<const double> bounds(spec_.layout->bounds, spec_.layout->count);
  const std::size_t batch = std::min(kBatch, counts.size() / cells);
  std::vector<ExemplarView> exemplars;
  std::vector<std::string> texts;
  NativeReading native;
  for (std::size_t from = 0; from < seen_.series.size(); from += batch) {
    const std::size_t n = std::min(batch, seen_.series.size() - from);
    for (std::size_t i = 0; i < n; ++i)
      slots[i] = seen_.series[from + i]->slot;
    read_totals({slots.data(), n}, cells, counts, sums);
    for (std::size_t i = 0; i < n; ++i) {
      const Series& series = *seen_.series[from + i];
      HistogramView view{bounds, {counts.data() + i * cells, cells}, sums[i], {}, nullptr};
      if (series.parts != nullptr && series.parts->exemplars) {
        series.parts->exemplars->read(exemplars, texts);
        view.exemplars = exemplars;
      }
      if (series.parts != nullptr && series.parts->native) {
        // Its cells know of the classic buckets too: one reading of all.
        series.parts->native->read(native, cells);
        view.counts = native.classic;
        view.sum = native.sum;
        view.native = &native.view;
      }
      SeriesInfo info = info_of(series);
      if (view.native != nullptr)
        info.created = std::max(info.created, series.parts->native->since());
      sink.histogram(info, view);
    }
  }
}

void FamilyCore::collect_summaries(SampleSink& sink) const {
  std::vector<SummaryView::Quantile> quantiles;
  for (const double wanted : spec_.quantiles.quantiles)
    quantiles.push_back({wanted, 0.0});
  for (const Series* series : seen_.series) {
    SummaryView view;
    read_totals({&series->slot, 1}, 1, {&view.count, 1}, {&view.sum, 1});
    if (series->parts != nullptr) series->parts->quantiles->read(quantiles);
    view.quantiles = quantiles;
    sink.summary(info_of(*series), view);
  }
}

void FamilyCore::close() noexcept {
  const std::lock_guard scrape(*scrape_);
  const RoomLock lock(mutex_);
  closed_ = true;
  for (std::size_t i = 0; i < spec_.indexed; ++i)
    indexed_[i].store(nullptr);
  other_.store(nullptr);
  SeriesTable& table = *tables_.all.back();
  for (std::size_t i = 0; i <= table.mask; ++i)
    table.entries[i].store(SeriesTable::kFree);
  tables_.all.erase(tables_.all.begin(), tables_.all.end() - 1);
  fresh_ = {};
  seen_.taken = {};
  seen_.series = {};
  seen_.changes = {};
  arena_ = {};
  live_ = 0;
}

}  // namespace vitals::metrics::detail
