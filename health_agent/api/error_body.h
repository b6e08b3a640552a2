#pragma once

#include <exception>
#include <string>
#include <string_view>

#include "health_agent/api/http.h"
#include "health_agent/errors.h"

namespace health_agent::api {

/// The JSON of the specification's error answers: `{"error", "message", "user_message",
/// "request_id", "timestamp"}`.
[[nodiscard]] std::string error_body(std::string_view error, std::string_view message,
                                     std::string_view user_message, std::string_view request_id);

/// The same for one of the service's own errors. What went wrong inside (500 and above) shows no
/// detail.
[[nodiscard]] std::string error_body(const ServiceError& error, std::string_view request_id);

/// The whole answer to one of the service's own errors: its status, the body above, and what the
/// status wants in the head (`WWW-Authenticate`, `Retry-After`).
[[nodiscard]] Response error_response(const ServiceError& error, std::string_view request_id);

/// The body for anything else: InternalError, no detail.
[[nodiscard]] std::string internal_error_body(std::string_view request_id);

}  // namespace health_agent::api
