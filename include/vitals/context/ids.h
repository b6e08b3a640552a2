#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "vitals/lifetimebound.h"

#pragma GCC visibility push(default)

namespace vitals::context {
namespace detail {

/// `00`, `01`, … `ff`: both digits of a byte by one look.
inline constexpr std::array<char, 512> kHexPairs = [] {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<char, 512> pairs{};
  for (std::size_t byte = 0; byte < 256; ++byte) {
    pairs[2 * byte] = kDigits[byte >> 4];
    pairs[2 * byte + 1] = kDigits[byte & 15];
  }
  return pairs;
}();

}  // namespace detail

/// Lower-case hexadecimal text of an Id, held by value. For a longer life turn it into a string.
template <std::size_t N>
struct HexText {
  std::array<char, N> chars{};  ///< not ended by a zero byte

  /// The text, for as long as this object lives.
  [[nodiscard]] constexpr std::string_view view() const noexcept VITALS_LIFETIMEBOUND {
    return {chars.data(), N};
  }
  /// A copy of it.
  [[nodiscard]] std::string str() const { return std::string{view()}; }
  /// As view().
  constexpr operator std::string_view() const noexcept VITALS_LIFETIMEBOUND { return view(); }
};

/// An identifier of N bytes; all zero means "none". Not a secret and not unguessable: never use one
/// as a token. Threads: as a plain value. Cost: no allocation.
template <std::size_t N>
struct Id {
  std::array<std::uint8_t, N> bytes{};  ///< in the order of the text

  /// False of none.
  [[nodiscard]] constexpr explicit operator bool() const noexcept { return *this != Id{}; }
  /// Its text: two digits a byte, in lower case.
  [[nodiscard]] constexpr HexText<2 * N> hex() const noexcept {
    HexText<2 * N> text;
    for (std::size_t i = 0; i < N; ++i) {
      const std::size_t pair = std::size_t{2} * bytes[i];
      text.chars[2 * i] = detail::kHexPairs[pair];
      text.chars[2 * i + 1] = detail::kHexPairs[pair + 1];
    }
    return text;
  }
  /// The same as a string.
  [[nodiscard]] std::string str() const { return hex().str(); }

  friend constexpr bool operator==(const Id&, const Id&) noexcept = default;
};

/// Of an event or transaction, 32 hexadecimal digits (a UUID of version 4 without dashes).
struct EventId : Id<16> {};
/// Of a whole trace, shared by every service it passes, 32 hexadecimal digits.
struct TraceId : Id<16> {};
/// Of one span, 16 hexadecimal digits.
struct SpanId : Id<8> {};

}  // namespace vitals::context

#pragma GCC visibility pop
