#pragma once

#include <algorithm>
#include <array>

#pragma GCC visibility push(default)

namespace vitals::base {

/// Whether a terminal or a viewer of logs may act upon a character instead of showing it: control
/// characters, separators of lines, marks of direction, invisible ones. Not the joiners U+200C and
/// U+200D, which words and emoji need. Source: Unicode Character Database, categories Cc, Cf, Zl,
/// Zp and Co. Threads: any.
[[nodiscard]] constexpr bool is_unseen(char32_t code) noexcept {
  struct Range {
    char32_t first;
    char32_t last;
  };
  constexpr std::array<Range, 14> kUnseen{{{0x0000, 0x001F},
                                           {0x007F, 0x009F},
                                           {0x00AD, 0x00AD},
                                           {0x0600, 0x0605},
                                           {0x061C, 0x061C},
                                           {0x06DD, 0x06DD},
                                           {0x180E, 0x180E},
                                           {0x200B, 0x200B},
                                           {0x200E, 0x200F},
                                           {0x2028, 0x202E},
                                           {0x2060, 0x206F},
                                           {0xFEFF, 0xFEFF},
                                           {0xFFF0, 0xFFFB},
                                           {0xE0000, 0x10FFFF}}};
  return std::ranges::any_of(
      kUnseen, [code](const Range& range) { return code >= range.first && code <= range.last; });
}

}  // namespace vitals::base

#pragma GCC visibility pop
