#include "health_agent/log_text.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace health_agent {
namespace {

struct Range {
  std::uint32_t first;
  std::uint32_t last;
};

/// Code points that a terminal or a viewer of logs may act upon instead of showing them: control
/// characters, separators of lines, marks of direction, invisible ones. Not the joiners U+200C and
/// U+200D, which words and emoji need. Source: Unicode Character Database, categories Cc, Cf, Zl,
/// Zp and Co.
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

/// What is shown as nothing beside that: spaces, fillers, the joiners, selectors of a variation.
/// Source: Unicode Character Database, White_Space and Default_Ignorable_Code_Point; U+2800 is the
/// Braille pattern without dots.
constexpr std::array<Range, 14> kBlanks{{{0x0020, 0x0020},
                                         {0x00A0, 0x00A0},
                                         {0x034F, 0x034F},
                                         {0x115F, 0x1160},
                                         {0x1680, 0x1680},
                                         {0x17B4, 0x17B5},
                                         {0x180B, 0x180F},
                                         {0x2000, 0x200D},
                                         {0x202F, 0x202F},
                                         {0x205F, 0x205F},
                                         {0x2800, 0x2800},
                                         {0x3000, 0x3000},
                                         {0x3164, 0x3164},
                                         {0xFE00, 0xFE0F}}};

bool is_unseen(std::uint32_t code) noexcept {
  return std::any_of(kUnseen.begin(), kUnseen.end(), [code](const Range& range) {
    return code >= range.first && code <= range.last;
  });
}

/// The code point at the front, and how many bytes it takes; 0 bytes for what is no UTF-8.
struct Decoded {
  std::uint32_t code = 0;
  std::size_t size = 0;
};

Decoded decode(std::string_view text) noexcept {
  const auto byte = [&](std::size_t at) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(text[at]));
  };
  const std::uint32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < size) return {};
  std::uint32_t code = lead & (0xFFU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return {};
    code = code << 6U | (byte(i) & 0x3FU);
  }
  constexpr std::array<std::uint32_t, 5> kLeast{0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (code < kLeast[size] || code > 0x10FFFF || surrogate) return {};
  return {code, size};
}

void append_hex(std::string& out, std::uint32_t number, int digits) {
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4)
    out += "0123456789abcdef"[(number >> static_cast<unsigned>(shift)) & 0xFU];
}

void append_escape(std::string& out, std::uint32_t code) {
  if (code == '\n') {
    out += "\\n";
  } else if (code == '\r') {
    out += "\\r";
  } else if (code == '\t') {
    out += "\\t";
  } else if (code < 0x10000) {
    out += "\\u";
    append_hex(out, code, 4);
  } else {  // as JSON has it
    out += "\\u";
    append_hex(out, 0xD800 + ((code - 0x10000) >> 10U), 4);
    out += "\\u";
    append_hex(out, 0xDC00 + ((code - 0x10000) & 0x3FFU), 4);
  }
}

}  // namespace

bool is_plain_ascii(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

bool is_blank(std::string_view text) noexcept {
  while (!text.empty()) {
    const Decoded next = decode(text);
    const bool blank =
        next.size != 0 && (is_unseen(next.code) ||
                           std::any_of(kBlanks.begin(), kBlanks.end(), [&](const Range& range) {
                             return next.code >= range.first && next.code <= range.last;
                           }));
    if (!blank) return false;
    text.remove_prefix(next.size);
  }
  return true;
}

std::string printable(std::string_view text) {
  if (is_plain_ascii(text)) return std::string{text};
  std::string out;
  out.reserve(text.size() + 16);
  while (!text.empty()) {
    const Decoded next = decode(text);
    if (next.size == 0) {
      out += "\\x";
      append_hex(out, static_cast<unsigned char>(text.front()), 2);
      text.remove_prefix(1);
      continue;
    }
    if (is_unseen(next.code)) {
      append_escape(out, next.code);
    } else {
      out += text.substr(0, next.size);
    }
    text.remove_prefix(next.size);
  }
  return out;
}

}  // namespace health_agent
