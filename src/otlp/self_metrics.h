#pragma once

#include "vitals/metrics/registry.h"
#include "vitals/metrics/scoped_definition.h"

namespace vitals::otlp::detail {

/// Has `vitals_otlp_items_total{signal,outcome}` read at each scrape, as long as the guard is there.
/// Several of them are as one. Throws what Registry::collector() throws.
[[nodiscard]] metrics::ScopedDefinition add_self_metrics(metrics::Registry& registry);

}  // namespace vitals::otlp::detail
