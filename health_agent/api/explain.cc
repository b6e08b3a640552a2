#include "health_agent/api/explain.h"

#include <exception>
#include <new>

#include "health_agent/api/error_body.h"
#include "health_agent/errors.h"
#include "health_agent/log.h"

namespace health_agent::api {

Response explain_current_exception(vitals::monitor::RequestScope& scope, std::string_view path) {
  try {
    throw;
  } catch (const ServiceError& error) {
    if (error.status() >= 500) {
      scope.fail_unhandled(error);
      access_log.error("{} failed: {}: {}", path, error.class_name(), error.what());
    } else {
      scope.fail(error.class_name());
    }
    return error_response(error, scope.request_id());
  } catch (const std::bad_alloc& error) {
    scope.fail_unhandled(error);
    access_log.error("{} failed: there is no memory for it", path);
    Response response;
    response.status = 503;
    response.body = internal_error_body(scope.request_id());
    response.headers.emplace_back("Retry-After", "1");
    return response;
  } catch (const std::exception& error) {
    scope.fail_unhandled(error);
    access_log.error("{} failed: {}", path, error.what());
  } catch (...) {
    scope.fail_unhandled(std::current_exception());
    access_log.error("{} failed with something that is no std::exception", path);
  }
  Response response;
  response.status = 500;
  response.body = internal_error_body(scope.request_id());
  return response;
}

}  // namespace health_agent::api
