#pragma once

#include <cstdint>

namespace vitals::metrics::detail {

/// Moves what is whole in `fraction` to `whole`, where nothing is lost by rounding.
inline void settle(std::uint64_t& whole, double& fraction) noexcept {
  constexpr double kLargest = 0x1p62;
  if (!(fraction >= 1.0 && fraction < kLargest) || whole >= std::uint64_t{1} << 63) return;
  const auto part = static_cast<std::uint64_t>(fraction);
  whole += part;
  fraction -= static_cast<double>(part);
}

}  // namespace vitals::metrics::detail
