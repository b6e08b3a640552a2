#pragma once

#include <algorithm>
#include <boost/beast/core/string_type.hpp>
#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "vitals/adapters/detail/pages.h"
#include "vitals/console/console.h"
#include "vitals/console/monitoring.h"
#include "vitals/exporting/scrape.h"
#include "vitals/lifetimebound.h"
#include "vitals/monitor/endpoint.h"
#include "vitals/monitor/http.h"

/// Boost.Beast and vitals, for a server's own loop of requests. Header-only.
///
///     Response answer(const Request& request) {
///       if (auto page = adapters::mounted(monitoring, request)) return *std::move(page);
///       return adapters::respond(request, "/eggs/{id}", [&](monitor::RequestScope&) {
///         return egg(request);
///       });
///     }
///
/// Each request is a RequestScope, active while the handler runs. An exception that leaves the
/// handler is a Sentry event and an answer of 500 without its text. A server that routes inside the
/// handler says the route by RequestScope::set_route(). co_respond() is for coroutines;
/// request_start() and finish() are for a server of another shape.
namespace vitals::adapters {

/// A text of Beast's as one of the standard library, and back. Views.
inline std::string_view view_of(boost::beast::string_view text VITALS_LIFETIMEBOUND) noexcept {
  return {text.data(), text.size()};
}
/// A text of the standard library is one already.
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

/// What is asked for. Views.
struct Target {
  std::string_view path{};
  std::string_view query{};  // without the question mark
};

/// Of `/path?query` and of `http://authority/path?query`.
inline Target target_of(std::string_view text) noexcept {
  const std::size_t scheme = text.starts_with('/') ? std::string_view::npos : text.find("://");
  if (scheme != std::string_view::npos)
    text.remove_prefix(std::min(text.find_first_of("/?", scheme + 3), text.size()));
  const std::size_t question = std::min(text.find('?'), text.size());
  return {text.substr(0, question), text.substr(std::min(question + 1, text.size()))};
}

}  // namespace detail

