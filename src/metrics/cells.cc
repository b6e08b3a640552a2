#include "vitals/metrics/detail/cells.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <mutex>
#include <new>
#include <vector>

namespace vitals::metrics::detail {

constinit thread_local ThreadCells t_cells;

namespace {

// A page has its cache lines to itself: what lies beside it on the heap may be another thread's.
constexpr std::align_val_t kPageAlignment{64};

template <class Cell>
struct FreePage {
  void operator()(Cell* page) const noexcept { ::operator delete(page, kPageAlignment); }
};
template <class Cell>
using Page = std::unique_ptr<Cell, FreePage<Cell>>;

template <class Cell>
Page<Cell> make_page() {
  auto* cells = static_cast<Cell*>(::operator new(kPageCells * sizeof(Cell), kPageAlignment));
  std::uninitialized_fill_n(cells, kPageCells, Cell{});
  return Page<Cell>(cells);
}

template <class Cell>
Cell load(const Cell& cell) noexcept {
  Cell value;
  __atomic_load(&cell, &value, __ATOMIC_RELAXED);
  return value;
}

/// A sum in twice the precision of a double. The order in which threads end must not show in the
/// last digit of a total: one unit less there, and Prometheus takes the counter to have been reset.
struct LongSum {
  double high = 0.0;
  double low = 0.0;

  void add(double v) noexcept {
    const double sum = high + v;
    const double part = sum - high;
    low += (high - (sum - part)) + (v - part);  // exactly what the rounding of `sum` lost
    high = sum;
  }
  [[nodiscard]] double value() const noexcept { return std::isfinite(high) ? high + low : high; }
};

/// What ended threads have left, and what comes from threads that are past their thread_locals.
struct BasePage {
  std::unique_ptr<std::uint64_t[]> counts;
  std::unique_ptr<LongSum[]> sums;  // null until there is one
};

}  // namespace

struct ThreadRecord {
  std::vector<PagePair> pages;
  ThreadRecord* previous = nullptr;
  ThreadRecord* next = nullptr;

  ~ThreadRecord() {
    for (const PagePair& pair : pages) {
      FreePage<std::uint64_t>{}(pair.counts);
      FreePage<double>{}(pair.sums);
    }
  }
};

namespace {

class Store {
 public:
  Slot take_slots(std::size_t cells) {
    const std::lock_guard lock(mutex_);
    std::size_t first = next_slot_;
    // A run never crosses a page, so that a histogram finds all its cells with one look-up.
    if ((first & (kPageCells - 1)) + cells > kPageCells) {
      first = (first + kPageCells - 1) & ~(kPageCells - 1);
    }
    while (base_.size() <= first >> kPageShift) {
      base_.push_back({std::make_unique<std::uint64_t[]>(kPageCells), nullptr});
    }
    next_slot_ = first + cells;
    return static_cast<Slot>(first);
  }

  /// Makes this thread's page for the slot. False when the thread is past its thread_locals, or
  /// there is no memory.
  template <class Cell>
  bool make_own_page(Slot slot, Cell* PagePair::*part) noexcept;

  void add_to_base(Slot slot, std::uint64_t n) noexcept {
    const std::lock_guard lock(mutex_);
    base_[slot >> kPageShift].counts[slot & (kPageCells - 1)] += n;
  }

  void add_to_base(Slot slot, double v) noexcept {
    const std::lock_guard lock(mutex_);
    if (LongSum* sums = base_sums(slot >> kPageShift)) sums[slot & (kPageCells - 1)].add(v);
  }

  void end_thread() noexcept;
  void read(std::span<const Slot> slots, std::size_t cells, std::span<std::uint64_t> counts,
            std::span<double> sums) noexcept;
  const BucketLayout* intern(std::span<const double> bounds);
  std::atomic<double>* take_gauge();
  CellUsage usage() noexcept;

 private:
  static constexpr std::size_t kBatch = 256;
  static constexpr std::size_t kGaugeBlock = 64;

