#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "console/query.h"
#include "console/ring.h"
#include "vitals/console/console.h"

namespace vitals::console::detail {

class EventStore;

/// What the console has to show; null for what is off.
struct Sources {
  const metrics::Registry* registry = nullptr;
  Ring* ring = nullptr;         // with the registry
  EventStore* store = nullptr;  // while Sentry is on
};

/// What the page asks for first: the charts of a window, the tables, errors and traces.
[[nodiscard]] std::string overview_json(const Sources& sources, const ConsoleOptions& options,
                                        Window window, EndpointFilter filter, double now);

/// What a tick is to hold.
struct TickParts {
  bool second = true;  // the newest row
  bool errors = false;
  bool traces = false;
};
/// The newest second of every chart, and the tables of the last 15 minutes.
[[nodiscard]] std::string tick_json(const Sources& sources, EndpointFilter filter, TickParts parts,
                                    double now);

/// A group with its errors and the payload of one of them; empty when there is no such one.
[[nodiscard]] std::string error_json(const EventStore& store, std::string_view group,
                                     std::string_view id);
/// A trace's payload; empty when there is no such one.
[[nodiscard]] std::string trace_json(const EventStore& store, std::string_view id);
[[nodiscard]] std::string search_json(const EventStore* store, std::string_view id);

struct Viewers {
  std::size_t now = 0;
  std::size_t most = 0;
};
/// How the monitoring itself is.
[[nodiscard]] std::string health_json(const Sources& sources, const ConsoleOptions& options,
                                      Viewers viewers);

/// A value of a query, decoded; empty when it is not there.
[[nodiscard]] std::string query_value(std::string_view query, std::string_view name);

}  // namespace vitals::console::detail
