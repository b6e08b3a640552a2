#include "sentry/trace/sampling.h"

#include <cmath>

#include "base/random.h"
#include "sentry/client_core.h"
#include "sentry/runtime.h"

namespace vitals::sentry::detail {
namespace {

constexpr std::uint32_t kMillion = 1'000'000;

std::uint32_t pick_sample_rand(const std::string& incoming_members) {
  if (!incoming_members.empty()) {
    for (const auto& [key, value] : decode_members(incoming_members)) {
      if (key != "sample_rand") continue;
      if (const auto given = parse_sample_rand(value)) return *given;
    }
  }
  return static_cast<std::uint32_t>(base::Random::next() % kMillion);
}

/// The user's word; NaN when there is none, or none that makes sense.
double ask_sampler(const TransactionContext& context) noexcept {
  try {
    const Lease client;
    if (client && client->options().traces_sampler) {
      return client->options().traces_sampler({context.name, context.op, context.source});
    }
  } catch (...) {
    // By contract a sampler that throws falls back to the rate.
  }
  return std::nan("");
}

}  // namespace

Sampling decide(const TransactionContext& context, Decision parent,
                const std::string& incoming_members) noexcept {
  Sampling result;
  const bool has_sampler = runtime.has_sampler.load(std::memory_order_relaxed);
  double rate = runtime.traces_sample_rate.load(std::memory_order_relaxed);
  if (!has_sampler && std::isnan(rate)) return result;
  try {
    result.sample_rand = pick_sample_rand(incoming_members);
  } catch (...) {
    result.sample_rand = static_cast<std::uint32_t>(base::Random::next() % kMillion);
  }
  if (parent != Decision::kNone) {
    result.decision = parent;
    return result;
  }
  if (has_sampler) {
    const double asked = ask_sampler(context);
    if (is_rate(asked)) rate = asked;
  }
  const double whole = is_rate(rate) ? rate : 0.0;
  result.rate = std::ldexp(whole, -runtime.halvings.load(std::memory_order_relaxed));
  const double place = static_cast<double>(result.sample_rand) / kMillion;
  const bool keep = place < result.rate;
  result.by_pressure = !keep && place < whole;
  result.decision = keep ? Decision::kYes : Decision::kNo;
  return result;
}

}  // namespace vitals::sentry::detail
