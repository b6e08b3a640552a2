#include "vitals/metrics/detail/cells.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <mutex>
#include <new>
#include <vector>

#include "metrics/after_fork.h"
#include "metrics/observed_cells.h"
#include "vitals/metrics/detail/fork_gate.h"

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

/// What a count that passes its largest number has lost.
constexpr double kCarry = 0x1p64;

/// A count and a sum that are written, and read, in one go.
struct alignas(16) Observed {
  std::uint64_t count;
  double sum;
};

#if defined(__x86_64__) && !defined(VITALS_CELLS_FOR_TSAN)

// An aligned access of 16 bytes is atomic on every processor that has AVX (Intel, "Guaranteed Atomic
// Operations"; AMD the same), and was on those before it, though nobody said so.
using Both [[gnu::vector_size(16)]] = long long;

Observed load_both(const Observed& cell) noexcept {
  Both both;
  asm volatile("movaps %1, %0" : "=x"(both) : "m"(cell));
  return std::bit_cast<Observed>(both);
}
void store_both(Observed& cell, const Observed& value) noexcept {
  const auto both = std::bit_cast<Both>(value);
  asm volatile("movaps %1, %0" : "=m"(cell) : "x"(both));
}
struct ObservedGuard {
  void lock() noexcept {}
  void unlock() noexcept {}
};

#else

Observed load_both(const Observed& cell) noexcept {
  return cell;
}
void store_both(Observed& cell, const Observed& value) noexcept {
  cell = value;
}
/// Of one thread's cells; its other side is a scrape.
class ObservedGuard {
 public:
  void lock() noexcept {
    while (held_.test_and_set(std::memory_order_acquire)) {
    }
  }
  void unlock() noexcept { held_.clear(std::memory_order_release); }

 private:
  std::atomic_flag held_;
};

#endif

/// What ended threads have left, and what comes from threads that are past their thread_locals.
struct BasePage {
  std::unique_ptr<std::uint64_t[]> counts;
  std::unique_ptr<LongSum[]> sums;  // null until there is one
  struct ObservedSum {
    std::uint64_t count = 0;
    LongSum sum;
  };
  std::unique_ptr<ObservedSum[]> observed;  // null until there is one
};

}  // namespace

struct ThreadRecord {
  std::unique_ptr<PagePair[]> pages;
  std::size_t page_count = 0;
  std::vector<Page<Observed>> observed;  // by the same numbers; shorter where there is none
  ObservedGuard observed_guard;
  ThreadRecord* previous = nullptr;
  ThreadRecord* next = nullptr;

  ThreadRecord() = default;
  ThreadRecord(const ThreadRecord&) = delete;
  ThreadRecord& operator=(const ThreadRecord&) = delete;
  ~ThreadRecord() {
    for (std::size_t p = 0; p < page_count; ++p) {
      FreePage<std::uint64_t>{}(pages[p].counts);
      FreePage<double>{}(pages[p].sums);
    }
  }
};

namespace {

class Store {
 public:
  Slot take_slots(std::size_t cells) {
    const Hold hold(*this);
    std::size_t first = next_slot_;
    // A run never crosses a page, so that a histogram finds all its cells with one look-up.
    if ((first & (kPageCells - 1)) + cells > kPageCells) {
      first = (first + kPageCells - 1) & ~(kPageCells - 1);
    }
    while (base_.size() <= first >> kPageShift) {
      BasePage page;
      page.counts = std::make_unique<std::uint64_t[]>(kPageCells);
      base_.push_back(std::move(page));
    }
    next_slot_ = first + cells;
    return static_cast<Slot>(first);
  }

  /// Makes this thread's page for the slot. False when the thread is past its thread_locals, there
  /// is no memory, or the slot is not of this store.
  template <class Cell>
  bool make_own_page(Slot slot, Cell* PagePair::*part) noexcept;

  void add_to_base(Slot slot, std::uint64_t n) noexcept {
    const Hold hold(*this);
    if (slot >= next_slot_) return;
    std::uint64_t& count = base_[slot >> kPageShift].counts[slot & (kPageCells - 1)];
    if (!__builtin_add_overflow(count, n, &count)) return;
    if (LongSum* sums = base_sums(slot >> kPageShift)) sums[slot & (kPageCells - 1)].add(kCarry);
  }

  void add_to_base(Slot slot, double v) noexcept {
    const Hold hold(*this);
    if (slot >= next_slot_) return;
    if (LongSum* sums = base_sums(slot >> kPageShift)) sums[slot & (kPageCells - 1)].add(v);
  }

