#pragma once

#include <cstddef>
#include <cstdint>

#include "vitals/metrics/exemplar.h"

#pragma GCC visibility push(default)

/// What a series may have beyond its cells: exemplars, native buckets, quantiles. Not for use from
/// outside: it may change.
namespace vitals::metrics::detail {

/// Made with the series and never freed, so that a handle may outlive what it counted for.
struct OptionalParts;

/// Counts an observation that fell into the classic `bucket`, with the active trace as exemplar.
void observe_parts(OptionalParts& parts, std::size_t bucket, double value) noexcept;
/// Counts so many of one value at once, without an exemplar.
void observe_parts_many(OptionalParts& parts, std::size_t bucket, double value,
                        std::uint64_t times) noexcept;
/// The same with an exemplar of the caller's.
void observe_parts(OptionalParts& parts, std::size_t bucket, double value,
                   ExemplarLabels labels) noexcept;
/// Keeps an exemplar of a counter's increment.
void keep_exemplar(OptionalParts& parts, double value, ExemplarLabels labels) noexcept;

}  // namespace vitals::metrics::detail

#pragma GCC visibility pop
