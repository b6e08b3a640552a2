#pragma once

#include <string_view>

namespace integration {

/// Whether a text has a form, character by character: `d` stands for a digit, `x` for a lower-case
/// hexadecimal digit, anything else for itself. In place of std::regex, whose first use by two
/// threads at once is a race inside libstdc++.
[[nodiscard]] constexpr bool has_form(std::string_view text, std::string_view form) noexcept {
  if (text.size() != form.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool digit = c >= '0' && c <= '9';
    const bool hex = digit || (c >= 'a' && c <= 'f');
    if (form[i] == 'd' ? !digit : form[i] == 'x' ? !hex : c != form[i]) return false;
  }
  return true;
}

}  // namespace integration
