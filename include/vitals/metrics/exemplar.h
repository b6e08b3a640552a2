#pragma once

#include <array>
#include <string_view>
#include <utility>

#include "vitals/list_view.h"

#pragma GCC visibility push(default)

namespace vitals::metrics {

/// What points from a count to an example of it, as a rule a trace: `{{"trace_id", id}}`. Names and
/// values together at most 128 characters (OpenMetrics 1.0.0, "Exemplars"); what is longer, has a
/// bad name or is not UTF-8 is left out, and the event counted all the same.
using ExemplarLabels = ListView<std::pair<std::string_view, std::string_view>>;

/// The ids of the trace that the calling thread works for, as lower-case hexadecimal digits.
struct ActiveTrace {
  std::array<char, 32> trace_id;  ///< 32 hexadecimal digits; empty: no trace is active
  std::array<char, 16> span_id;   ///< 16 hexadecimal digits
};

/// Fills `trace` and gives true when there is one and it will be sent; else false. Called on the
/// counting thread, for families with FamilyOptions::exemplars.
using TraceSource = bool (*)(ActiveTrace& trace) noexcept;

/// Says where exemplars come from; null ends it. vitals::monitor registers Sentry's. Threads: any.
void set_trace_source(TraceSource source) noexcept;

}  // namespace vitals::metrics

#pragma GCC visibility pop