  LongSum* base_sums(std::size_t page) noexcept {
    if (!base_[page].sums) base_[page].sums.reset(new (std::nothrow) LongSum[kPageCells]);
    return base_[page].sums.get();
  }
  bool fold(const ThreadRecord& record) noexcept;
  void read_batch(std::span<const Slot> slots, std::size_t cells, std::uint64_t* counts,
                  double* sums) noexcept;

  std::mutex mutex_;
  std::vector<BasePage> base_;
  std::size_t next_slot_ = 0;
  ThreadRecord* threads_ = nullptr;
  std::vector<std::unique_ptr<BucketLayout>> layouts_;
  std::vector<std::unique_ptr<double[]>> bounds_;
  std::vector<std::unique_ptr<std::atomic<double>[]>> gauges_;
  std::size_t gauges_taken_ = 0;
};

Store& store() {
  // Never destroyed: destructors of statics and other threads may count until the very end.
  static Store& instance = *new Store;
  return instance;
}

struct ThreadEnd {
  // Naming the object makes the thread construct it, and so run the destructor at its end.
  void arm() noexcept {}
  ~ThreadEnd() { store().end_thread(); }
};
thread_local ThreadEnd t_end;

template <class Cell>
bool Store::make_own_page(Slot slot, Cell* PagePair::*part) noexcept {
  ThreadCells& mine = t_cells;
  if (mine.ended) return false;
  try {
    Page<Cell> page = make_page<Cell>();
    if (mine.record == nullptr) {
      t_end.arm();
      // Not in thread-local memory: were the destructor never to run, the record must outlive it.
      auto record = std::make_unique<ThreadRecord>();
      const std::lock_guard lock(mutex_);
      record->next = threads_;
      if (threads_ != nullptr) threads_->previous = record.get();
      threads_ = record.get();
      mine.record = record.release();
    }
    const std::lock_guard lock(mutex_);
    std::vector<PagePair>& pages = mine.record->pages;
    if (pages.size() < base_.size()) pages.resize(base_.size());
    mine.pages = pages.data();
    mine.page_count = static_cast<std::uint32_t>(pages.size());
    PagePair& pair = pages[slot >> kPageShift];
    if (pair.*part == nullptr) pair.*part = page.release();
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

bool Store::fold(const ThreadRecord& record) noexcept {
  for (std::size_t p = 0; p < record.pages.size(); ++p) {
    // All the memory first, so that a page is folded wholly or not at all.
    if (record.pages[p].sums != nullptr && base_sums(p) == nullptr) return false;
  }
  for (std::size_t p = 0; p < record.pages.size(); ++p) {
    const PagePair& pair = record.pages[p];
    if (pair.counts != nullptr) {
      for (std::size_t i = 0; i < kPageCells; ++i)
        base_[p].counts[i] += pair.counts[i];
    }
    if (pair.sums != nullptr) {
      for (std::size_t i = 0; i < kPageCells; ++i) {
        if (pair.sums[i] != 0.0) base_[p].sums[i].add(pair.sums[i]);
      }
    }
  }
  return true;
}

void Store::end_thread() noexcept {
  ThreadCells& mine = t_cells;
  ThreadRecord* record = mine.record;
  mine = ThreadCells{.ended = true};
  if (record == nullptr) return;
  {
    const std::lock_guard lock(mutex_);
    // Without memory to fold it into, the record stays in the list and is read as if alive.
    if (!fold(*record)) return;
    if (record->previous != nullptr) record->previous->next = record->next;
    if (record->next != nullptr) record->next->previous = record->previous;
    if (threads_ == record) threads_ = record->next;
  }
  delete record;
}

void Store::read_batch(std::span<const Slot> slots, std::size_t cells, std::uint64_t* counts,
                       double* sums) noexcept {
  std::array<LongSum, kBatch> totals{};
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < slots.size(); ++i) {
    const BasePage& page = base_[slots[i] >> kPageShift];
    const std::size_t at = slots[i] & (kPageCells - 1);
    std::copy_n(page.counts.get() + at, cells, counts + i * cells);
    if (page.sums) totals[i] = page.sums[at];
  }
  for (const ThreadRecord* thread = threads_; thread != nullptr; thread = thread->next) {
    for (std::size_t i = 0; i < slots.size(); ++i) {
      const std::size_t p = slots[i] >> kPageShift;
      if (p >= thread->pages.size()) continue;
      const PagePair& pair = thread->pages[p];
      const std::size_t at = slots[i] & (kPageCells - 1);
      if (pair.counts != nullptr) {
        for (std::size_t c = 0; c < cells; ++c)
          counts[i * cells + c] += load(pair.counts[at + c]);
      }
      if (pair.sums != nullptr) totals[i].add(load(pair.sums[at]));
    }
  }
  for (std::size_t i = 0; i < slots.size(); ++i)
    sums[i] = totals[i].value();
}

void Store::read(std::span<const Slot> slots, std::size_t cells, std::span<std::uint64_t> counts,
                 std::span<double> sums) noexcept {
  // In batches, so that a thread which needs a page never waits for a whole scrape.
  for (std::size_t i = 0; i < slots.size(); i += kBatch) {
    const std::size_t n = std::min(kBatch, slots.size() - i);
    read_batch(slots.subspan(i, n), cells, counts.data() + i * cells, sums.data() + i);
  }
}

const BucketLayout* Store::intern(std::span<const double> bounds) {
  const std::lock_guard lock(mutex_);
  for (const auto& layout : layouts_) {
    if (std::ranges::equal(std::span(layout->bounds, layout->count), bounds)) return layout.get();
  }
  const std::size_t padded = (bounds.size() + 3) / 4 * 4;
  auto copy = std::make_unique<double[]>(padded);
  std::ranges::copy(bounds, copy.get());
  std::fill(copy.get() + bounds.size(), copy.get() + padded,
            std::numeric_limits<double>::infinity());
  auto layout = std::make_unique<BucketLayout>(BucketLayout{bounds.size(), padded, copy.get()});
  bounds_.push_back(std::move(copy));
  layouts_.push_back(std::move(layout));
  return layouts_.back().get();
}

std::atomic<double>* Store::take_gauge() {
  const std::lock_guard lock(mutex_);
  if (gauges_taken_ == gauges_.size() * kGaugeBlock) {
    gauges_.push_back(std::make_unique<std::atomic<double>[]>(kGaugeBlock));
  }
  std::atomic<double>* gauge = &gauges_.back()[gauges_taken_ % kGaugeBlock];
  ++gauges_taken_;
  return gauge;
}

CellUsage Store::usage() noexcept {
  CellUsage usage;
  const std::lock_guard lock(mutex_);
  for (const ThreadRecord* thread = threads_; thread != nullptr; thread = thread->next) {
    ++usage.threads;
    for (const PagePair& pair : thread->pages) {
      if (pair.counts != nullptr) usage.thread_bytes += kPageCells * sizeof(std::uint64_t);
      if (pair.sums != nullptr) usage.thread_bytes += kPageCells * sizeof(double);
    }
  }
  return usage;
}

}  // namespace

void add_count_slow(Slot slot, std::uint64_t n) noexcept {
  Store& all = store();
  if (all.make_own_page(slot, &PagePair::counts)) {
    bump(t_cells.pages[slot >> kPageShift].counts[slot & (kPageCells - 1)], n);
  } else {
    all.add_to_base(slot, n);
  }
}

void add_sum_slow(Slot slot, double v) noexcept {
  Store& all = store();
  if (all.make_own_page(slot, &PagePair::sums)) {
    bump(t_cells.pages[slot >> kPageShift].sums[slot & (kPageCells - 1)], v);
  } else {
    all.add_to_base(slot, v);
  }
}

Slot take_slots(std::size_t cells) {
  return store().take_slots(cells);
}

void read_totals(std::span<const Slot> slots, std::size_t cells, std::span<std::uint64_t> counts,
                 std::span<double> sums) noexcept {
  store().read(slots, cells, counts, sums);
}

const BucketLayout* intern_layout(std::span<const double> bounds) {
  return store().intern(bounds);
}

std::atomic<double>* take_gauge() {
  return store().take_gauge();
}

CellUsage cell_usage() noexcept {
  return store().usage();
}

}  // namespace vitals::metrics::detail
