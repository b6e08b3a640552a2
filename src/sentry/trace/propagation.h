#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vitals/sentry/ids.h"

namespace vitals::sentry::detail {

/// What a caller decided about a trace.
enum class Decision : std::uint8_t { kNone, kYes, kNo };

/// A trace header, read.
struct ParentSpan {
  TraceId trace_id;
  SpanId span_id;
  Decision decision = Decision::kNone;
};

/// Reads `TRACE-SPAN[-0|-1]`. Anything else, also ids of zeros, is nothing.
/// Source: Sentry developer documentation, "Trace Propagation".
[[nodiscard]] std::optional<ParentSpan> parse_sentry_trace(std::string_view text) noexcept;

/// Reads `VERSION-TRACE-SPAN-FLAGS`; the flag "sampled" is the caller's decision.
/// Source: W3C Trace Context, level 1.
[[nodiscard]] std::optional<ParentSpan> parse_traceparent(std::string_view text) noexcept;

/// The `sentry-` members of a baggage header, in order, still encoded and fit to be sent on: what
/// holds characters that a header must not is left out, and what is past 64 members or 8 KiB.
/// Source: W3C Baggage; Sentry developer documentation, "Dynamic Sampling Context".
[[nodiscard]] std::string sentry_members(std::string_view baggage);

/// The members that are not Sentry's, under the same rules, at most `limit` bytes.
[[nodiscard]] std::string foreign_members(std::string_view baggage, std::size_t limit);

/// `existing` with the `own` members in place of any `sentry-` ones it had.
[[nodiscard]] std::string with_members(std::string_view existing, std::string_view own);

/// Keys (without `sentry-`) and decoded values.
using DecodedMembers = std::vector<std::pair<std::string, std::string>>;
/// Those of what sentry_members() gave.
[[nodiscard]] DecodedMembers decode_members(std::string_view members);

/// `text` so that it may stand as a baggage value: all but unreserved characters as %XX.
void append_encoded(std::string& out, std::string_view text);

/// A sampling number in millionths, if `text` is a decimal number in [0, 1). Of more than six digits
/// the first six, which are below the same rates of six digits.
[[nodiscard]] std::optional<std::uint32_t> parse_sample_rand(std::string_view text) noexcept;
/// A rate, if `text` is a decimal number in [0, 1].
[[nodiscard]] std::optional<double> parse_sample_rate(std::string_view text) noexcept;
/// `members` with the value of `key` (without `sentry-`) replaced, or added at the end.
[[nodiscard]] std::string with_member(std::string_view members, std::string_view key,
                                      std::string_view value);
/// The random number as text: `0.` and six digits.
[[nodiscard]] std::string sample_rand_text(std::uint32_t millionths);

inline constexpr std::size_t kMaxBaggageSize = 8192;

}  // namespace vitals::sentry::detail
