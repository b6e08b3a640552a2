#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

namespace vitals::stack::detail {

/// The stacks of the latest throws, by the address of the exception object. One for the process: an
/// exception may be looked at on another thread than the one that threw, also after that has ended.
///
/// A look-up finds a stack only under the very address and type that were recorded. Each entry is a
/// sequence lock of atomic words: nobody waits, and who reads while another writes sees nothing.
/// Threads: any. All zeros is a valid, empty table, so that it costs no memory until it is used.
template <std::size_t kSets, std::size_t kWays, std::size_t kDepth>
class ThrowTable {
 public:
  constexpr ThrowTable() noexcept = default;

  /// Keeps `stack`, cut to kDepth, in place of an older one of the same object or else of the
  /// oldest of the set. False when all of the set were being written at that moment.
  bool record(std::uintptr_t object, std::uint64_t type,
              std::span<const std::uintptr_t> stack) noexcept {
    Set& set = set_of(object);
    const std::uint64_t stamp = clock_.fetch_add(1, std::memory_order_relaxed) + 1;
    for (std::size_t tries = 0; tries < kWays; ++tries) {
      Entry* best = nullptr;
      std::uint64_t best_sequence = 0;
      std::uint64_t best_stamp = 0;
      for (Entry& entry : set) {
        const std::uint64_t sequence =
            entry.sequence.load(std::memory_order_acquire);  // pairs with the release in fill()
        if (sequence % 2 != 0) continue;
        const bool same = entry.object.load(std::memory_order_relaxed) == object;
        const std::uint64_t age = same ? 0 : entry.stamp.load(std::memory_order_relaxed);
        if (best == nullptr || same || age < best_stamp) {
          best = &entry;
          best_sequence = sequence;
          best_stamp = age;
        }
        if (same) break;
      }
      if (best == nullptr) return false;
      // Acquire: the words of the former writer are older than what is written next.
      if (best->sequence.compare_exchange_strong(best_sequence, best_sequence + 1,
                                                 std::memory_order_acquire,
                                                 std::memory_order_relaxed)) {
        fill(*best, {object, type, stamp, best_sequence + 2}, stack);
        return true;
      }
    }
    return false;
  }

  /// A number of the throw that made the object, which no other throw has; 0 when it is not known.
  [[nodiscard]] std::uint64_t stamp(std::uintptr_t object, std::uint64_t type) const noexcept {
    for (const Entry& entry : set_of(object)) {
      const std::uint64_t sequence =
          entry.sequence.load(std::memory_order_acquire);  // pairs with the last store in fill()
      if (sequence == 0 || sequence % 2 != 0) continue;
      if (entry.object.load(std::memory_order_acquire) != object) continue;
      if (entry.type.load(std::memory_order_acquire) != type) continue;
      const std::uint64_t stamp = entry.stamp.load(std::memory_order_acquire);
      if (entry.sequence.load(std::memory_order_relaxed) == sequence) return stamp;
    }
    return 0;
  }

  /// Copies the stack that was recorded of the object; 0 when there is none.
  [[nodiscard]] std::size_t find(std::uintptr_t object, std::uint64_t type,
                                 std::span<std::uintptr_t> out) const noexcept {
    for (const Entry& entry : set_of(object)) {
      const std::uint64_t sequence =
          entry.sequence.load(std::memory_order_acquire);  // pairs with the last store in fill()
      if (sequence == 0 || sequence % 2 != 0) continue;
      // Each acquire pairs with the release of the same word: a thread that sees a newer word
      // also sees the newer sequence below.
      if (entry.object.load(std::memory_order_acquire) != object) continue;
      if (entry.type.load(std::memory_order_acquire) != type) continue;
      const std::size_t depth =
          std::min({static_cast<std::size_t>(entry.depth.load(std::memory_order_acquire)), kDepth,
                    out.size()});
      for (std::size_t i = 0; i < depth; ++i) {
        out[i] = entry.stack[i].load(std::memory_order_acquire);
      }
      if (entry.sequence.load(std::memory_order_relaxed) == sequence) return depth;
    }
    return 0;
  }

 private:
  struct Entry {
    std::atomic<std::uint64_t> sequence{0};  // odd while it is written
    std::atomic<std::uint64_t> stamp{0};
    std::atomic<std::uintptr_t> object{0};
    std::atomic<std::uint64_t> type{0};
    std::atomic<std::uint64_t> depth{0};
    std::array<std::atomic<std::uintptr_t>, kDepth> stack{};
  };
  using Set = std::array<Entry, kWays>;

  struct Header {
    std::uintptr_t object;
    std::uint64_t type;
    std::uint64_t stamp;
    std::uint64_t sequence;
  };

  // Release on every word, in place of a fence, which ThreadSanitizer does not know: each carries
  // the odd sequence with it. Pairs with find().
  static void fill(Entry& entry, const Header& header,
                   std::span<const std::uintptr_t> stack) noexcept {
    const std::size_t depth = std::min(stack.size(), kDepth);
    entry.object.store(header.object, std::memory_order_release);
    entry.type.store(header.type, std::memory_order_release);
    entry.stamp.store(header.stamp, std::memory_order_release);
    entry.depth.store(depth, std::memory_order_release);
    for (std::size_t i = 0; i < depth; ++i) {
      entry.stack[i].store(stack[i], std::memory_order_release);
    }
    entry.sequence.store(header.sequence, std::memory_order_release);
  }

  [[nodiscard]] static std::size_t index_of(std::uintptr_t object) noexcept {
    constexpr std::uint64_t kGoldenRatio = 0x9E3779B97F4A7C15;
    return static_cast<std::size_t>((std::uint64_t{object} * kGoldenRatio) >> 32) % kSets;
  }
  [[nodiscard]] Set& set_of(std::uintptr_t object) noexcept { return sets_[index_of(object)]; }
  [[nodiscard]] const Set& set_of(std::uintptr_t object) const noexcept {
    return sets_[index_of(object)];
  }

  std::array<Set, kSets> sets_{};
  std::atomic<std::uint64_t> clock_{0};
};

}  // namespace vitals::stack::detail