  /// Makes this thread's page for the slot, as make_own_page().
  bool make_observed_page(Slot slot) noexcept;
  void add_observed_to_base(Slot slot, double value, std::uint64_t times) noexcept {
    const Hold hold(*this);
    if (slot >= next_slot_) return;
    if (BasePage::ObservedSum* const page = base_observed(slot >> kPageShift)) {
      BasePage::ObservedSum& cell = page[slot & (kPageCells - 1)];
      cell.count += times;
      cell.sum.add(value * static_cast<double>(times));
    }
  }
  double read_observed(std::span<const Slot> slots, std::span<std::uint64_t> counts) noexcept;

  void end_thread() noexcept;
  void read(std::span<const Slot> slots, std::size_t cells, std::span<std::uint64_t> counts,
            std::span<double> sums) noexcept;
  const BucketLayout* intern(std::span<const double> bounds);
  std::atomic<double>* take_gauge();
  CellUsage usage() noexcept;

  /// In a child of fork(): what was counted is the parent's. The threads are gone, their records
  /// stay as they are, since memory that is not written to costs a child nothing.
  void restart() noexcept {
    while (threads_ != nullptr) {
      ThreadRecord* const record = threads_;
      threads_ = record->next;
      record->next = parents_threads_;
      parents_threads_ = record;
    }
    base_is_parents_ = true;
  }

 private:
  /// The lock that everything but restart() is done under.
  class Hold {
   public:
    explicit Hold(Store& store) noexcept : lock_(store.mutex_) {
      if (store.base_is_parents_) [[unlikely]]
        store.clear_base();
    }

   private:
    RoomLock lock_;
  };

  void clear_base() noexcept {
    base_is_parents_ = false;
    for (BasePage& page : base_) {
      std::fill_n(page.counts.get(), kPageCells, 0);
      page.sums.reset();
      page.observed.reset();
    }
  }

  static constexpr std::size_t kBatch = 256;
  static constexpr std::size_t kGaugeBlock = 64;

  LongSum* base_sums(std::size_t page) noexcept {
    if (!base_[page].sums) base_[page].sums.reset(new (std::nothrow) LongSum[kPageCells]);
    return base_[page].sums.get();
  }
  BasePage::ObservedSum* base_observed(std::size_t page) noexcept {
    std::unique_ptr<BasePage::ObservedSum[]>& made = base_[page].observed;
    if (!made) made.reset(new (std::nothrow) BasePage::ObservedSum[kPageCells]);
    return made.get();
  }
  ThreadRecord& own_record();
  bool fold(const ThreadRecord& record) noexcept;
  /// Whether one of a thread's counts makes that of the base's page pass its largest number.
  bool carries(const std::uint64_t* counts, std::size_t page) const noexcept {
    if (counts == nullptr) return false;
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < kPageCells; ++i) {
      if (__builtin_add_overflow(base_[page].counts[i], counts[i], &sum)) return true;
    }
    return false;
  }
  void read_batch(std::span<const Slot> slots, std::size_t cells, std::uint64_t* counts,
                  double* sums) noexcept;

  std::mutex mutex_;
  std::vector<BasePage> base_;
  std::size_t next_slot_ = 0;
  ThreadRecord* threads_ = nullptr;
  ThreadRecord* parents_threads_ = nullptr;
  bool base_is_parents_ = false;
  std::vector<std::unique_ptr<BucketLayout>> layouts_;
  std::vector<std::unique_ptr<double[]>> bounds_;
  std::vector<std::unique_ptr<std::atomic<double>[]>> gauges_;
  std::size_t gauges_taken_ = 0;
};

constinit std::atomic<Store*> g_store{nullptr};
constinit std::mutex g_store_mutex;

Store& make_store() {
  const RoomLock lock(g_store_mutex);
  if (Store* made = g_store.load(std::memory_order_relaxed)) return *made;
  // Never destroyed: destructors of statics and other threads may count until the very end.
  auto* const made = new Store;
  g_store.store(made, std::memory_order_release);  // pairs with the acquire in store()
  return *made;
}

// No static of the function: a child of fork() would wait for the thread that was making it.
Store& store() {
  Store* const made = g_store.load(std::memory_order_acquire);
  return made != nullptr ? *made : make_store();
}

