#pragma once

namespace vitals::metrics {
class Registry;
}

namespace vitals::monitor::detail {

/// Adds the Sentry client's own counts to `registry`:
/// `vitals_sentry_events_total{category,outcome}`, `vitals_sentry_queue_depth`,
/// `vitals_sentry_spool_bytes`. Read at the scrape; zeros while the client is disabled.
void add_sentry_health(metrics::Registry& registry);

}  // namespace vitals::monitor::detail
