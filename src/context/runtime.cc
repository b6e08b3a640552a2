#include "context/runtime.h"

#include <cmath>

#include "base/shard.h"

namespace vitals::context {
namespace detail {
namespace {

struct alignas(64) LossShard {
  std::array<std::atomic<std::uint64_t>, kLosses> counts{};
  std::array<std::atomic<std::uint64_t>, kLosses> bytes{};
};
constinit std::array<LossShard, base::kShards> loss_shards{};

std::uint64_t sum_of(std::array<std::atomic<std::uint64_t>, kLosses> LossShard::*row,
                     Loss loss) noexcept {
  std::uint64_t sum = 0;
  for (const LossShard& shard : loss_shards)
    sum += (shard.*row)[static_cast<std::size_t>(loss)].load(std::memory_order_relaxed);
  return sum;
}

}  // namespace

void count_loss(Loss loss, std::uint64_t bytes) noexcept {
  LossShard& shard = loss_shards[base::own_shard()];
  const auto place = static_cast<std::size_t>(loss);
  shard.counts[place].fetch_add(1, std::memory_order_relaxed);
  if (bytes > 0) shard.bytes[place].fetch_add(bytes, std::memory_order_relaxed);
}

std::uint64_t losses(Loss loss) noexcept {
  return sum_of(&LossShard::counts, loss);
}

std::uint64_t lost_bytes(Loss loss) noexcept {
  return sum_of(&LossShard::bytes, loss);
}

void use_settings(const Settings& settings) noexcept {
  constexpr auto kRelaxed = std::memory_order_relaxed;
  runtime.traces_sample_rate.store(settings.traces_sample_rate.value_or(std::nan("")), kRelaxed);
  runtime.halvings.store(0, kRelaxed);
  runtime.has_sampler.store(static_cast<bool>(settings.traces_sampler), kRelaxed);
  runtime.has_breadcrumb_hook.store(static_cast<bool>(settings.before_breadcrumb), kRelaxed);
  runtime.keep_private_data.store(settings.keep_private_data, kRelaxed);
  runtime.propagators.store(packed(settings.propagators), kRelaxed);
  runtime.max_breadcrumbs.store(static_cast<std::uint32_t>(settings.max_breadcrumbs), kRelaxed);
  runtime.max_spans.store(static_cast<std::uint32_t>(settings.max_spans), kRelaxed);
}

}  // namespace detail

void set_traces_sample_rate(double rate) noexcept {
  if (detail::is_rate(rate))
    detail::runtime.traces_sample_rate.store(rate, std::memory_order_relaxed);
}

}  // namespace vitals::context
