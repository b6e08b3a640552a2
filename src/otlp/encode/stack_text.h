#pragma once

#include <string>
#include <string_view>

#include "vitals/stack/symbolizer.h"

namespace vitals::otlp::detail {

/// `exception.stacktrace` of the exceptions among an event's records: each with its type and words,
/// and its frames below it, the innermost first; a cause stands behind what was caught. Empty:
/// there are none.
[[nodiscard]] std::string stack_text(std::string_view attributes, stack::Symbolizer& symbolizer,
                                     bool send_default_pii);

}  // namespace vitals::otlp::detail
