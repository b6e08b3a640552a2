#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "health_agent/http_client.h"

namespace health_agent::agent {

/// How often one request to a model is sent at most.
inline constexpr int kMaxAttempts = 3;

/// Whether the same request may do better a moment later: 408, 429 (unless the quota is used up,
/// which no moment mends) and every 5xx, Anthropic's 529 included. `x-should-retry` decides where
/// the maker says it.
[[nodiscard]] bool may_do_better(const HttpAnswer& answer);

/// How long the maker asks to be left alone: `retry-after-ms`, `Retry-After` (seconds or an HTTP
/// date), or, where these are not there, the reset of a limit that has nothing left
/// (`x-ratelimit-reset-…`, `anthropic-ratelimit-…-reset`). Nothing when it does not say; at most a
/// day.
[[nodiscard]] std::optional<std::chrono::milliseconds> asked_wait(const HttpAnswer& answer,
                                                                  std::int64_t unix_now);

/// The wait after failed attempt `attempt` (1 is the first): full jitter, `random` in [0, 1), of
/// half a second that doubles to at most 8 s; on top of what the maker asks for.
[[nodiscard]] std::chrono::milliseconds wait_before_retry(
    int attempt, double random, std::optional<std::chrono::milliseconds> asked);

}  // namespace health_agent::agent