/// What a RequestScope wants to know of a Beast request. `request` must outlive the scope, which
/// reads its fields again when an event needs them; `route` and `operation` are copied. Threads:
/// any. Cost: a look at each field; does not allocate.
template <class Fields>
[[nodiscard]] monitor::RequestStart request_start(
    const boost::beast::http::header<true, Fields>& request VITALS_LIFETIMEBOUND,
    std::string_view route VITALS_LIFETIMEBOUND, std::string_view operation VITALS_LIFETIMEBOUND) {
  const detail::Target target = detail::target_of(view_of(request.target()));
  monitor::RequestStart start{.method = monitor::parse_method(view_of(request.method_string())),
                              .route = route,
                              .operation = operation,
                              .path = target.path,
                              .query = target.query,
                              .headers = detail::headers_of(request)};
  start.read_headers();
  return start;
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

namespace detail {

/// The answer of a handler that an exception has left. Call inside a catch block.
template <class Response, class Request>
Response answer_exception(const Request& request, monitor::RequestScope& scope) {
  scope.fail_unhandled(std::current_exception());
  Response response{boost::beast::http::status::internal_server_error, request.version()};
  response.keep_alive(request.keep_alive());
  response.prepare_payload();
  return response;
}

template <class Response, class Request, class Handler>
Response respond(const Request& request, const monitor::RequestStart& start,
                 const Handler& handler) {
  monitor::RequestScope scope{start};
  const monitor::RequestActivation active{scope};
  Response response = [&]() -> Response {
    try {
      return handler(scope);
    } catch (...) {
      return answer_exception<Response>(request, scope);
    }
  }();
  finish(response, scope, static_cast<int>(response.result_int()));
  return response;
}

/// Begins when it is awaited, so the route is a copy.
template <class Awaitable, class Request, class Handler>
Awaitable co_respond(const Request& request, std::string route, const monitor::Endpoint* endpoint,
                     Handler handler) {
  using Response = typename Awaitable::value_type;
  monitor::RequestStart start = request_start(request, route, route);
  start.endpoint = endpoint;
  monitor::RequestScope scope{start};
  const monitor::RequestActivation active{scope};
  std::optional<Response> response;
  try {
    response.emplace(co_await handler(scope));
  } catch (...) {
    response.emplace(answer_exception<Response>(request, scope));
  }
  finish(*response, scope, static_cast<int>(response->result_int()));
  co_return *std::move(response);
}

/// What the handler's call gives.
template <class Handler>
using ResultOf = std::invoke_result_t<Handler&, monitor::RequestScope&>;

}  // namespace detail

/// Runs `handler(scope)`, which gives an `http::response`, as one request, and gives its answer with
/// the request's ids. Threads: any. Throws when there is no memory for the answer of 500.
template <class Request, class Handler>
[[nodiscard]] detail::ResultOf<const Handler> respond(const Request& request,
                                                      std::string_view route,
                                                      const Handler& handler) {
  return detail::respond<detail::ResultOf<const Handler>>(
      request, request_start(request, route, route), handler);
}
/// The same for a route that has an Endpoint, which spares the search for its series.
template <class Request, class Handler>
[[nodiscard]] detail::ResultOf<const Handler> respond(const Request& request,
                                                      const monitor::Endpoint& endpoint,
                                                      const Handler& handler) {
  return detail::respond<detail::ResultOf<const Handler>>(request, request_start(request, endpoint),
                                                          handler);
}

/// The same for coroutines: `handler(scope)` gives an awaitable of an `http::response`, and so does
/// this. The request stays active over each `co_await` where the coroutine was spawned on an
/// executor of carry_context() (vitals/adapters/asio.h). `request` must outlive the coroutine.
template <class Request, class Handler>
[[nodiscard]] detail::ResultOf<Handler> co_respond(const Request& request, std::string_view route,
                                                   Handler handler) {
  return detail::co_respond<detail::ResultOf<Handler>>(request, std::string{route}, nullptr,
                                                       std::move(handler));
}
/// The same for a route that has an Endpoint, which must outlive the coroutine.
template <class Request, class Handler>
[[nodiscard]] detail::ResultOf<Handler> co_respond(const Request& request,
                                                   const monitor::Endpoint& endpoint,
                                                   Handler handler) {
  return detail::co_respond<detail::ResultOf<Handler>>(request, {}, &endpoint, std::move(handler));
}

namespace detail {

using PageResponse = boost::beast::http::response<boost::beast::http::string_body>;

/// A page as an answer to `request`, and as a request of its own that counts under `route`.
template <class Request, class Ask>
PageResponse respond_page(const Request& request, std::string_view route, const Ask& ask) {
  return adapters::respond(request, route, [&](monitor::RequestScope&) {
    auto page = ask([&request](std::string_view name) { return field_of(request, name); });
    PageResponse response{static_cast<boost::beast::http::status>(page.status), request.version()};
    response.keep_alive(request.keep_alive());
    if (!page.content_type.empty())
      response.set(boost::beast::http::field::content_type, beast_view(page.content_type));
    add_fields(page, [&response](std::string_view name, std::string_view value) {
      response.set(beast_view(name), beast_view(value));
    });
    response.body() = std::move(page.body);
    response.prepare_payload();
    if (request.method() == boost::beast::http::verb::head) {
      const std::optional<std::size_t> length = length_of(page);
      response.content_length(length ? boost::optional<std::uint64_t>{*length} : boost::none);
    }
    return response;
  });
}

template <class Request>
PageRequest page_request(const Request& request, std::string_view caller) {
  const Target target = target_of(view_of(request.target()));
  return {.method = view_of(request.method_string()),
          .path = target.path,
          .query = target.query,
          .caller = caller};
}

}  // namespace detail

/// The answer to a request for the metrics at `path`; nothing where the request is for something
/// else. Who may read them, ScrapeOptions::token says. Threads: any.
template <class Body, class Fields>
[[nodiscard]] std::optional<detail::PageResponse> mounted(
    exporting::ScrapeHandler& scrapes, const boost::beast::http::request<Body, Fields>& request,
    std::string_view path = "/metrics") {
  const detail::PageRequest asked = detail::page_request(request, {});
  if (asked.path != path) return std::nullopt;
  return detail::respond_page(request, path, [&](const auto& field) {
    return detail::answer_scrape(scrapes, asked, field);
  });
}

/// The answer to a request for what is below the console's mount; nothing where the request is for
/// something else. `caller` is the client's address, by which the console shares out its places;
/// `mount` must be ConsoleOptions::mount, and ConsoleOptions::token says who may see it. Its viewers
/// hold no thread: they ask each second. Threads: any.
template <class Body, class Fields>
[[nodiscard]] std::optional<detail::PageResponse> mounted(
    console::Console& console, const boost::beast::http::request<Body, Fields>& request,
    std::string_view caller = {}, std::string_view mount = "/console") {
  const detail::PageRequest asked = detail::page_request(request, caller);
  if (!asked.path.starts_with(mount)) return std::nullopt;
  if (asked.path.size() > mount.size() && asked.path[mount.size()] != '/') return std::nullopt;
  return detail::respond_page(request, mount, [&](const auto& field) {
    return detail::answer_console(console, mount, asked, field);
  });
}

/// The same for both, the console where MonitoringOptions::console_mount says.
template <class Body, class Fields>
[[nodiscard]] std::optional<detail::PageResponse> mounted(
    const console::Monitoring& monitoring, const boost::beast::http::request<Body, Fields>& request,
    std::string_view caller = {}) {
  if (auto page = mounted(monitoring.scrapes(), request)) return page;
  return mounted(monitoring.console(), request, caller, monitoring.console_mount());
}

}  // namespace vitals::adapters
