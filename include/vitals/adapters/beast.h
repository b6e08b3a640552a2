#pragma once

#include <algorithm>
#include <boost/beast/core/string_type.hpp>
#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/message.hpp>
#include <string_view>

#include "vitals/lifetimebound.h"
#include "vitals/monitor/http.h"

/// Boost.Beast and vitals::monitor::RequestScope: how a request of the one becomes a request of the
/// other. Header-only. `request` is an `http::request<…>`, or its header alone.
///
///     RequestScope scope{adapters::request_start(request, "/users/{id}", "get_user")};
///     RequestActivation active{scope};         // on every thread that the work moves to
///     http::response<http::string_body> response{http::status::ok, request.version()};
///     adapters::finish(response, scope, 200);  // X-Request-ID, and the end of the measurement
namespace vitals::adapters {

/// A text of Beast's as one of the standard library, and back. Views.
inline std::string_view view_of(boost::beast::string_view text VITALS_LIFETIMEBOUND) noexcept {
  return {text.data(), text.size()};
}
inline boost::beast::string_view beast_view(std::string_view text VITALS_LIFETIMEBOUND) noexcept {
  return {text.data(), text.size()};
}

/// The first line of a header field; empty when it is not there. A view into `head`.
template <class Fields>
[[nodiscard]] std::string_view field_of(const boost::beast::http::header<true, Fields>& head
                                            VITALS_LIFETIMEBOUND,
                                        std::string_view name) {
  return view_of(head[beast_view(name)]);
}

namespace detail {

/// All lines of a header that is a list.
template <class Fields>
context::HeaderLines lines_of(const boost::beast::http::header<true, Fields>& head,
                              std::string_view name) {
  context::HeaderLines lines;
  const auto [first, last] = head.equal_range(beast_view(name));
  for (auto field = first; field != last; ++field)
    lines.add(view_of(field->value()));
  return lines;
}

/// All fields, for an event that may be captured while the request is served.
template <class Fields>
context::HeaderSource headers_of(const boost::beast::http::header<true, Fields>& head) noexcept {
  return {.request = &head,
          .read = [](const void* request, void* sink, context::HeaderSource::Take take) noexcept {
            using Head = boost::beast::http::header<true, Fields>;
            for (const auto& field : *static_cast<const Head*>(request))
              take(sink, view_of(field.name_string()), view_of(field.value()));
          }};
}

/// Of `/path?query` and of `http://authority/path?query`.
inline std::string_view path_and_query(std::string_view target) noexcept {
  const std::size_t scheme = target.starts_with('/') ? std::string_view::npos : target.find("://");
  if (scheme == std::string_view::npos) return target;
  const std::size_t end = target.find_first_of("/?", scheme + 3);
  return target.substr(std::min(end, target.size()));
}

}  // namespace detail

/// What a RequestScope wants to know of a Beast request. `request` must outlive the scope, which
/// reads its fields again when an event needs them; `route` and `operation` are copied. Threads:
/// any. Cost: a search of the fields for each of four names; does not allocate.
template <class Fields>
[[nodiscard]] monitor::RequestStart request_start(
    const boost::beast::http::header<true, Fields>& request VITALS_LIFETIMEBOUND,
    std::string_view route VITALS_LIFETIMEBOUND, std::string_view operation VITALS_LIFETIMEBOUND) {
  const std::string_view target = detail::path_and_query(view_of(request.target()));
  const std::size_t question = std::min(target.find('?'), target.size());
  return {.method = monitor::parse_method(view_of(request.method_string())),
          .route = route,
          .operation = operation,
          .path = target.substr(0, question),
          .query = target.substr(std::min(question + 1, target.size())),
          .request_id = field_of(request, "X-Request-ID"),
          .sentry_trace = field_of(request, "sentry-trace"),
          .baggage = detail::lines_of(request, "baggage"),
          .traceparent = field_of(request, "traceparent"),
          .headers = detail::headers_of(request)};
}
/// A temporary is gone before the scope is.
template <class Fields>
monitor::RequestStart request_start(const boost::beast::http::header<true, Fields>&& request,
                                    std::string_view route, std::string_view operation) = delete;

/// The same for a route that has an Endpoint, which must outlive the scope.
template <class Fields>
[[nodiscard]] monitor::RequestStart request_start(
    const boost::beast::http::header<true, Fields>& request VITALS_LIFETIMEBOUND,
    const monitor::Endpoint& endpoint VITALS_LIFETIMEBOUND) {
  monitor::RequestStart start = request_start(request, {}, {});
  start.endpoint = &endpoint;
  return start;
}
template <class Fields>
monitor::RequestStart request_start(const boost::beast::http::header<true, Fields>&& request,
                                    const monitor::Endpoint& endpoint) = delete;
template <class Fields>
monitor::RequestStart request_start(const boost::beast::http::header<true, Fields>& request,
                                    const monitor::Endpoint&& endpoint) = delete;
template <class Fields>
monitor::RequestStart request_start(const boost::beast::http::header<true, Fields>&& request,
                                    const monitor::Endpoint&& endpoint) = delete;

/// Puts the request's ids on an answer: `X-Request-ID`, and with Sentry on `X-Trace-ID`.
template <class Fields>
void append_ids(boost::beast::http::header<false, Fields>& response,
                const monitor::RequestScope& scope) {
  response.set("X-Request-ID", beast_view(scope.request_id()));
  if (!scope.trace_id().empty()) response.set("X-Trace-ID", beast_view(scope.trace_id()));
}

/// Puts the ids on an answer that is about to be sent, and ends the request's measurement.
template <class Fields>
void finish(boost::beast::http::header<false, Fields>& response, monitor::RequestScope& scope,
            int status) {
  append_ids(response, scope);
  scope.finish(status);
}

}  // namespace vitals::adapters
