#pragma once

namespace vitals::metrics::detail {

/// In the child of a fork, before anything else runs there: all counts begin at 0. Cost: a few
/// stores; the memory is written to when it is first needed.
void restart_cells() noexcept;

}  // namespace vitals::metrics::detail
