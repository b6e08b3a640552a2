#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "vitals/context/headers.h"
#include "vitals/context/ids.h"
#include "vitals/context/settings.h"

namespace vitals::context::detail {

/// What a caller decided about a trace.
enum class Decision : std::uint8_t { kNone, kYes, kNo };

/// A span as the trace headers name it: that of a caller, read, or the one that goes out.
struct SpanContext {
  TraceId trace_id;  // zero: only a decision came, as B3 has it
  SpanId span_id;
  Decision decision = Decision::kNone;
  bool random = false;  // W3C's flag: seven bytes of the trace's id at least are random
  bool debug = false;   // B3's emphasised "yes"
};

/// Reads `TRACE-SPAN[-0|-1]`. Anything else, also ids of zeros, is nothing.
/// Source: Sentry developer documentation, "Trace Propagation".
[[nodiscard]] std::optional<SpanContext> parse_sentry_trace(std::string_view text) noexcept;

/// Reads `VERSION-TRACE-SPAN-FLAGS`; the flag "sampled" is the caller's decision.
/// Source: W3C Trace Context, level 2.
[[nodiscard]] std::optional<SpanContext> parse_traceparent(std::string_view text) noexcept;

/// Reads `TRACE-SPAN[-0|-1|-d][-PARENT]`, or a decision alone. Ids of traces have 16 digits or 32, in
/// lower case as both sources want it. Source: OpenZipkin, "b3-propagation"; OpenTelemetry
/// specification, "B3 Requirements".
[[nodiscard]] std::optional<SpanContext> parse_b3(std::string_view text) noexcept;

/// The same of the fields `x-b3-…`. Of the decision the words of its old form, `true` and `false`,
/// are read too; one that is none of these is as if it were not there.
[[nodiscard]] std::optional<SpanContext> parse_b3_multi(const IncomingTrace& fields) noexcept;

/// What the headers say of it: `TRACE-SPAN`, with the decision where there is one.
[[nodiscard]] std::string sentry_trace_of(const SpanContext& span);
[[nodiscard]] std::string traceparent_of(const SpanContext& span);
[[nodiscard]] std::string b3_of(const SpanContext& span);
/// Puts in those that name the span and are wanted.
void write_ids(const SpanContext& span, const Propagators& wanted, TraceHeaders& headers);

}  // namespace vitals::context::detail
