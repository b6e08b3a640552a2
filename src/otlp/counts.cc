#include "otlp/counts.h"

#include <array>
#include <atomic>

#include "base/shard.h"

namespace vitals::otlp {
namespace detail {
namespace {

struct alignas(64) CountShard {
  std::array<std::array<std::atomic<std::uint64_t>, kOutcomes>, kSignals> counts{};
};
constinit std::array<CountShard, base::kShards> count_shards{};

}  // namespace

void count(Signal signal, Outcome outcome, std::uint64_t items) noexcept {
  if (items == 0) return;
  CountShard& shard = count_shards[base::own_shard()];
  shard.counts[static_cast<std::size_t>(signal)][static_cast<std::size_t>(outcome)].fetch_add(
      items, std::memory_order_relaxed);
}

Outcome outcome_of(delivery::detail::DropReason reason) noexcept {
  using delivery::detail::DropReason;
  switch (reason) {
    case DropReason::kQueueFull:
      return Outcome::kQueueFull;
    case DropReason::kNetwork:
      return Outcome::kNetworkError;
    case DropReason::kDisk:
      return Outcome::kCacheOverflow;
    case DropReason::kInternal:
    case DropReason::kDamaged:
      break;
  }
  return Outcome::kInternalError;
}

}  // namespace detail

std::string_view to_string(Signal signal) noexcept {
  constexpr std::array<std::string_view, kSignals> kNames{"traces", "metrics", "logs"};
  return kNames[static_cast<std::size_t>(signal)];
}

std::string_view to_string(Outcome outcome) noexcept {
  constexpr std::array<std::string_view, kOutcomes> kNames{
      "sent",          "rejected",       "refused",       "queue_full",
      "network_error", "cache_overflow", "internal_error"};
  return kNames[static_cast<std::size_t>(outcome)];
}

Stats stats() noexcept {
  Stats result;
  for (const detail::CountShard& shard : detail::count_shards) {
    for (std::size_t signal = 0; signal < kSignals; ++signal) {
      for (std::size_t outcome = 0; outcome < kOutcomes; ++outcome) {
        result.counts[signal][outcome] +=
            shard.counts[signal][outcome].load(std::memory_order_relaxed);
      }
    }
  }
  return result;
}

}  // namespace vitals::otlp
