#pragma once

#include <cstdint>
#include <string>

namespace vitals::exporting {

/// Appends the number as short as it can be read back exactly; `NaN`, `+Inf`, `-Inf`.
void append_number(std::string& out, std::uint64_t value);
void append_number(std::string& out, double value);

/// Appends the upper bound of a bucket as the value of the label `le`: `0.01`, `1`, `1e-05`,
/// `+Inf`.
void append_bound(std::string& out, double value);

/// The same as OpenMetrics wants it: `1.0` for 1. Source: OpenMetrics 1.0.0, "Considerations:
/// Canonical Numbers".
void append_canonical(std::string& out, double value);

}  // namespace vitals::exporting
