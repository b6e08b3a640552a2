#pragma once

#include <time.h>

#include <cstdint>

/// The kernel's clocks in nanoseconds. Threads: any. Async-signal-safe.
namespace vitals::base {

[[nodiscard]] inline std::int64_t read_clock(clockid_t clock) noexcept {
  timespec now{};
  clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

/// Since 1970-01-01 UTC.
[[nodiscard]] inline std::int64_t wall_clock() noexcept {
  return read_clock(CLOCK_REALTIME);
}
/// The same by the kernel's last tick: some milliseconds old, and several times cheaper.
[[nodiscard]] inline std::int64_t coarse_wall_clock() noexcept {
  return read_clock(CLOCK_REALTIME_COARSE);
}
/// A wall clock that tells less (2020-01-01) has not been set since its machine started: by such a
/// time nobody knows how old something is.
inline constexpr std::int64_t kClockWasSet = 1'577'836'800'000'000'000;
/// Since the machine started, with the time that it slept. No clock that is set moves it.
[[nodiscard]] inline std::int64_t running_clock() noexcept {
  return read_clock(CLOCK_BOOTTIME);
}
/// Only goes forward.
[[nodiscard]] inline std::int64_t steady_clock_ns() noexcept {
  return read_clock(CLOCK_MONOTONIC);
}

}  // namespace vitals::base
