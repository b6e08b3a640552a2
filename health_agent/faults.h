#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "vitals/result.h"

namespace health_agent::faults {

/// Where a fault can be injected, for demos and tests (variable FAULTS).
enum class Fault : std::uint8_t { kHandler, kDb, kAgent };

/// The share of calls that throw, 0.0 to 1.0, for each place.
struct Shares {
  double handler = 0;
  double db = 0;
  double agent = 0;

  [[nodiscard]] bool any() const noexcept { return handler > 0 || db > 0 || agent > 0; }
};

/// Parses `handler:0.01,db:0.01,agent:0.03`. Names the part at fault.
[[nodiscard]] vitals::Result<Shares> parse(std::string_view text);

/// Sets the shares for the whole process. Call at start-up, before requests.
void set(const Shares& shares) noexcept;

/// Throws at the configured share: kHandler a std::runtime_error, kDb a DatabaseError, kAgent an
/// AgentError. Threads: any. Cost: one load while no fault is configured.
void maybe_fail(Fault where);

}  // namespace health_agent::faults
