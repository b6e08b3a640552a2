#pragma once

#include "sentry/event/span_range.h"
#include "sentry/items.h"
#include "vitals/sentry/event.h"
#include "vitals/sentry/options.h"
#include "vitals/stack/symbolizer.h"

namespace vitals::sentry::detail {

/// What a capture took, and what the options say, as the Event that hooks see. On the client's
/// thread.
[[nodiscard]] Event build_event(const ErrorItem& item, const Options& options,
                                stack::Symbolizer& symbolizer);
/// The same of a finished transaction, with those of its parts that are in `range`.
[[nodiscard]] Event build_event(const FinishedTransaction& item, const Options& options,
                                SpanRange range);

}  // namespace vitals::sentry::detail
