#include "bench/overhead/statistics.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace overhead {

double quantile(std::vector<double> values, double share) {
  if (values.empty()) return std::nan("");
  std::sort(values.begin(), values.end());
  const double at = share * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const std::size_t above = std::min(below + 1, values.size() - 1);
  const double part = at - static_cast<double>(below);
  return values[below] * (1 - part) + values[above] * part;
}

Ratio ratio(const std::vector<double>& value, const std::vector<double>& base) {
  std::vector<double> by_round;
  for (std::size_t i = 0; i < std::min(value.size(), base.size()); ++i)
    by_round.push_back(value[i] / base[i]);
  return {median(value) / median(base), quantile(by_round, 0.25), quantile(by_round, 0.75)};
}

}  // namespace overhead
