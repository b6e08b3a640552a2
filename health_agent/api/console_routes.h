#pragma once

#include "health_agent/api/route_table.h"
#include "vitals/console/console.h"

namespace health_agent::api {

/// Adds the live page: /console and its files for everybody, since they hold no data, and
/// /console/api/… for key holders. `console` must outlive the table.
void add_console_routes(RouteTable& table, vitals::console::Console& console);

}  // namespace health_agent::api
