#include "context/sampling.h"

#include <cmath>

#include "base/random.h"
#include "context/listeners.h"
#include "context/runtime.h"

namespace vitals::context::detail {
namespace {

constexpr std::uint32_t kMillion = 1'000'000;

std::uint32_t random_between(std::uint32_t from, std::uint32_t to) noexcept {
  return from + static_cast<std::uint32_t>(base::Random::next() % (to - from));
}

std::uint32_t pick_sample_rand(const IncomingSampling& incoming, Decision parent) noexcept {
  if (incoming.sample_rand) return *incoming.sample_rand;
  if (!incoming.sample_rate || parent == Decision::kNone) return random_between(0, kMillion);
  // The first number, in millionths, that is not below the rate.
  const auto limit = static_cast<std::uint32_t>(std::ceil(*incoming.sample_rate * kMillion));
  if (parent == Decision::kYes) return limit == 0 ? 0 : random_between(0, limit);
  return limit == kMillion ? kMillion - 1 : random_between(limit, kMillion);
}

/// The user's word; NaN when there is none, or none that makes sense.
double ask_sampler(const TransactionContext& context, Decision parent,
                   const IncomingSampling& incoming) noexcept {
  try {
    const SettingsLease settings{first_with(&Slot::settings)};
    if (settings && settings->traces_sampler) {
      SamplingContext asked{context.name, context.op, context.source};
      if (parent != Decision::kNone) asked.parent_sampled = parent == Decision::kYes;
      asked.parent_sample_rate = incoming.sample_rate;
      asked.data = context.sampling_data;
      const double rate = settings->traces_sampler(asked);
      if (is_rate(rate)) return rate;
    }
  } catch (...) {
    // By contract a sampler that throws falls back to what holds without one.
  }
  return std::nan("");
}

}  // namespace

Sampling decide(const TransactionContext& context, Decision parent,
                const IncomingSampling& incoming) noexcept {
  Sampling result;
  result.rand_came = incoming.sample_rand.has_value();
  result.sample_rand = pick_sample_rand(incoming, parent);
  const bool has_sampler = runtime.has_sampler.load(std::memory_order_relaxed);
  double rate = runtime.traces_sample_rate.load(std::memory_order_relaxed);
  if (!has_sampler && std::isnan(rate)) return result;
  const double asked = has_sampler ? ask_sampler(context, parent, incoming) : std::nan("");
  if (is_rate(asked)) {
    rate = asked;
  } else if (parent != Decision::kNone) {
    result.decision = parent;
    return result;
  } else if (std::isnan(rate)) {
    return result;  // the sampler has failed, and without it tracing is off
  }
  const double whole = is_rate(rate) ? rate : 0.0;
  result.rate = std::ldexp(whole, -runtime.halvings.load(std::memory_order_relaxed));
  const double place = static_cast<double>(result.sample_rand) / kMillion;
  const bool keep = place < result.rate;
  result.by_pressure = !keep && place < whole;
  result.decision = keep ? Decision::kYes : Decision::kNo;
  return result;
}

}  // namespace vitals::context::detail
