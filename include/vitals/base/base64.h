#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#pragma GCC visibility push(default)

namespace vitals::base {

/// The digits by their value. Source: RFC 4648, 4.
inline constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// With the alphabet for URLs and names of files.
inline constexpr std::string_view kBase64Url =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The text in base64, filled up by `=`. Source: RFC 4648.
[[nodiscard]] inline std::string base64(std::string_view text,
                                        std::string_view alphabet = kBase64) {
  std::string out;
  out.reserve((text.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < text.size(); i += 3) {
    const std::string_view part = text.substr(i, 3);
    unsigned bits = 0;
    for (std::size_t b = 0; b < 3; ++b)
      bits = bits << 8 | (b < part.size() ? static_cast<unsigned char>(part[b]) : 0U);
    for (std::size_t d = 0; d < 4; ++d)
      out += d <= part.size() ? alphabet[bits >> (18 - 6 * d) & 63] : '=';
  }
  return out;
}

}  // namespace vitals::base

#pragma GCC visibility pop
