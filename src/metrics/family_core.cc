#include "vitals/metrics/detail/family_core.h"

#include <algorithm>
#include <new>
#include <random>
#include <stdexcept>
#include <utility>

#include "metrics/label_text.h"

namespace vitals::metrics::detail {
namespace {

constexpr std::string_view kOther = "(other)";

std::uint64_t process_seed() {
  // Label values may come from outside; a seed that nobody can know keeps them from being chosen so
  // that all fall on one entry of the table.
  static const std::uint64_t seed = [] {
    std::random_device device;
    return (static_cast<std::uint64_t>(device()) << 32) | device();
  }();
  return seed;
}

void free_series(const Series* series) noexcept {
  ::operator delete(const_cast<Series*>(series));
}

/// One block: the Series, where its values lie, the rendered labels, and after them those values
/// that do not stand in the labels as they are.
Series* render_series(std::span<const std::string> names,
                      std::span<const std::string_view> values) {
  std::string labels;
  std::string escaped;
  std::vector<Series::Value> places(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    append_label(labels, names[i], values[i]);
    places[i].size = static_cast<std::uint32_t>(values[i].size());
    places[i].offset = static_cast<std::uint32_t>(labels.size() - 1 - values[i].size());
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i].find_first_of("\\\"\n") == std::string_view::npos) continue;
    places[i].offset = static_cast<std::uint32_t>(labels.size() + escaped.size());
    escaped += values[i];
  }
  const std::size_t texts = labels.size() + escaped.size();
  if (texts > 0xffff'ffff) throw std::length_error("label values");

  void* block = ::operator new(sizeof(Series) + places.size() * sizeof(Series::Value) + texts);
  auto* series = new (block) Series;
  series->labels_size = static_cast<std::uint32_t>(labels.size());
  auto* stored = reinterpret_cast<Series::Value*>(series + 1);
  std::uninitialized_copy(places.begin(), places.end(), stored);
  char* text = reinterpret_cast<char*>(stored + places.size());
  std::ranges::copy(escaped, std::ranges::copy(labels, text).out);
  return series;
}

}  // namespace

constinit const Series FamilyCore::removed_{};

FamilyCore::FamilyCore(FamilySpec spec)
    : spec_(std::move(spec)), seed_(process_seed()), overflow_slot_(take_slots(1)) {
  tables_.push_back(std::make_unique<SeriesTable>(spec_.label_names.empty() ? 2 : 16));
  table_.store(tables_.back().get(), std::memory_order_relaxed);
  if (spec_.indexed > 0) {
    indexed_ = std::make_unique<std::atomic<const Series*>[]>(spec_.indexed);
  }
}

FamilyCore::~FamilyCore() {
  close();
}

