#pragma once

#include <memory>

#include "health_agent/api/handlers.h"
#include "health_agent/api/retries.h"
#include "health_agent/api/route_table.h"

namespace health_agent::api {

/// Adds POST /api/v1/chat, whole or streamed.
void add_chat_route(RouteTable& table, const Services& services,
                    const std::shared_ptr<Retries>& retries);

}  // namespace health_agent::api
