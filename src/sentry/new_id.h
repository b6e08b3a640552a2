#pragma once

#include <cstdint>

#include "vitals/sentry/ids.h"

namespace vitals::sentry::detail {

/// 64 random bits of this thread's own generator, seeded by the kernel, also anew after a fork().
/// Not for secrets. Cost: a few instructions.
[[nodiscard]] std::uint64_t random_bits() noexcept;

/// In [0, 1).
[[nodiscard]] inline double random_unit() noexcept {
  return static_cast<double>(random_bits() >> 11) * 0x1.0p-53;
}

[[nodiscard]] EventId new_event_id() noexcept;
[[nodiscard]] TraceId new_trace_id() noexcept;
[[nodiscard]] SpanId new_span_id() noexcept;

}  // namespace vitals::sentry::detail
