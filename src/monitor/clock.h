#pragma once

#include <time.h>

#include <chrono>
#include <cstdint>

#include "monitor/sliding_rate.h"
#include "vitals/metrics/detail/fork_gate.h"

namespace vitals::monitor::detail {

/// Seconds of the monotonic clock, to the tick (some milliseconds). Cost: about 5 ns, a fifth of an
/// exact reading.
inline std::int64_t coarse_seconds() noexcept {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return now.tv_sec;
}

/// The same for a SlidingRate: moved on by more than its window in a child of fork(), where what the
/// parent counted is of long ago.
inline std::int64_t seconds_of_this_process() noexcept {
  constexpr std::int64_t kPast = 2 * SlidingRate::kWindowSeconds;
  return coarse_seconds() + kPast * static_cast<std::int64_t>(metrics::detail::forks());
}

inline double seconds_since(std::chrono::steady_clock::time_point start) noexcept {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace vitals::monitor::detail
