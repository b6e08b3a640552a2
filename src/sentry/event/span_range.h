#pragma once

#include <cstdint>

namespace vitals::sentry::detail {

/// Some spans of a transaction, by their numbers: the transaction itself is 0, its parts follow as
/// they began.
struct SpanRange {
  std::uint32_t first = 0;
  std::uint32_t last = 0;  // one past

  [[nodiscard]] constexpr std::uint32_t size() const noexcept { return last - first; }
  /// The first one that is a part.
  [[nodiscard]] constexpr std::uint32_t first_part() const noexcept {
    return first == 0 ? 1 : first;
  }
};

}  // namespace vitals::sentry::detail
