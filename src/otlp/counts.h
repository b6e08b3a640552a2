#pragma once

#include <cstdint>

#include "delivery/cargo.h"
#include "vitals/otlp/client.h"

namespace vitals::otlp::detail {

/// Adds to a count of the process. Threads: any. Cost: one locked add on a line shared by few.
void count(Signal signal, Outcome outcome, std::uint64_t items = 1) noexcept;

[[nodiscard]] Outcome outcome_of(delivery::detail::DropReason reason) noexcept;

}  // namespace vitals::otlp::detail
