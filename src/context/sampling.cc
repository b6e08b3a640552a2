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

std::uint32_t pick_sample_rand(const TraceId& trace_id, const IncomingSampling& incoming,
                               Decision parent) noexcept {
  if (incoming.sample_rand) return *incoming.sample_rand;
  const std::uint32_t of_id = sample_rand_of(trace_id);
  if (!incoming.sample_rate || parent == Decision::kNone) return of_id;
  // The first number, in millionths, that is not below the rate.
  const auto limit = static_cast<std::uint32_t>(std::ceil(*incoming.sample_rate * kMillion));
  if ((of_id < limit) == (parent == Decision::kYes)) return of_id;
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

std::uint32_t sample_rand_of(const TraceId& trace_id) noexcept {
  std::uint64_t value = 0;
  for (std::size_t i = trace_id.bytes.size() - 7; i < trace_id.bytes.size(); ++i)
    value = value << 8 | trace_id.bytes[i];
  // The largest are kept first there, and the smallest here.
  const std::uint64_t place = (std::uint64_t{1} << 56) - 1 - value;
  // place * 1'000'000 / 2^56, in two halves of 28 bits, since it has 76.
  constexpr std::uint64_t kHalf = (std::uint64_t{1} << 28) - 1;
  const std::uint64_t high = (place >> 28) * kMillion;
  const std::uint64_t low = (place & kHalf) * kMillion;
  return static_cast<std::uint32_t>((high + (low >> 28)) >> 28);
}

Sampling decide(const TransactionContext& context, const TraceId& trace_id, Decision parent,
                const IncomingSampling& incoming) noexcept {
  Sampling result;
  result.rand_came = incoming.sample_rand.has_value();
  result.sample_rand = pick_sample_rand(trace_id, incoming, parent);
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
