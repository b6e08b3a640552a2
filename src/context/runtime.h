#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "vitals/context/settings.h"

namespace vitals::context::detail {

/// A bit for each, since an atomic of five bytes takes a lock. See propagators().
[[nodiscard]] constexpr std::uint8_t packed(const Propagators& given) noexcept {
  return static_cast<std::uint8_t>((given.sentry ? 1 : 0) | (given.tracecontext ? 2 : 0) |
                                   (given.baggage ? 4 : 0) | (given.b3 ? 8 : 0) |
                                   (given.b3_multi ? 16 : 0));
}

/// What the hot paths need of the settings, as plain atomics of the process: an unsampled
/// transaction and a breadcrumb touch no listener.
struct Runtime {
  std::atomic<double> traces_sample_rate{std::numeric_limits<double>::quiet_NaN()};  // NaN: unset
  std::atomic<bool> has_sampler{false};
  std::atomic<bool> has_breadcrumb_hook{false};
  std::atomic<bool> keep_private_data{false};
  std::atomic<bool> wants_breadcrumbs{false};  // with a finished transaction
  std::atomic<std::uint8_t> propagators{packed(Propagators{})};
  std::atomic<std::uint32_t> max_breadcrumbs{100};
  std::atomic<std::uint32_t> max_spans{1000};
  /// How often the traces' rate is halved while a listener cannot keep up. Kept apart from the
  /// rate, which set_traces_sample_rate() may change meanwhile.
  std::atomic<int> halvings{0};
};
inline constinit Runtime runtime;

[[nodiscard]] inline Propagators propagators() noexcept {
  const unsigned bits = runtime.propagators.load(std::memory_order_relaxed);
  return {.sentry = (bits & 1) != 0,
          .tracecontext = (bits & 2) != 0,
          .baggage = (bits & 4) != 0,
          .b3 = (bits & 8) != 0,
          .b3_multi = (bits & 16) != 0};
}

void use_settings(const Settings& settings) noexcept;

[[nodiscard]] inline bool is_rate(double value) noexcept {
  return value >= 0.0 && value <= 1.0;
}

/// What did not come to a listener, counted here for it to tell.
enum class Loss : std::uint8_t {
  kTransactionNotSampled,
  kTransactionByPressure,  // sampled less while a listener could not keep up
  kTransactionNoMemory,
  kSpanOverLimit,
  kAttachmentTooLarge,
  kAttachmentNoMemory,
};
inline constexpr std::size_t kLosses = 6;
/// Threads: any. Cost: one locked add on a line shared by few.
void count_loss(Loss loss, std::uint64_t bytes = 0) noexcept;
[[nodiscard]] std::uint64_t losses(Loss loss) noexcept;
[[nodiscard]] std::uint64_t lost_bytes(Loss loss) noexcept;

}  // namespace vitals::context::detail
