#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "health_agent/agent/agent.h"
#include "health_agent/api/listener_state.h"
#include "health_agent/api/route_table.h"
#include "health_agent/cache/cache.h"
#include "health_agent/cache/cached_users.h"
#include "health_agent/coach.h"
#include "health_agent/db/probe.h"
#include "health_agent/db/store.h"
#include "vitals/console/console.h"
#include "vitals/exporting/scrape.h"

namespace health_agent::api {

/// What the handlers work with. The Service owns all of it and ends it after the server.
struct Services {
  db::Store& store;
  db::Probe& database;
  cache::Cache& cache;
  cache::CachedUsers& users;
  Coach& coach;
  agent::Agent& agent;
  /// Null when metrics are off: /metrics is then 404.
  vitals::exporting::ScrapeHandler* metrics;
  /// Takes an update that Telegram's webhook brings; false when it should come again later. Empty
  /// when there is no webhook: its path is then 404.
  std::function<bool(std::string_view update_json)> take_update;
  /// Null with ENABLE_CONSOLE=false: /console is then 404.
  vitals::console::Console* console = nullptr;
  /// What /api/health says of the listener; null says nothing.
  const ListenerState* listener = nullptr;
  /// Whether the metrics-only listener takes connections, for /api/health; empty where there is none.
  std::function<bool()> metrics_healthy = {};
  /// Whether the bot gets its updates, for /api/health; empty where there is no bot.
  std::function<bool()> bot_healthy = {};
};

/// The API of the specification's section 5: every route with its handler. `services` must outlive
/// the table.
[[nodiscard]] RouteTable make_routes(const Services& services);

}  // namespace health_agent::api
