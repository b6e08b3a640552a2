#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace health_agent {

inline constexpr std::int64_t kSecondsADay = 86'400;

/// The day of a time without a zone (UTC), counted from 1970-01-01; before it negative.
[[nodiscard]] constexpr std::int64_t utc_day(std::int64_t unix_seconds) noexcept {
  const std::int64_t day = unix_seconds / kSecondsADay;
  return unix_seconds % kSecondsADay < 0 ? day - 1 : day;
}

/// Unix seconds, UTC, of the system's clock.
[[nodiscard]] std::int64_t unix_now() noexcept;

/// `2026-11-24T06:23:36Z` (RFC 3339). Years outside 0000 to 9999 do not come up: they are refused
/// on the way in.
[[nodiscard]] std::string format_timestamp(std::int64_t unix_seconds);

/// Reads what format_timestamp() writes, with an optional fraction (cut) and any offset (`+01:00`).
/// Nothing for anything else, impossible dates included.
[[nodiscard]] std::optional<std::int64_t> parse_timestamp(std::string_view text) noexcept;

/// `2026-11-24`, as days since 1970-01-01.
[[nodiscard]] std::string format_date(std::int64_t day);
[[nodiscard]] std::optional<std::int64_t> parse_date(std::string_view text) noexcept;

}  // namespace health_agent
