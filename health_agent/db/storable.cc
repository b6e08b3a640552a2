#include "health_agent/db/storable.h"

#include <cstddef>
#include <string_view>

namespace health_agent::db {
namespace {

/// The length of the well-formed character at the beginning of `text`; 0 when there is none.
std::size_t character(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto within = [&](std::size_t i, unsigned least, unsigned most) {
    return byte(i) >= least && byte(i) <= most;
  };
  const unsigned first = byte(0);
  if (first >= 0x01 && first <= 0x7f) return 1;
  if (first >= 0xc2 && first <= 0xdf) return within(1, 0x80, 0xbf) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const unsigned least = first == 0xe0 ? 0xa0 : 0x80;
    const unsigned most = first == 0xed ? 0x9f : 0xbf;  // no surrogates
    return within(1, least, most) && within(2, 0x80, 0xbf) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const unsigned least = first == 0xf0 ? 0x90 : 0x80;
    const unsigned most = first == 0xf4 ? 0x8f : 0xbf;
    return within(1, least, most) && within(2, 0x80, 0xbf) && within(3, 0x80, 0xbf) ? 4 : 0;
  }
  return 0;
}

}  // namespace

std::string storable(std::string text) {
  constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t size = character(rest);
    if (size == 0) break;
    rest.remove_prefix(size);
  }
  if (rest.empty()) return text;

  std::string clean{text, 0, text.size() - rest.size()};
  while (!rest.empty()) {
    const std::size_t size = character(rest);
    clean += size == 0 ? kReplacement : rest.substr(0, size);
    rest.remove_prefix(size == 0 ? 1 : size);
  }
  return clean;
}

}  // namespace health_agent::db
