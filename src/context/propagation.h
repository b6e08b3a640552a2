#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "vitals/context/ids.h"

namespace vitals::context::detail {

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

}  // namespace vitals::context::detail
