#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#pragma GCC visibility push(default)

/// The engine below counters and histograms. Not for use from outside: it may change.
///
/// A counter owns a cell, a histogram a run of cells, all named by a slot. Every thread has its own
/// copy of each cell, in pages of 4 KiB that it makes when it first writes there, and writes them
/// with a plain load and store. A scrape sums over the threads. A thread that ends adds its cells
/// to the base, so that no total ever goes back.
namespace vitals::metrics::detail {

using Slot = std::uint32_t;

/// The slot of a handle that does nothing. Beyond every page, so the fast path needs no test for
/// it.
inline constexpr Slot kNoSlot = 0xffff'ffff;
inline constexpr std::size_t kPageShift = 9;
inline constexpr std::size_t kPageCells = std::size_t{1} << kPageShift;

/// A page of whole numbers, and one of fractions at the same slots; each is null until written to.
struct PagePair {
  std::uint64_t* counts = nullptr;
  double* sums = nullptr;
};

struct ThreadRecord;

/// One thread's view of its own pages. Written by the owner alone; trivially destructible, so that
/// it can still be read while the thread's other thread_locals are being destroyed.
struct ThreadCells {
  PagePair* pages = nullptr;
  std::uint32_t page_count = 0;
  bool ended = false;
  ThreadRecord* record = nullptr;
};

// No model is named: initial-exec would save a call in a shared object, but one such access makes
// the loader take all the thread_locals of that object from a reserve of a few hundred bytes.
extern constinit thread_local ThreadCells t_cells;

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define VITALS_CELLS_FOR_TSAN
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define VITALS_CELLS_FOR_TSAN
#endif

// The owner may read plainly, since nobody else writes; what it writes, a scrape reads, so the
// store is atomic. std::atomic_ref would carry a double through an integer register both ways.
inline void bump(std::uint64_t& cell, std::uint64_t n) noexcept {
#if defined(__x86_64__) && !defined(VITALS_CELLS_FOR_TSAN)
  // One instruction, so that a signal handler on this thread comes before it or after it.
  asm volatile("addq %1, %0" : "+m"(cell) : "er"(n));
#else
  __atomic_store_n(&cell, cell + n, __ATOMIC_RELAXED);
#endif
}
inline void bump(double& cell, double v) noexcept {
  double next = cell + v;
#if defined(__x86_64__) && !defined(VITALS_CELLS_FOR_TSAN) && !defined(__clang__)
  // g++ stores an atomic double by way of an integer register, which makes each addition wait three
  // cycles longer for the one before. An aligned store of eight bytes is atomic here as it is.
  asm volatile("movsd %1, %0" : "=m"(cell) : "x"(next));
#else
  __atomic_store(&cell, &next, __ATOMIC_RELAXED);
#endif
}

/// By its bits: a comparison with itself is left out by -ffast-math.
[[nodiscard]] inline bool is_nan(double v) noexcept {
  return std::bit_cast<std::uint64_t>(v) << 1 > 0xffe0'0000'0000'0000;
}
[[nodiscard]] inline bool is_finite_and_positive(double v) noexcept {
  return std::bit_cast<std::uint64_t>(v) - 1 < 0x7ff0'0000'0000'0000 - 1;
}

void add_count_slow(Slot slot, std::uint64_t n) noexcept;
/// From here on an amount is added by add_large(): so many of smaller ones that a cell overflows take
/// longer than anybody counts.
inline constexpr std::uint64_t kLarge = std::uint64_t{1} << 32U;
/// Adds kLarge or more: what is whole as a count as long as this thread's cell cannot overflow. The
/// total of all threads may: read_totals() goes over to its sum then.
void add_large(Slot slot, double amount) noexcept;
void add_large(Slot slot, std::uint64_t amount) noexcept;
void add_sum_slow(Slot slot, double v) noexcept;

inline void add_count(Slot slot, std::uint64_t n) noexcept {
  const ThreadCells& mine = t_cells;
  const std::size_t page = slot >> kPageShift;
  if (page < mine.page_count) [[likely]] {
    if (std::uint64_t* counts = mine.pages[page].counts) [[likely]] {
      bump(counts[slot & (kPageCells - 1)], n);
      return;
    }
  }
  if (slot != kNoSlot) add_count_slow(slot, n);
}

inline void add_sum(Slot slot, double v) noexcept {
  const ThreadCells& mine = t_cells;
  const std::size_t page = slot >> kPageShift;
  if (page < mine.page_count) [[likely]] {
    if (double* sums = mine.pages[page].sums) [[likely]] {
      bump(sums[slot & (kPageCells - 1)], v);
      return;
    }
  }
  if (slot != kNoSlot) add_sum_slow(slot, v);
}

/// One observation: a count in the cell of its bucket, and its value in the sum of the first cell.
inline void add_observation(Slot first, std::size_t bucket, double v) noexcept {
  const ThreadCells& mine = t_cells;
  const std::size_t page = first >> kPageShift;
  if (page < mine.page_count) [[likely]] {
    const PagePair pair = mine.pages[page];
    if (pair.counts != nullptr && pair.sums != nullptr) [[likely]] {
      const std::size_t at = first & (kPageCells - 1);
      bump(pair.counts[at + bucket], 1);
      bump(pair.sums[at], v);
      return;
    }
  }
  if (first == kNoSlot) return;
  add_count_slow(static_cast<Slot>(first + bucket), 1);
  add_sum_slow(first, v);
}

/// So many observations of one value.
inline void add_observations(Slot first, std::size_t bucket, double v, std::uint64_t n) noexcept {
  if (first == kNoSlot) return;
  add_count(static_cast<Slot>(first + bucket), n);
  add_sum(first, v * static_cast<double>(n));
}

/// Tells apart the copies of this library that a process may have, since each has its own cells.
[[nodiscard]] const void* store_identity() noexcept;

/// Takes `cells` adjacent cells (1 to kPageCells), all on one page, all at 0. They are never given
/// back, so that a handle may outlive what it counted for. Threads: any. Throws std::bad_alloc.
[[nodiscard]] Slot take_slots(std::size_t cells);

/// Reads the totals of many series at once: `cells` counts from each slot on into `counts`
/// (slots.size() x cells), and the sum at each slot into `sums`. Where a count passes 2^64, that much
/// of it is in the sum, so that the two together never fall. Threads: any. Cost: one lock, then an
/// add for each cell and live thread.
void read_totals(std::span<const Slot> slots, std::size_t cells, std::span<std::uint64_t> counts,
                 std::span<double> sums) noexcept;

/// The bounds of a histogram's finite buckets, padded by infinities to a multiple of four, so that
/// the search needs no remainder. Shared by all of the same bounds and never freed.
struct BucketLayout {
  std::size_t count = 0;   ///< finite bounds
  std::size_t padded = 0;  ///< rounded up to a multiple of four
  const double* bounds = nullptr;
};

[[nodiscard]] const BucketLayout* intern_layout(std::span<const double> bounds);

/// The index of the first bound that is not below `v`, `layout.count` when there is none: the
/// number of bounds below `v`, counted without a branch.
[[nodiscard]] inline std::size_t bucket_of(const BucketLayout& layout, double v) noexcept {
  // Two at a time in the vectors that every 64-bit machine has: a true comparison is -1 in its
  // lane.
  using Pair [[gnu::vector_size(16)]] = double;
  using Mask [[gnu::vector_size(16)]] = std::int64_t;
  const Pair wanted = {v, v};
  Mask below_a = {0, 0};
  Mask below_b = {0, 0};
  const auto* bounds = static_cast<const Pair*>(static_cast<const void*>(layout.bounds));
  for (std::size_t i = 0; i < layout.padded / 2; i += 2) {
    below_a -= bounds[i] < wanted;
    below_b -= bounds[i + 1] < wanted;
  }
  const Mask both = below_a + below_b;
  return static_cast<std::size_t>(both[0] + both[1]);
}

/// A gauge's value, at 0; shared by all threads, since the last `set` must win. Never freed.
[[nodiscard]] std::atomic<double>* take_gauge();

/// Threads that have pages at this moment, and the bytes of those pages. For tests and self checks.
struct CellUsage {
  std::size_t threads = 0;
  std::size_t thread_bytes = 0;
};
[[nodiscard]] CellUsage cell_usage() noexcept;

}  // namespace vitals::metrics::detail

#pragma GCC visibility pop
