#pragma once

namespace vitals::monitor::detail {

class Definer;

/// Adds the Sentry client's own counts:
/// `vitals_sentry_events_total{category,outcome}`, `vitals_sentry_queue_depth`,
/// `vitals_sentry_spool_bytes`. Read at the scrape; zeros while the client is disabled.
void add_sentry_health(Definer& definer);

}  // namespace vitals::monitor::detail
