#pragma once

#include <string>
#include <utility>
#include <vector>

#include "vitals/value.h"

namespace vitals::sentry::detail {

/// The contexts `os`, `runtime` and `device`. They do not change while the process runs: made once,
/// by the client's start.
using MachineContexts = std::vector<std::pair<std::string, Fields>>;
[[nodiscard]] MachineContexts machine_contexts();

}  // namespace vitals::sentry::detail
