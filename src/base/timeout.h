#pragma once

#include <algorithm>
#include <chrono>
#include <limits>

namespace vitals::base {

/// The longest that anything is waited for: as good as for ever, and far from where clocks
/// overflow.
inline constexpr std::chrono::hours kLongestTimeout{24 * 365};

/// A duration that a user gave, from zero to kLongestTimeout: negative ones are none at all, and
/// `max()` is for ever. Exact in between.
template <class Rep, class Period>
[[nodiscard]] constexpr std::chrono::duration<Rep, Period> clamp_timeout(
    std::chrono::duration<Rep, Period> given) noexcept {
  using Given = std::chrono::duration<Rep, Period>;
  constexpr auto kLongest = std::chrono::duration_cast<Given>(kLongestTimeout);
  if (!(given > Given::zero())) return Given::zero();
  return std::min(given, kLongest);
}

/// The same for an interface that takes milliseconds as an int, and zero for no limit at all, such
/// as libcurl's: at least one.
[[nodiscard]] constexpr long int_milliseconds(std::chrono::milliseconds given) noexcept {
  constexpr std::chrono::milliseconds kMost{std::numeric_limits<int>::max()};
  return std::clamp(given, std::chrono::milliseconds{1}, kMost).count();
}

/// When a wait of this length that begins now is over. Never overflows.
template <class Rep, class Period>
[[nodiscard]] inline std::chrono::steady_clock::time_point deadline_in(
    std::chrono::duration<Rep, Period> given) noexcept {
  using Clock = std::chrono::steady_clock;
  return Clock::now() + std::chrono::duration_cast<Clock::duration>(clamp_timeout(given));
}

}  // namespace vitals::base
