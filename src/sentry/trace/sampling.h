#pragma once

#include <cstdint>
#include <string>

#include "sentry/trace/propagation.h"
#include "vitals/sentry/span.h"

namespace vitals::sentry::detail {

/// What was decided about a new transaction, and on what ground.
struct Sampling {
  Decision decision = Decision::kNone;  // kNone: tracing is off
  std::uint32_t sample_rand = 0;        // in millionths
  bool rand_came = false;               // the random number is the caller's
  double rate = -1;                     // what it was compared with; negative: nothing was compared
  bool by_pressure = false;             // left out only because the rate was halved for a while
};

/// Decides: by the sampler's rate, else as the caller has, else by Options::traces_sample_rate. A
/// transaction is kept when its random number is below the rate, so a rate of 0 keeps none.
/// `incoming_members` may bring the caller's random number and rate; a number that is missing is
/// made so that it fits the caller's decision. Source: Sentry developer documentation, "Propagated
/// Random Value".
[[nodiscard]] Sampling decide(const TransactionContext& context, Decision parent,
                              const DecodedMembers& incoming_members) noexcept;

}  // namespace vitals::sentry::detail
