#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#pragma GCC visibility push(default)

/// Characters of ASCII, as protocols have them; the locale has no say. Threads: any. Cost: no
/// allocation unless a string is returned.
namespace vitals::base {

/// `0` to `9`; no other script's digits.
[[nodiscard]] constexpr bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}
/// `A` to `Z`.
[[nodiscard]] constexpr bool is_upper(char c) noexcept {
  return c >= 'A' && c <= 'Z';
}
/// `A` to `Z` and `a` to `z`.
[[nodiscard]] constexpr bool is_letter(char c) noexcept {
  return (c >= 'a' && c <= 'z') || is_upper(c);
}
/// The small letter of a capital one; any other byte as it is.
[[nodiscard]] constexpr char lower(char c) noexcept {
  return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
}
/// The same of each byte of a text.
[[nodiscard]] inline std::string lower(std::string_view text) {
  std::string lowered{text};
  for (char& c : lowered)
    c = lower(c);
  return lowered;
}

/// Whether both are the same but for the case of ASCII letters, as names of fields are in HTTP.
[[nodiscard]] constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}
/// Whether `text` begins with `start`, but for case.
[[nodiscard]] constexpr bool starts_ignoring_case(std::string_view text,
                                                  std::string_view start) noexcept {
  return equal_ignoring_case(text.substr(0, start.size()), start);
}
/// Whether `text` ends with `end`, but for case.
[[nodiscard]] constexpr bool ends_ignoring_case(std::string_view text,
                                                std::string_view end) noexcept {
  return text.size() >= end.size() &&
         equal_ignoring_case(text.substr(text.size() - end.size()), end);
}

/// Without blanks and tabs at both ends.
[[nodiscard]] constexpr std::string_view trim(std::string_view text) noexcept {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

/// The value of a hexadecimal digit of either case; -1 for anything else.
[[nodiscard]] constexpr int hex_digit(char c) noexcept {
  if (is_digit(c)) return c - '0';
  const char low = lower(c);
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/// Bytes in hexadecimal, in lower case.
[[nodiscard]] inline std::string hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace vitals::base

#pragma GCC visibility pop
