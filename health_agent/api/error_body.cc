#include "health_agent/api/error_body.h"

#include "health_agent/json_type.h"
#include "health_agent/time.h"

namespace health_agent::api {

std::string error_body(std::string_view error, std::string_view message,
                       std::string_view user_message, std::string_view request_id) {
  const nlohmann::json body = {{"error", error},
                               {"message", message},
                               {"user_message", user_message},
                               {"request_id", request_id},
                               {"timestamp", format_timestamp(unix_now())}};
  return body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string error_body(const ServiceError& error, std::string_view request_id) {
  return error_body(error.class_name(), error.status() >= 500 ? error.user_message() : error.what(),
                    error.user_message(), request_id);
}

Response error_response(const ServiceError& error, std::string_view request_id) {
  Response response;
  response.status = error.status();
  response.body = error_body(error, request_id);
  if (error.status() == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  if (const auto* limited = dynamic_cast<const RateLimitError*>(&error)) {
    response.headers.emplace_back("Retry-After", std::to_string(limited->retry_after_seconds()));
  } else if (const auto* conflict = dynamic_cast<const ConflictError*>(&error)) {
    response.headers.emplace_back("Retry-After", std::to_string(conflict->retry_after_seconds()));
  }
  return response;
}

std::string internal_error_body(std::string_view request_id) {
  return error_body(
      "InternalError", "Something went wrong inside the service.",
      "Something went wrong. Please try again, and name the request id if it stays so.",
      request_id);
}

}  // namespace health_agent::api
