#include "health_agent/api/http_engine.h"
#include "vitals/metrics/registry.h"

namespace health_agent::api {

void define_metrics(HttpEngineOptions& engine, vitals::metrics::Registry& registry) {
  engine.metrics.accept_errors =
      registry.counter<"error">("http_listener_accept_errors_total",
                                "Connections that the API's listener could not take, by cause.");
  engine.metrics.closed_idle =
      registry.counter("http_idle_connections_closed_total",
                       "Connections to the API that were closed because others needed the place.");
  engine.open_connections =
      registry.gauge("http_connections_open", "Connections to the API that are open.");
  engine.bodies_refused = registry.counter(
      "http_bodies_refused_total",
      "Requests that were answered 503 because too many bodies were on their way at once.");
  engine.heads_refused = registry.counter(
      "http_heads_refused_total",
      "Clients that were answered 503 or let go of because too many sent long heads, or requests "
      "behind others, at once.");
}

}  // namespace health_agent::api
