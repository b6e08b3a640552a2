#include "health_agent/log_text.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "vitals/base/unseen.h"
#include "vitals/base/utf8.h"

namespace health_agent {
namespace {

struct Range {
  std::uint32_t first;
  std::uint32_t last;
};

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
    const vitals::base::CodePoint next = vitals::base::decode_utf8(text);
    const bool blank =
        next.length != 0 && (vitals::base::is_unseen(next.code) ||
                             std::any_of(kBlanks.begin(), kBlanks.end(), [&](const Range& range) {
                               return next.code >= range.first && next.code <= range.last;
                             }));
    if (!blank) return false;
    text.remove_prefix(next.length);
  }
  return true;
}

std::string printable(std::string_view text) {
  if (is_plain_ascii(text)) return std::string{text};
  std::string out;
  out.reserve(text.size() + 16);
  while (!text.empty()) {
    const vitals::base::CodePoint next = vitals::base::decode_utf8(text);
    if (next.length == 0) {
      out += "\\x";
      append_hex(out, static_cast<unsigned char>(text.front()), 2);
      text.remove_prefix(1);
      continue;
    }
    if (vitals::base::is_unseen(next.code)) {
      append_escape(out, next.code);
    } else {
      out += text.substr(0, next.length);
    }
    text.remove_prefix(next.length);
  }
  return out;
}

}  // namespace health_agent
