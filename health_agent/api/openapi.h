#pragma once

#include <string>
#include <string_view>

#include "health_agent/api/route_table.h"

namespace health_agent::api {

/// The description of every route that the service may have, as openapi.json has it (OpenAPI 3.1).
/// Static storage.
[[nodiscard]] std::string_view openapi_json() noexcept;

/// The description of the routes of `table` alone, with this program's version.
[[nodiscard]] std::string describe(const RouteTable& table);

/// Adds GET /api/openapi.json, which tells those who hold a key what the table has by now. The last
/// of the routes to be added.
void add_openapi_route(RouteTable& table);

}  // namespace health_agent::api
