#include "delivery/back_off.h"

#include <algorithm>

#include "base/random.h"

namespace vitals::delivery::detail {

bool BackOff::no_answer(Time now, const Pace& pace, std::chrono::milliseconds at_least) noexcept {
  constexpr int kMostDoublings = 10;
  if (now < paused_until_) return false;
  const auto longest = std::min(pace.longest_pause, pace.first_pause * (1 << failures_));
  failures_ = std::min(failures_ + 1, kMostDoublings);
  // At least half of it, so that many processes do not come back at the same moment.
  const auto pause =
      std::chrono::duration_cast<Time::duration>(longest * (0.5 + 0.5 * base::Random::unit()));
  paused_until_ = now + std::max<Time::duration>(pause, at_least);
  return true;
}

}  // namespace vitals::delivery::detail
