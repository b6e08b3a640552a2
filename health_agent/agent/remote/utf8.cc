#include "health_agent/agent/remote/utf8.h"

#include <algorithm>
#include <utility>

#include "vitals/base/ascii.h"
#include "vitals/base/utf8.h"

namespace health_agent::agent {
namespace {

using vitals::base::append_utf8;
using vitals::base::kReplacement;
using vitals::base::utf8_length;

constexpr std::string_view kMarkLead = "\xF4\x8F";  // of U+10F000 to U+10FFFF in UTF-8
constexpr char32_t kSurrogateMark = 0x10F000;
constexpr char32_t kByteMark = 0x10F800;

bool is_high(char32_t code) noexcept {
  return code >= 0xD800 && code <= 0xDBFF;
}
bool is_low(char32_t code) noexcept {
  return code >= 0xDC00 && code <= 0xDFFF;
}

/// The code of `\uXXXX` at the front of `text`, or 0.
char32_t escaped_code(std::string_view text) noexcept {
  if (text.size() < 6 || text[0] != '\\' || text[1] != 'u') return 0;
  char32_t code = 0;
  for (const char c : text.substr(2, 4)) {
    const int digit = vitals::base::hex_digit(c);
    if (digit < 0) return 0;
    code = code * 16 + static_cast<char32_t>(digit);
  }
  return code;
}

}  // namespace

std::string clean_text(std::string_view text, std::size_t max_bytes) {
  std::string clean;
  clean.reserve(text.size() < max_bytes ? text.size() : max_bytes);
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const std::string_view character = length == 0 ? kReplacement : text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
    const auto code = static_cast<unsigned char>(character.front());
    if ((code < 0x20 && code != '\n' && code != '\t') || code == 0x7F) continue;
    if (clean.size() + character.size() > max_bytes) break;
    clean.append(character);
  }
  return clean;
}

std::string mark_halves(std::string_view json) {
  std::string marked;
  marked.reserve(json.size());
  while (!json.empty()) {
    std::size_t length = utf8_length(json);
    if (length == 0) {
      append_utf8(marked, kByteMark + static_cast<unsigned char>(json.front()));
      json.remove_prefix(1);
      continue;
    }
    if (json.front() == '\\' && json.size() > 1) {
      length = json[1] >= ' ' && json[1] <= '~' ? 2 : 1;
      const char32_t code = escaped_code(json);
      if (is_high(code) && is_low(escaped_code(json.substr(6)))) {
        length = 12;
      } else if (is_high(code) || is_low(code)) {
        append_utf8(marked, kSurrogateMark + (code - 0xD800));
        json.remove_prefix(6);
        continue;
      }
    }
    marked.append(json.substr(0, length));
    json.remove_prefix(length);
  }
  return marked;
}

std::string HalfJoiner::take(std::string_view piece) {
  std::string out;
  out.reserve(piece.size());
  while (!piece.empty()) {
    const std::size_t length = std::max<std::size_t>(utf8_length(piece), 1);
    const std::string_view character = piece.substr(0, length);
    piece.remove_prefix(length);
    if (length != 4 || !character.starts_with(kMarkLead)) {
      drop(out);
      out.append(character);
      continue;
    }
    const char32_t mark = 0x10F000U | ((static_cast<unsigned char>(character[2]) & 0x3FU) << 6U) |
                          (static_cast<unsigned char>(character[3]) & 0x3FU);
    if (mark >= kByteMark) {
      const char byte = static_cast<char>(mark - kByteMark);
      const bool begins = (static_cast<unsigned char>(byte) & 0xC0U) == 0xC0U;
      if (begins || high_ != 0) drop(out);
      bytes_ += byte;
      if (utf8_length(bytes_) == bytes_.size()) {
        out.append(std::exchange(bytes_, {}));
      } else if (bytes_.size() == 4 || (static_cast<unsigned char>(bytes_[0]) & 0xC0U) != 0xC0U) {
        drop(out);
      }
      continue;
    }
    const char32_t half = 0xD800 + (mark - kSurrogateMark);
    if (is_low(half) && high_ != 0) {
      append_utf8(out, 0x10000 + ((std::exchange(high_, 0) - 0xD800) << 10U) + (half - 0xDC00));
      continue;
    }
    drop(out);
    if (is_high(half)) {
      high_ = half;
    } else {
      out.append(kReplacement);
    }
  }
  return out;
}

std::string HalfJoiner::end() {
  std::string out;
  drop(out);
  return out;
}

/// Gives up the half that waits.
void HalfJoiner::drop(std::string& out) {
  if (high_ != 0 || !bytes_.empty()) out.append(kReplacement);
  high_ = 0;
  bytes_.clear();
}

}  // namespace health_agent::agent
