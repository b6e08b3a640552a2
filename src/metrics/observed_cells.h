#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "vitals/metrics/detail/cells.h"

/// Cells that hold how many values were observed and their sum, both changed at once: whenever they
/// are read, the sum is that of just those values that were counted.
namespace vitals::metrics::detail {

/// So many of one value. Threads: any. Cost: about that of two plain adds; the first in a thread
/// makes a page. Never fails; without memory it counts nothing. Not for signal handlers.
void add_observed(Slot slot, double value, std::uint64_t times = 1) noexcept;

/// The counts at the slots, and the sum of all of them. Threads: any. Cost: one lock, then an add
/// for each slot and live thread.
[[nodiscard]] double read_observed(std::span<const Slot> slots,
                                   std::span<std::uint64_t> counts) noexcept;

}  // namespace vitals::metrics::detail
