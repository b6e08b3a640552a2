#pragma once

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "vitals/base/utf8.h"

namespace vitals::fuzz {

/// What has to be so whatever the input was; else this is a finding.
inline void require(bool so) {
  if (!so) std::abort();
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// Takes what is up to the next zero byte off the front.
inline std::string_view take_part(std::string_view& input) {
  const std::size_t end = input.find('\0');
  const std::string_view part = input.substr(0, end);
  input = end == std::string_view::npos ? std::string_view{} : input.substr(end + 1);
  return part;
}

}  // namespace vitals::fuzz
