#pragma once

#include <cstdint>
#include <optional>

#include "context/propagation.h"
#include "vitals/context/span.h"

namespace vitals::context::detail {

/// What was decided about a new transaction, and on what ground.
struct Sampling {
  Decision decision = Decision::kNone;  // kNone: tracing is off
  std::uint32_t sample_rand = 0;        // in millionths
  bool rand_came = false;               // the random number is the caller's
  double rate = -1;                     // what it was compared with; negative: nothing was compared
  bool by_pressure = false;             // left out only because the rate was halved for a while
};

/// What the caller's baggage says of sampling.
struct IncomingSampling {
  std::optional<std::uint32_t> sample_rand{};  // in millionths
  std::optional<double> sample_rate{};
};

/// Decides: by the sampler's rate, else as the caller has, else by Settings::traces_sample_rate. A
/// transaction is kept when its random number is below the rate, so a rate of 0 keeps none. A random
/// number that did not come is made so that it fits the caller's decision. Source: Sentry developer
/// documentation, "Propagated Random Value".
[[nodiscard]] Sampling decide(const TransactionContext& context, Decision parent,
                              const IncomingSampling& incoming) noexcept;

}  // namespace vitals::context::detail
