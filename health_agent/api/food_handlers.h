#pragma once

#include <memory>

#include "health_agent/api/handlers.h"
#include "health_agent/api/retries.h"
#include "health_agent/api/route_table.h"

namespace health_agent::api {

/// Adds what is said of food: the log of a day or of several, and each entry of it.
void add_food_routes(RouteTable& table, const Services& services,
                     const std::shared_ptr<Retries>& retries);

}  // namespace health_agent::api
