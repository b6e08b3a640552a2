#pragma once

#include <memory>

#include "vitals/metrics/registry.h"
#include "vitals/metrics/scoped_definition.h"

namespace vitals::otlp::detail {

/// Has `vitals_otlp_items_total{signal,outcome}` read at each scrape, as long as a guard for that
/// registry is there. The counts are the process's, so several guards share one definition. Throws
/// what Registry::collector() throws.
[[nodiscard]] std::shared_ptr<metrics::ScopedDefinition> add_self_metrics(
    metrics::Registry& registry);

}  // namespace vitals::otlp::detail
