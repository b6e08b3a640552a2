#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace vitals::bench {

/// Prints one line of a table: what was measured, and whether it is what it should be. `goal` is
/// `<=N`, `>=N`, `0`, or `-` where there is none.
inline void print(std::string_view name, double value, std::string_view unit,
                  std::string_view goal) {
  const std::string text{goal};
  const char* verdict = "";
  if (goal.starts_with("<=")) {
    verdict = value <= std::atof(text.c_str() + 2) ? "met" : "MISSED";
  } else if (goal.starts_with(">=")) {
    verdict = value >= std::atof(text.c_str() + 2) ? "met" : "MISSED";
  } else if (goal == "0") {
    verdict = value == 0 ? "met" : "MISSED";
  }
  std::printf("%-34.*s %12.2f %-10.*s %-8s %s\n", static_cast<int>(name.size()), name.data(), value,
              static_cast<int>(unit.size()), unit.data(), text.c_str(), verdict);
  std::fflush(stdout);
}

}  // namespace vitals::bench
