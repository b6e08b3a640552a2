#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace vitals::delivery::detail {

/// The longest that a server is believed to want to be left alone.
inline constexpr std::chrono::seconds kLongestRetryAfter{24 * 3600};

/// A number of seconds, also with a fraction; nothing when it is none or below zero. At most
/// kLongestRetryAfter.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_seconds(
    std::string_view text) noexcept;

/// How long the field `Retry-After` says to wait: a number of seconds, or an HTTP date. Nothing when
/// it is neither. Source: RFC 9110, 10.2.3. Throws std::bad_alloc.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view text);

}  // namespace vitals::delivery::detail
