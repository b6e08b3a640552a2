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

/// The random number of a trace, in millionths, by its id: whoever keeps a share of the traces by the
/// last 56 bits of their ids, as OpenTelemetry's SDKs do, keeps the same ones. Source: OpenTelemetry
/// specification, "TraceState: Probability Sampling"; W3C Trace Context, level 2, 3.2.2.5.
[[nodiscard]] std::uint32_t sample_rand_of(const TraceId& trace_id) noexcept;

/// Decides: by the sampler's rate, else as the caller has, else by Settings::traces_sample_rate. A
/// transaction is kept when its random number is below the rate, so a rate of 0 keeps none. A random
/// number that did not come is the trace id's, and a new one where that does not fit the caller's
/// decision. Source: Sentry developer documentation, "Propagated Random Value".
[[nodiscard]] Sampling decide(const TransactionContext& context, const TraceId& trace_id,
                              Decision parent, const IncomingSampling& incoming) noexcept;

}  // namespace vitals::context::detail
