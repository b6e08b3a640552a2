#pragma once

#include "health_agent/api/handlers.h"
#include "health_agent/api/route_table.h"

namespace health_agent::api {

/// Adds GET /api/v1/users/{user_id}/export: all that is known of a user, as one JSON file. It is
/// written page by page: its memory does not grow with the user's data, and it is no snapshot where
/// the user goes on meanwhile. An end before its time shows, since the connection ends without the
/// last chunk.
void add_export_route(RouteTable& table, const Services& services);

}  // namespace health_agent::api
