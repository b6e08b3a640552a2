#pragma once

#include <vector>

namespace overhead {

/// The value that a share of all values lies below, by linear interpolation. NaN for none.
[[nodiscard]] double quantile(std::vector<double> values, double share);

[[nodiscard]] inline double median(const std::vector<double>& values) {
  return quantile(values, 0.5);
}

/// The ratio of two medians, and the quartiles of the ratios round by round: what was measured, and
/// how far the rounds differ.
struct Ratio {
  double of_medians = 0;
  double lower = 0;
  double upper = 0;
};

/// `value[i]` and `base[i]` were measured in the same round.
[[nodiscard]] Ratio ratio(const std::vector<double>& value, const std::vector<double>& base);

}  // namespace overhead
