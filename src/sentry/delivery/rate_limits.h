#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <string_view>

#include "vitals/sentry/client.h"

namespace vitals::sentry::detail {

/// Until when the server wants nothing of a category. Threads: any.
class RateLimits {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// Takes in what an answer said: `X-Sentry-Rate-Limits` on any status, else `Retry-After` on a
  /// 429, else one minute. The longer limit wins; what does not parse is ignored; at most 24 hours.
  /// Source: Sentry developer documentation, "Rate Limiting".
  void update(int status, std::string_view rate_limits, std::string_view retry_after, Time now);

  [[nodiscard]] bool limited(Category category, Time now) const noexcept {
    return now < until_[static_cast<std::size_t>(category)].load(std::memory_order_relaxed);
  }
  /// Whether any category is limited.
  [[nodiscard]] bool limited(Time now) const noexcept {
    return std::any_of(until_.begin(), until_.end(), [now](const std::atomic<Time>& until) {
      return now < until.load(std::memory_order_relaxed);
    });
  }

 private:
  void limit(std::string_view category, Time until) noexcept;

  std::array<std::atomic<Time>, kCategories> until_{};
};

}  // namespace vitals::sentry::detail
