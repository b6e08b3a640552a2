#pragma once

#include <bit>
#include <cstdint>

namespace vitals::console::detail {

/// A count in 16 bits: exact below 2,048, above to one part in 1,024. Of a bucket's hits in a
/// second nobody needs more, and it halves the ring.
[[nodiscard]] constexpr std::uint16_t pack_count(std::uint32_t count) noexcept {
  if (count < 2048) return static_cast<std::uint16_t>(count);
  const int shift = static_cast<int>(std::bit_width(count)) - 11;
  const std::uint32_t mantissa = (count >> shift) & 1023U;  // without its top bit, which is known
  return static_cast<std::uint16_t>(2048U + (static_cast<std::uint32_t>(shift - 1) << 10) +
                                    mantissa);
}

[[nodiscard]] constexpr std::uint32_t unpack_count(std::uint16_t packed) noexcept {
  if (packed < 2048) return packed;
  const std::uint32_t shift = ((packed - 2048U) >> 10) + 1;
  return (1024U | (packed & 1023U)) << shift;
}

}  // namespace vitals::console::detail
