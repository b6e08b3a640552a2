#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sentry/context_names.h"
#include "sentry/event/machine.h"
#include "sentry/event/span_range.h"
#include "vitals/sentry/event.h"
#include "vitals/sentry/options.h"

/// Transactions as spans that stand by themselves. Source: Sentry developer documentation, "Spans",
/// "Wire Format".
namespace vitals::sentry::detail {

/// Of one item of an envelope.
inline constexpr std::uint32_t kMaxStreamedSpans = 1000;

/// Members of an object of attributes that every span of this process has; never empty.
[[nodiscard]] std::string span_attributes(const Options& options, const MachineContexts& machine);

/// The parts of a transaction that fit into one envelope each: at most kMaxStreamedSpans spans and,
/// whatever has to be escaped or masked in them, 1 MiB. `common` is how long span_attributes() is.
/// Cost: for nearly all a few comparisons, else a look at each record. Throws std::bad_alloc.
[[nodiscard]] std::vector<SpanRange> parts_of(const FinishedTransaction& transaction,
                                              const Options& options, std::size_t common);

/// The parts of a transaction that its event holds, which are those of `range`, as spans. Their
/// texts are moved out of it.
[[nodiscard]] std::vector<StreamedSpan> take_parts(Event&& event,
                                                   const FinishedTransaction& transaction,
                                                   SpanRange range);
/// The transaction itself, with all that its scope knows.
[[nodiscard]] StreamedSpan segment_of(const Event& event, const FinishedTransaction& transaction,
                                      const MachineContexts& machine);

/// Puts into the event of a transaction what a hook has made of a span of it. `part` is the span's
/// place in the event; null: the transaction itself.
void apply_changes(Event& event, SpanRecord* part, const StreamedSpan& before,
                   const StreamedSpan& after);

/// What spans of one transaction have in common.
struct StreamFrame {
  std::string_view common;        // see span_attributes()
  std::string_view segment_name;  // of the transaction
  SpanId segment_id;
  bool send_default_pii = false;
};

enum class Whole : std::uint8_t {
  kYes,
  kNo,  ///< without what is its own: attributes and links
};

/// Writes one span, masked: by the hooks' hands or not, nothing gets past this.
void write_streamed_span(const StreamedSpan& span, const StreamFrame& frame, Whole whole,
                         std::string& out);

}  // namespace vitals::sentry::detail
