#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "vitals/metrics/label.h"

#pragma GCC visibility push(default)

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

/// The method of that name, whose letters have their case; kOther for any other.
[[nodiscard]] Method parse_method(std::string_view name) noexcept;
/// `GET`, … or `OTHER`. Static storage.
[[nodiscard]] std::string_view to_string(Method method) noexcept;

}  // namespace vitals::monitor

/// For labels of families of your own: `enum_label<Method>("method")`.
template <>
struct vitals::metrics::LabelValues<vitals::monitor::Method> {
  /// In the order of the enum.
  static constexpr std::array<std::string_view, 10> kValues{
      "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "OTHER"};
};

#pragma GCC visibility pop
