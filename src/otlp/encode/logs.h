#pragma once

#include "otlp/encode/attributes.h"
#include "otlp/logs.h"
#include "vitals/stack/symbolizer.h"

namespace vitals::otlp::detail {

/// Adds a log record. Source: opentelemetry/proto/logs/v1/logs.proto; OpenTelemetry, "Logs Data
/// Model". Throws std::bad_alloc.
template <class Message>
void write_log(const LogItem& item, stack::Symbolizer& symbolizer, Privacy& privacy,
               typename Message::List& list);

}  // namespace vitals::otlp::detail
