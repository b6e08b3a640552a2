#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <limits>

namespace vitals::monitor {

/// Hits / (hits + misses) over the last five minutes, in steps of five seconds. NaN while there
/// were none. Threads: any. Cost of record(): one compare-and-swap. Memory: 480 bytes, whatever the
/// load.
class SlidingRate {
 public:
  static constexpr std::int64_t kWindowSeconds = 300;
  static constexpr std::int64_t kStepSeconds = 5;

  void record(bool hit, std::int64_t now_seconds) noexcept {
    const std::uint64_t epoch = epoch_of(now_seconds);
    std::atomic<std::uint64_t>& step = steps_[epoch % kSteps];
    std::uint64_t seen = step.load(std::memory_order_relaxed);
    std::uint64_t next = 0;
    do {
      next =
          seen >> kEpochShift == (epoch & kEpochMask) ? seen : (epoch & kEpochMask) << kEpochShift;
      const std::uint64_t count = hit ? (next >> kHitShift) & kCountMask : next & kCountMask;
      if (count == kCountMask)
        return;  // 16 million in five seconds: the ratio is known well enough
      next += hit ? std::uint64_t{1} << kHitShift : 1;
    } while (!step.compare_exchange_weak(seen, next, std::memory_order_relaxed));
  }

  [[nodiscard]] double rate(std::int64_t now_seconds) const noexcept {
    const std::uint64_t now = epoch_of(now_seconds);
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
    for (std::uint64_t back = 0; back < kSteps && back <= now; ++back) {
      const std::uint64_t step = steps_[(now - back) % kSteps].load(std::memory_order_relaxed);
      if (step >> kEpochShift != ((now - back) & kEpochMask)) continue;
      hits += (step >> kHitShift) & kCountMask;
      misses += step & kCountMask;
    }
    if (hits + misses == 0) return std::numeric_limits<double>::quiet_NaN();
    return static_cast<double>(hits) / static_cast<double>(hits + misses);
  }

 private:
  // One step is one word: 16 bits of epoch, 24 of hits, 24 of misses, so that a change of epoch
  // loses no count.
  static constexpr std::uint64_t kSteps = kWindowSeconds / kStepSeconds;
  static constexpr int kEpochShift = 48;
  static constexpr int kHitShift = 24;
  static constexpr std::uint64_t kEpochMask = 0xFFFF;
  static constexpr std::uint64_t kCountMask = 0xFFFFFF;

  /// Epochs begin at 1, so that a step that was never written belongs to none.
  static std::uint64_t epoch_of(std::int64_t now_seconds) noexcept {
    return static_cast<std::uint64_t>(now_seconds / kStepSeconds) + 1;
  }

  std::array<std::atomic<std::uint64_t>, kSteps> steps_{};
};

}  // namespace vitals::monitor
