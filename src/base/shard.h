#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace vitals::base {

/// Threads are spread over a few sets of counters, each on cache lines of its own.
inline constexpr std::size_t kShards = 8;

/// The calling thread's set, below kShards. Threads: any. Cost: one load; the first call on a thread
/// a locked add.
[[nodiscard]] inline std::size_t own_shard() noexcept {
  static constinit std::atomic<std::uint32_t> next{0};
  static constinit thread_local std::size_t mine = kShards;  // kShards: none yet
  if (mine == kShards) mine = next.fetch_add(1, std::memory_order_relaxed) % kShards;
  return mine;
}

}  // namespace vitals::base
