#pragma once

#include <string_view>

namespace vitals::metrics {

class Registry;

/// What this library was built from. Static storage.
struct BuildInfo {
  std::string_view version;   ///< `0.1.0`
  std::string_view revision;  ///< the commit, `unknown` outside of a repository
  std::string_view compiler;  ///< `gcc 12.2.0`
};
[[nodiscard]] const BuildInfo& build_info() noexcept;

/// Adds what a registry says of itself: vitals_metrics_series{family},
/// vitals_metrics_series_overflow_total{family} (labelled families; counts the look-ups that ended
/// at `(other)`) and vitals_build_info{version,revision,compiler}. Once a registry.
void add_self_metrics(Registry& registry);

}  // namespace vitals::metrics