struct ThreadEnd {
  // Naming the object makes the thread construct it, and so run the destructor at its end.
  void arm() noexcept {}
  ~ThreadEnd() { store().end_thread(); }
};
thread_local ThreadEnd t_end;

ThreadRecord& Store::own_record() {
  ThreadCells& mine = t_cells;
  if (mine.record != nullptr) return *mine.record;
  t_end.arm();
  // Not in thread-local memory: were the destructor never to run, the record must outlive it.
  auto record = std::make_unique<ThreadRecord>();
  const Hold hold(*this);
  record->next = threads_;
  if (threads_ != nullptr) threads_->previous = record.get();
  threads_ = record.get();
  mine.record = record.release();
  return *mine.record;
}

template <class Cell>
bool Store::make_own_page(Slot slot, Cell* PagePair::*part) noexcept {
  ThreadCells& mine = t_cells;
  if (mine.ended) return false;
  try {
    Page<Cell> page = make_page<Cell>();
    ThreadRecord& record = own_record();
    const Hold hold(*this);
    if (slot >= next_slot_) return false;
    if (record.page_count < base_.size()) {
      auto wider = std::make_unique<PagePair[]>(base_.size());
      std::copy_n(record.pages.get(), record.page_count, wider.get());
      record.pages.swap(wider);
      record.page_count = base_.size();
      // A signal handler may count at any point: it finds the former pages or these.
      mine.pages = record.pages.get();
      std::atomic_signal_fence(std::memory_order_seq_cst);
      mine.page_count = static_cast<std::uint32_t>(record.page_count);
      std::atomic_signal_fence(std::memory_order_seq_cst);
    }
    PagePair& pair = record.pages[slot >> kPageShift];
    if (pair.*part == nullptr) pair.*part = page.release();
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

bool Store::make_observed_page(Slot slot) noexcept {
  if (t_cells.ended) return false;
  try {
    Page<Observed> made = make_page<Observed>();
    ThreadRecord& record = own_record();
    const Hold hold(*this);
    if (slot >= next_slot_) return false;
    if (record.observed.size() < base_.size()) record.observed.resize(base_.size());
    Page<Observed>& page = record.observed[slot >> kPageShift];
    if (page == nullptr) page = std::move(made);
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

double Store::read_observed(std::span<const Slot> slots, std::span<std::uint64_t> counts) noexcept {
  LongSum sum;
  const Hold hold(*this);
  for (std::size_t i = 0; i < slots.size(); ++i) {
    const BasePage& page = base_[slots[i] >> kPageShift];
    counts[i] = 0;
    if (!page.observed) continue;
    const BasePage::ObservedSum& cell = page.observed[slots[i] & (kPageCells - 1)];
    counts[i] = cell.count;
    sum.add(cell.sum.high);
    if (std::isfinite(cell.sum.high)) sum.add(cell.sum.low);  // else it is NaN
  }
  for (ThreadRecord* thread = threads_; thread != nullptr; thread = thread->next) {
    if (thread->observed.empty()) continue;
    const std::lock_guard guard(thread->observed_guard);
    for (std::size_t i = 0; i < slots.size(); ++i) {
      const std::size_t p = slots[i] >> kPageShift;
      if (p >= thread->observed.size() || thread->observed[p] == nullptr) continue;
      const Observed cell = load_both(thread->observed[p].get()[slots[i] & (kPageCells - 1)]);
      counts[i] += cell.count;
      sum.add(cell.sum);
    }
  }
  return sum.value();
}

bool Store::fold(const ThreadRecord& record) noexcept {
  for (std::size_t p = 0; p < record.observed.size(); ++p) {
    if (record.observed[p] != nullptr && base_observed(p) == nullptr) return false;
  }
  for (std::size_t p = 0; p < record.page_count; ++p) {
    // All the memory first, so that a page is folded wholly or not at all.
    const bool has_sums = record.pages[p].sums != nullptr || carries(record.pages[p].counts, p);
    if (has_sums && base_sums(p) == nullptr) return false;
  }
  for (std::size_t p = 0; p < record.page_count; ++p) {
    const PagePair& pair = record.pages[p];
    if (pair.counts != nullptr) {
      for (std::size_t i = 0; i < kPageCells; ++i) {
        std::uint64_t& count = base_[p].counts[i];
        if (__builtin_add_overflow(count, pair.counts[i], &count)) base_[p].sums[i].add(kCarry);
      }
    }
    if (pair.sums != nullptr) {
      for (std::size_t i = 0; i < kPageCells; ++i) {
        if (pair.sums[i] != 0.0) base_[p].sums[i].add(pair.sums[i]);
      }
    }
  }
  for (std::size_t p = 0; p < record.observed.size(); ++p) {
    const Observed* const cells = record.observed[p].get();
    for (std::size_t i = 0; cells != nullptr && i < kPageCells; ++i) {
      base_[p].observed[i].count += cells[i].count;
      if (cells[i].count > 0) base_[p].observed[i].sum.add(cells[i].sum);
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
    const Hold hold(*this);
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
  const Hold hold(*this);
  for (std::size_t i = 0; i < slots.size(); ++i) {
    const BasePage& page = base_[slots[i] >> kPageShift];
    const std::size_t at = slots[i] & (kPageCells - 1);
    std::copy_n(page.counts.get() + at, cells, counts + i * cells);
    if (page.sums) totals[i] = page.sums[at];
  }
  for (const ThreadRecord* thread = threads_; thread != nullptr; thread = thread->next) {
    for (std::size_t i = 0; i < slots.size(); ++i) {
      const std::size_t p = slots[i] >> kPageShift;
      if (p >= thread->page_count) continue;
      const PagePair& pair = thread->pages[p];
      const std::size_t at = slots[i] & (kPageCells - 1);
      if (pair.counts != nullptr) {
        for (std::size_t c = 0; c < cells; ++c) {
          std::uint64_t& count = counts[i * cells + c];
          if (__builtin_add_overflow(count, load(pair.counts[at + c]), &count))
            totals[i].add(kCarry);
        }
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
  const Hold hold(*this);
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
  const Hold hold(*this);
  if (gauges_taken_ == gauges_.size() * kGaugeBlock) {
    gauges_.push_back(std::make_unique<std::atomic<double>[]>(kGaugeBlock));
  }
  std::atomic<double>* gauge = &gauges_.back()[gauges_taken_ % kGaugeBlock];
  ++gauges_taken_;
  return gauge;
}

CellUsage Store::usage() noexcept {
  CellUsage usage;
  const Hold hold(*this);
  for (const ThreadRecord* thread = threads_; thread != nullptr; thread = thread->next) {
    ++usage.threads;
    for (const PagePair& pair : std::span(thread->pages.get(), thread->page_count)) {
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

void add_large(Slot slot, double amount) noexcept {
  if (amount >= 0x1p62) return add_sum(slot, amount);
  const auto whole = static_cast<std::uint64_t>(amount);
  add_large(slot, whole);
  const double fraction = amount - static_cast<double>(whole);
  if (fraction > 0.0) add_sum(slot, fraction);
}

void add_large(Slot slot, std::uint64_t amount) noexcept {
  const ThreadCells& mine = t_cells;
  const std::size_t page = slot >> kPageShift;
  const std::uint64_t* const counts = page < mine.page_count ? mine.pages[page].counts : nullptr;
  const std::uint64_t counted = counts != nullptr ? counts[slot & (kPageCells - 1)] : 0;
  constexpr std::uint64_t kMost = std::uint64_t{1} << 62U;
  // A sum of doubles would lose what is counted beside it; but it has no end.
  if (amount <= kMost && counted <= kMost) {
    add_count(slot, amount);
  } else {
    add_sum(slot, static_cast<double>(amount));
  }
}

void add_observed(Slot slot, double value, std::uint64_t times) noexcept {
  const std::size_t p = slot >> kPageShift;
  ThreadRecord* record = t_cells.record;
  if (record == nullptr || p >= record->observed.size() || record->observed[p] == nullptr)
      [[unlikely]] {
    if (!store().make_observed_page(slot)) return store().add_observed_to_base(slot, value, times);
    record = t_cells.record;
  }
  Observed& cell = record->observed[p].get()[slot & (kPageCells - 1)];
  const std::lock_guard guard(record->observed_guard);
  // Nobody else writes it, so these two may be read by themselves.
  store_both(cell, {cell.count + times, cell.sum + value * static_cast<double>(times)});
}

double read_observed(std::span<const Slot> slots, std::span<std::uint64_t> counts) noexcept {
  return store().read_observed(slots, counts);
}

void restart_cells() noexcept {
  t_cells = ThreadCells{.ended = t_cells.ended};
  if (Store* made = g_store.load(std::memory_order_relaxed)) made->restart();
}

const void* store_identity() noexcept {
  return &g_store;
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
