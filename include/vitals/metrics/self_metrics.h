#pragma once

#include <string_view>

#pragma GCC visibility push(default)

namespace vitals::metrics {

class Definition;
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
/// at `(other)`), vitals_metrics_left_out_total{reason} and
/// vitals_build_info{version,revision,compiler}. Once a registry; gives what takes them out again.
Definition add_self_metrics(Registry& registry);

}  // namespace vitals::metrics

#pragma GCC visibility pop
