#include "health_agent/cache/packed.h"

#include <charconv>
#include <cstddef>
#include <system_error>

namespace health_agent::cache {

void pack(std::string& to, std::string_view part) {
  to.append(std::to_string(part.size())).append(1, ':').append(part);
}

std::optional<std::vector<std::string_view>> unpack(std::string_view text) {
  std::vector<std::string_view> parts;
  parts.reserve(8);  // a few fields; a day's meals grow it
  while (!text.empty()) {
    std::size_t size = 0;
    const char* const end = text.data() + text.size();
    const auto [after, error] = std::from_chars(text.data(), end, size);
    if (error != std::errc{} || after == end || *after != ':') return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(after - text.data()) + 1);
    if (size > text.size()) return std::nullopt;
    parts.push_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  return parts;
}

}  // namespace health_agent::cache
