#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/overhead/variants.h"

namespace overhead {

/// Instructions for one request, in user space.
struct InstructionCount {
  double serving = 0;     ///< On the threads that serve.
  double background = 0;  ///< On the monitoring's own threads; 0 where they cannot be told apart.
};

/// What each variant takes, or why it is not known.
struct Instructions {
  std::string how;
  std::vector<std::optional<InstructionCount>> per_request;
};

/// Counts with the processor's own counter (`perf stat`) where it counts, else under callgrind,
/// which is slow but gives the same number on any machine, busy or not. `wanted` is `auto`,
/// `callgrind` or `off`.
[[nodiscard]] Instructions count_instructions(const std::vector<Variant>& variants,
                                              const std::string& wanted);

}  // namespace overhead
