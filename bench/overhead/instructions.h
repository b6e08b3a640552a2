#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/overhead/variants.h"

namespace overhead {

/// Instructions of the service for each request, by variant; or why there are none.
struct Instructions {
  std::string how;
  std::vector<std::optional<double>> per_request;
};

/// Counts with the processor's own counter (`perf stat`) where it counts, else under callgrind, which is slow but gives the same
/// number on any machine, busy or not. `most` limits the requests made for each variant.
[[nodiscard]] Instructions count_instructions(const std::vector<Variant>& variants, const std::string& wanted);

}  // namespace overhead
