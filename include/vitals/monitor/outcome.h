#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "vitals/metrics/label.h"

#pragma GCC visibility push(default)

namespace vitals::monitor {

/// How a piece of work ended, as the label `status` says it.
enum class Outcome : std::uint8_t { kSuccess, kError };

}  // namespace vitals::monitor

/// For labels of families of your own: `enum_label<Outcome>("status")`.
template <>
struct vitals::metrics::LabelValues<vitals::monitor::Outcome> {
  /// In the order of the enum.
  static constexpr std::array<std::string_view, 2> kValues{"success", "error"};
};

#pragma GCC visibility pop
