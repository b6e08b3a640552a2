#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

#pragma GCC visibility push(default)

/// UTF-8 as RFC 3629 has it: no surrogates, nothing past U+10FFFF, no form that is longer than it
/// need be. Threads: any. Cost: one pass; no allocation unless a string is returned.
namespace vitals::base {

/// U+FFFD, which stands for what is no UTF-8.
inline constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

/// How many bytes the character at the front of `text` has; 0 when there is none, or no valid one.
[[nodiscard]] constexpr std::size_t utf8_length(std::string_view text) noexcept {
  if (text.empty()) return 0;
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4) return 0;
  const std::size_t length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  // What the second byte may be keeps out long forms, surrogates and what is past U+10FFFF.
  const unsigned char least = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  const unsigned char most = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  if (text.size() < length || byte(1) < least || byte(1) > most) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  return length;
}

/// Whether all of it is valid UTF-8. Cost: one pass.
[[nodiscard]] constexpr bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    // Most texts are of ASCII alone: eight characters at a time, the last one by one.
    if (!std::is_constant_evaluated() && text.size() >= sizeof(std::uint64_t)) {
      std::uint64_t eight = 0;
      std::memcpy(&eight, text.data(), sizeof eight);
      if ((eight & 0x8080'8080'8080'8080U) == 0) {
        text.remove_prefix(sizeof eight);
        continue;
      }
    }
    const std::size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

/// A character, and how many bytes it had.
struct CodePoint {
  char32_t code = 0;       ///< the character's number
  std::size_t length = 0;  ///< 0: there is no valid one
};

/// The character at the front of `text`.
[[nodiscard]] constexpr CodePoint decode_utf8(std::string_view text) noexcept {
  const std::size_t length = utf8_length(text);
  if (length == 0) return {};
  char32_t code = static_cast<unsigned char>(text.front());
  if (length > 1) code &= 0xFFU >> (length + 1);
  for (std::size_t i = 1; i < length; ++i)
    code = code << 6U | (static_cast<unsigned char>(text[i]) & 0x3FU);
  return {code, length};
}

/// Appends a character. `code` is one: no surrogate, at most U+10FFFF.
inline void append_utf8(std::string& out, char32_t code) {
  const auto tail = [&out, code](unsigned shift) {
    out += static_cast<char>(0x80U | (code >> shift & 0x3FU));
  };
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0U | code >> 6U);
    tail(0);
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0U | code >> 12U);
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xF0U | code >> 18U);
    tail(12);
    tail(6);
    tail(0);
  }
}

/// What one U+FFFD stands for.
enum class Mend { kEachByte, kEachRun };

/// `text` with U+FFFD for what is no UTF-8.
[[nodiscard]] inline std::string mend_utf8(std::string_view text, Mend mend = Mend::kEachByte) {
  std::string mended;
  mended.reserve(text.size() + kReplacement.size());
  bool broken = false;  // the byte before
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length > 0) {
      mended += text.substr(0, length);
    } else if (mend == Mend::kEachByte || !broken) {
      mended += kReplacement;
    }
    broken = length == 0;
    text.remove_prefix(broken ? 1 : length);
  }
  return mended;
}

/// `text` cut to `limit` bytes, and not in the middle of a character.
[[nodiscard]] constexpr std::string_view cut(std::string_view text, std::size_t limit) noexcept {
  if (text.size() <= limit) return text;
  std::size_t end = limit;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80)
    --end;
  return text.substr(0, end);
}

}  // namespace vitals::base

#pragma GCC visibility pop
