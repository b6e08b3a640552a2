#pragma once

#include <cstdint>
#include <string_view>

namespace vitals::monitor {

/// The nine methods of HTTP (RFC 9110 and 5789); anything else is kOther.
enum class Method : std::uint8_t {
  kGet,
  kHead,
  kPost,
  kPut,
  kDelete,
  kConnect,
  kOptions,
  kTrace,
  kPatch,
  kOther
};

[[nodiscard]] Method parse_method(std::string_view name) noexcept;
/// `GET`, … or `OTHER`. Static storage.
[[nodiscard]] std::string_view to_string(Method method) noexcept;

}  // namespace vitals::monitor
