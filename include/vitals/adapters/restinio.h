#pragma once

#include <restinio/all.hpp>
#include <string>
#include <string_view>

#include "vitals/lifetimebound.h"
#include "vitals/monitor/http.h"

/// RESTinio and vitals::monitor::RequestScope: how a request of the one becomes a request of the
/// other. Header-only.
///
///     auto scope = std::make_shared<RequestScope>(  // which `request` has to outlive
///         adapters::request_start(*request, "/users/{id}", "get_user"));
///     RequestActivation active{*scope};         // on every thread that the work moves to
///     auto response = request->create_response();
///     adapters::finish(response, *scope, 200);  // X-Request-ID, and the end of the measurement
///     response.done();
namespace vitals::adapters {

namespace detail {

inline std::string_view field_of(const restinio::http_request_header_t& header,
                                 std::string_view name) {
  const auto value = header.opt_value_of(restinio::string_view_t{name.data(), name.size()});
  return value ? std::string_view{value->data(), value->size()} : std::string_view{};
}

/// All lines of a header that is a list.
inline context::HeaderLines lines_of(const restinio::http_request_header_t& header,
                                     std::string_view name) {
  context::HeaderLines lines;
  header.for_each_value_of(restinio::string_view_t{name.data(), name.size()},
                           [&lines](restinio::string_view_t value) {
                             lines.add({value.data(), value.size()});
                             return restinio::http_header_fields_t::continue_enumeration();
                           });
  return lines;
}

inline std::string_view view_of(restinio::string_view_t text) noexcept {
  return {text.data(), text.size()};
}

/// All fields, for an event that may be captured while the request is served.
inline context::HeaderSource headers_of(const restinio::http_request_header_t& header) noexcept {
  return {.request = &header,
          .read = [](const void* request, void* sink, context::HeaderSource::Take take) noexcept {
            static_cast<const restinio::http_request_header_t*>(request)->for_each_field(
                [&](const restinio::http_header_field_t& field) {
                  take(sink, field.name(), field.value());
                });
          }};
}

}  // namespace detail

/// What a RequestScope wants to know of a RESTinio request. `request` must outlive the scope, which
/// reads its fields again when an event needs them: keep its handle beside the scope. `route` and
/// `operation` are copied. Threads: any. Cost: a search of the header fields for each of four
/// names; does not allocate.
template <class Request>
[[nodiscard]] monitor::RequestStart request_start(const Request& request VITALS_LIFETIMEBOUND,
                                                  std::string_view route VITALS_LIFETIMEBOUND,
                                                  std::string_view operation VITALS_LIFETIMEBOUND) {
  const restinio::http_request_header_t& header = request.header();
  return {.method = monitor::parse_method(header.method().c_str()),
          .route = route,
          .operation = operation,
          .path = detail::view_of(header.path()),
          .query = detail::view_of(header.query()),
          .request_id = detail::field_of(header, "X-Request-ID"),
          .sentry_trace = detail::field_of(header, "sentry-trace"),
          .baggage = detail::lines_of(header, "baggage"),
          .traceparent = detail::field_of(header, "traceparent"),
          .headers = detail::headers_of(header)};
}

/// The same for a route that has an Endpoint, which must outlive the scope.
template <class Request>
[[nodiscard]] monitor::RequestStart request_start(const Request& request VITALS_LIFETIMEBOUND,
                                                  const monitor::Endpoint& endpoint
                                                      VITALS_LIFETIMEBOUND) {
  monitor::RequestStart start = request_start(request, {}, {});
  start.endpoint = &endpoint;
  return start;
}
/// A temporary is gone before the scope is.
template <class Request>
monitor::RequestStart request_start(const Request& request,
                                    const monitor::Endpoint&& endpoint) = delete;

/// Puts the request's ids on an answer: `X-Request-ID`, and with Sentry on `X-Trace-ID`.
template <class Response>
void append_ids(Response& response, const monitor::RequestScope& scope) {
  response.append_header("X-Request-ID", std::string{scope.request_id()});
  if (!scope.trace_id().empty())
    response.append_header("X-Trace-ID", std::string{scope.trace_id()});
}

/// Puts the ids on an answer that is about to be sent, and ends the request's measurement.
template <class Response>
void finish(Response& response, monitor::RequestScope& scope, int status) {
  append_ids(response, scope);
  scope.finish(status);
}

}  // namespace vitals::adapters
