#pragma once

#include <string_view>

#include "health_agent/api/http.h"
#include "vitals/monitor/http.h"

namespace health_agent::api {

/// The answer to what a handler threw, to be called where it is caught. An error of the service's own
/// has its status and words; of anything else the client is told the request id alone. What is no
/// fault of the client's is logged and captured, with the stack of its throw. Threads: the request's.
[[nodiscard]] Response explain_current_exception(vitals::monitor::RequestScope& scope,
                                                 std::string_view path);

}  // namespace health_agent::api
