#pragma once

#include <string>
#include <utility>

#include "health_agent/api/http.h"
#include "health_agent/api/json_input.h"
#include "health_agent/faults.h"

namespace health_agent::api {

/// What happens before a user's request is worked on: the monitoring is told whose it is, so that an
/// event names the user, and a configured fault may come (FAULTS). Threads: the request's.
inline void begin_for(const Request& request, const std::string& user_id) {
  request.scope->set_user(user_id);
  faults::maybe_fail(faults::Fault::kHandler);
}

/// The handler of a path whose first parameter is the user: `handle(request, user_id)` runs with the
/// id checked and the request begun. A bad id throws ValidationError.
template <class Handle>
[[nodiscard]] auto for_user(Handle handle) {
  return [handle = std::move(handle)](Request& request) {
    const std::string& id = require_user_id("user_id in the path", request.params.at(0));
    begin_for(request, id);
    return handle(request, id);
  };
}

}  // namespace health_agent::api
