#pragma once

#include <string>
#include <string_view>

namespace vitals::base {

/// Appends `text` with each byte as %XX that is neither unreserved (RFC 3986, section 2.3) nor in
/// `also_plain`.
inline void append_percent_encoded(std::string& out, std::string_view text,
                                   std::string_view also_plain = {}) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  for (const char c : text) {
    const bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                            (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
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

}  // namespace vitals::base