const Series* FamilyCore::make(std::span<const std::string_view> values,
                               std::uint64_t hash) noexcept {
  try {
    // What is not UTF-8 is mended first, and then is a series like any other.
    if (!std::ranges::all_of(values, valid_utf8)) {
      std::vector<std::string> mended;
      for (const std::string_view value : values)
        mended.push_back(mend_utf8(value));
      const std::vector<std::string_view> texts(mended.begin(), mended.end());
      const std::span<const std::string_view> views(texts);
      const std::uint64_t mended_hash = hash_of(views);
      if (const Series* series = find(views, mended_hash)) return series;
      return make(views, mended_hash);
    }
    // Pairs with the release in make_locked(): whoever sees the family full sees where to go.
    if (full_.load(std::memory_order_acquire)) {
      if (const Series* other = other_.load(std::memory_order_acquire)) {
        add_count(overflow_slot_, 1);
        return other;
      }
    }
    const std::lock_guard lock(mutex_);
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
  if (series_.size() - (has_other ? 1 : 0) < spec_.max_series) return add_locked(values, hash);
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
  std::unique_ptr<Series, decltype(&free_series)> series(render_series(spec_.label_names, values),
                                                         &free_series);
  series_.reserve(series_.size() + 1 > series_.capacity() ? series_.size() * 2 + 1 : 0);
  SeriesTable* table = tables_.back().get();
  if ((used_entries_ + 1) * 4 > (table->mask + 1) * 3) grow_locked();
  if (spec_.type == MetricType::kGauge) {
    series->gauge = take_gauge();
  } else {
    series->slot = take_slots(spec_.layout != nullptr ? spec_.layout->count + 1 : 1);
  }
  series_.push_back(series.get());
  insert_locked(series.get(), hash);
  return series.release();
}

void FamilyCore::insert_locked(const Series* series, std::uint64_t hash) {
  SeriesTable& table = *tables_.back();
  for (std::size_t i = hash & table.mask;; i = (i + 1) & table.mask) {
    SeriesTable::Entry& entry = table.entries[i];
    const Series* there = entry.series.load(std::memory_order_relaxed);
    if (there != nullptr && there != &removed_) continue;
    if (there == nullptr) ++used_entries_;
    entry.hash.store(hash, std::memory_order_relaxed);
    entry.series.store(series, std::memory_order_release);  // pairs with the acquire in find()
    return;
  }
}

void FamilyCore::grow_locked() {
  const SeriesTable& old = *tables_.back();
  std::size_t capacity = old.mask + 1;
  // Where removed entries fill the table, a new one of the same size is enough.
  while ((series_.size() + 1) * 2 > capacity)
    capacity *= 2;
  auto table = std::make_unique<SeriesTable>(capacity);
  std::size_t used = 0;
  for (std::size_t i = 0; i <= old.mask; ++i) {
    const Series* series = old.entries[i].series.load(std::memory_order_relaxed);
    if (series == nullptr || series == &removed_) continue;
    const std::uint64_t hash = old.entries[i].hash.load(std::memory_order_relaxed);
    std::size_t at = hash & table->mask;
    while (table->entries[at].series.load(std::memory_order_relaxed) != nullptr) {
      at = (at + 1) & table->mask;
    }
    table->entries[at].hash.store(hash, std::memory_order_relaxed);
    table->entries[at].series.store(series, std::memory_order_relaxed);
    ++used;
  }
  // The old ones are kept: a reader may be in the middle of one. Together they are no larger than
  // the last.
  tables_.push_back(std::move(table));
  used_entries_ = used;
  table_.store(tables_.back().get(),
               std::memory_order_release);  // pairs with the acquire in find()
}

const Series* FamilyCore::make_at(std::size_t index,
                                  std::span<const std::string_view> values) noexcept {
  try {
    const std::uint64_t hash = hash_of(values);
    const std::lock_guard lock(mutex_);
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
  try {
    const std::lock_guard lock(mutex_);
    return closed_ ? nullptr : make_other_locked();
  } catch (...) {
    return nullptr;
  }
}

void FamilyCore::retire_locked(const Series* series) noexcept {
  if (series == other_.load(std::memory_order_relaxed)) {
    other_.store(nullptr, std::memory_order_relaxed);
  }
  for (std::size_t i = 0; i < spec_.indexed; ++i) {
    if (indexed_[i].load(std::memory_order_relaxed) == series) {
      indexed_[i].store(nullptr, std::memory_order_relaxed);
    }
  }
  full_.store(false, std::memory_order_relaxed);
}

bool FamilyCore::remove(std::span<const std::string_view> values) noexcept {
  try {
    std::vector<std::string> mended;
    for (const std::string_view value : values)
      mended.push_back(mend_utf8(value));
    const std::vector<std::string_view> texts(mended.begin(), mended.end());
    const std::span<const std::string_view> views(texts);
    const std::uint64_t hash = hash_of(views);
    const std::lock_guard lock(mutex_);
    const Series* series = closed_ ? nullptr : find(views, hash);
    if (series == nullptr) return false;
    // Its text and its cell are kept for good: a look-up may be comparing the one at this moment,
    // and a handle may count in the other.
    retired_.push_back(series);
    SeriesTable& table = *tables_.back();
    std::size_t i = hash & table.mask;
    while (table.entries[i].series.load(std::memory_order_relaxed) != series) {
      i = (i + 1) & table.mask;
    }
    table.entries[i].series.store(&removed_, std::memory_order_release);
    std::erase(series_, series);
    retire_locked(series);
    return true;
  } catch (...) {
    return false;
  }
}

void FamilyCore::clear() noexcept {
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  try {
    retired_.insert(retired_.end(), series_.begin(), series_.end());
  } catch (...) {
    return;
  }
  SeriesTable& table = *tables_.back();
  for (std::size_t i = 0; i <= table.mask; ++i) {
    if (table.entries[i].series.load(std::memory_order_relaxed) != nullptr) {
      table.entries[i].series.store(&removed_, std::memory_order_release);
    }
  }
  for (const Series* series : series_)
    retire_locked(series);
  series_.clear();
}

std::size_t FamilyCore::size() const noexcept {
  const std::lock_guard lock(mutex_);
  return series_.size();
}

std::uint64_t FamilyCore::overflows() const noexcept {
  std::uint64_t count = 0;
  double fraction = 0.0;
  read_totals({&overflow_slot_, 1}, 1, {&count, 1}, {&fraction, 1});
  return count;
}

void FamilyCore::collect(SampleSink& sink) const {
  const FamilyInfo info{spec_.name, spec_.help, spec_.type, spec_.unit};
  if (!sink.wants(info)) return;
  // Held while the family is read: it makes a new label set wait, never a count.
  const std::lock_guard lock(mutex_);
  if (series_.empty()) return;
  sink.begin_family(info);
  switch (spec_.type) {
    case MetricType::kCounter:
      return collect_counters(sink);
    case MetricType::kHistogram:
      return collect_histograms(sink);
    case MetricType::kGauge:
      for (const Series* series : series_) {
        sink.gauge({series->labels(spec_.label_names.size())},
                   series->gauge->load(std::memory_order_relaxed));
      }
  }
}

void FamilyCore::collect_counters(SampleSink& sink) const {
  constexpr std::size_t kBatch = 256;
  std::array<Slot, kBatch> slots;
  std::array<std::uint64_t, kBatch> counts;
  std::array<double, kBatch> sums;
  for (std::size_t from = 0; from < series_.size(); from += kBatch) {
    const std::size_t n = std::min(kBatch, series_.size() - from);
    for (std::size_t i = 0; i < n; ++i)
      slots[i] = series_[from + i]->slot;
    read_totals({slots.data(), n}, 1, counts, sums);
    for (std::size_t i = 0; i < n; ++i) {
      sink.counter({series_[from + i]->labels(spec_.label_names.size())}, counts[i], sums[i]);
    }
  }
}

void FamilyCore::collect_histograms(SampleSink& sink) const {
  constexpr std::size_t kBatch = 64;
  std::array<Slot, kBatch> slots;
  std::array<std::uint64_t, 2048> counts;
  static_assert(std::tuple_size_v<decltype(counts)> >= kPageCells);
  std::array<double, kBatch> sums;
  const std::size_t cells = spec_.layout->count + 1;
  const std::span<const double> bounds(spec_.layout->bounds, spec_.layout->count);
  const std::size_t batch = std::min(kBatch, counts.size() / cells);
  for (std::size_t from = 0; from < series_.size(); from += batch) {
    const std::size_t n = std::min(batch, series_.size() - from);
    for (std::size_t i = 0; i < n; ++i)
      slots[i] = series_[from + i]->slot;
    read_totals({slots.data(), n}, cells, counts, sums);
    for (std::size_t i = 0; i < n; ++i) {
      const HistogramView view{bounds, {counts.data() + i * cells, cells}, sums[i]};
      sink.histogram({series_[from + i]->labels(spec_.label_names.size())}, view);
    }
  }
}

void FamilyCore::close() noexcept {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  for (std::size_t i = 0; i < spec_.indexed; ++i)
    indexed_[i].store(nullptr);
  other_.store(nullptr);
  SeriesTable& table = *tables_.back();
  for (std::size_t i = 0; i <= table.mask; ++i)
    table.entries[i].series.store(nullptr);
  tables_.erase(tables_.begin(), tables_.end() - 1);
  std::ranges::for_each(series_, free_series);
  std::ranges::for_each(retired_, free_series);
  series_ = {};
  retired_ = {};
}

}  // namespace vitals::metrics::detail
