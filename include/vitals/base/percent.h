#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "vitals/base/ascii.h"

#pragma GCC visibility push(default)

/// Percent-encoding. Source: RFC 3986, section 2.1. Threads: any.
namespace vitals::base {

/// Appends `text` with each byte as %XX that is neither unreserved (RFC 3986, section 2.3) nor in
/// `also_plain`.
inline void append_percent_encoded(std::string& out, std::string_view text,
                                   std::string_view also_plain = {}) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  for (const char c : text) {
    const bool unreserved =
        is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
    if (unreserved || also_plain.find(c) != std::string_view::npos) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
  }
}

/// The byte that `%XX` at `text[at]` stands for; -1 when there is no such thing there.
[[nodiscard]] constexpr int percent_encoded_byte(std::string_view text, std::size_t at) noexcept {
  if (at + 2 >= text.size() || text[at] != '%') return -1;
  const int high = hex_digit(text[at + 1]);
  const int low = hex_digit(text[at + 2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/// `text` decoded; what is no `%XX` stays as it is.
[[nodiscard]] inline std::string percent_decoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int byte = percent_encoded_byte(text, i);
    out += byte < 0 ? text[i] : static_cast<char>(byte);
    if (byte >= 0) i += 2;
  }
  return out;
}

/// `text` decoded; nothing when a `%` in it begins no `%XX`.
[[nodiscard]] inline std::optional<std::string> strictly_percent_decoded(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') continue;
    if (percent_encoded_byte(text, i) < 0) return std::nullopt;
    i += 2;
  }
  return percent_decoded(text);
}

/// A value of a query or form decoded: `+` is a blank there.
[[nodiscard]] inline std::string form_decoded(std::string_view text) {
  std::string blanks{text};
  for (char& c : blanks)
    if (c == '+') c = ' ';
  return percent_decoded(blanks);
}

}  // namespace vitals::base

#pragma GCC visibility pop
