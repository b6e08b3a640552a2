#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <restinio/all.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "vitals/adapters/detail/pages.h"
#include "vitals/console/console.h"
#include "vitals/console/monitoring.h"
#include "vitals/exporting/scrape.h"
#include "vitals/lifetimebound.h"
#include "vitals/monitor/endpoint.h"
#include "vitals/monitor/http.h"

/// RESTinio's express router and vitals. Header-only.
///
///     adapters::MonitoredExpressRouter monitored{*router};
///     monitored.mount(monitoring);                    // /metrics and /console
///     monitored.get("/eggs/:id", [](const auto& request, const auto& parameters,
///                                   const adapters::RestinioAnswer& answer) {
///       answer.send(restinio::status_ok(), "…");      // here, or later on another thread
///     });
///
/// Each request is a RequestScope whose route is the pattern, active on the thread that runs the
/// handler. An exception that leaves a handler is a Sentry event and an answer of 500 without its
/// text. What no route matches counts under `(unmatched)`. request_start() and finish() are for a
/// server with another router.
namespace vitals::adapters {

namespace detail {

inline std::string_view field_of(const restinio::http_request_header_t& header,
                                 std::string_view name) {
  const auto value = header.opt_value_of(restinio::string_view_t{name.data(), name.size()});
  return value ? std::string_view{value->data(), value->size()} : std::string_view{};
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
/// `operation` are copied. Threads: any. Cost: a look at each header field;
/// does not allocate.
template <class Request>
[[nodiscard]] monitor::RequestStart request_start(const Request& request VITALS_LIFETIMEBOUND,
                                                  std::string_view route VITALS_LIFETIMEBOUND,
                                                  std::string_view operation VITALS_LIFETIMEBOUND) {
  const restinio::http_request_header_t& header = request.header();
  monitor::RequestStart start{.method = monitor::parse_method(header.method().c_str()),
                              .route = route,
                              .operation = operation,
                              .path = detail::view_of(header.path()),
                              .query = detail::view_of(header.query()),
                              .headers = detail::headers_of(header)};
  start.read_headers();
  return start;
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

/// The answer to one request, and its RequestScope. One that is dropped without send() is answered
/// 500. Copies are of one answer. Threads: one at a time; may go to another thread.
class RestinioAnswer {
 public:
  /// Made by MonitoredExpressRouter for each request; without an endpoint no route matches.
  RestinioAnswer(restinio::request_handle_t request,
                 std::shared_ptr<const monitor::Endpoint> endpoint)
      : state_(std::make_shared<State>(std::move(request), std::move(endpoint))) {}

  /// Sends `response`, made by the request's create_response(), with the request's ids, and ends the
  /// measurement. Once; later calls do nothing.
  template <class Response>
  void send(Response response) const {
    state_->send(std::move(response));
  }
  /// Sends an answer of these parts.
  void send(restinio::http_status_line_t status, std::string body,
            std::string content_type = "text/plain; charset=utf-8") const {
    auto response = state_->request->create_response(std::move(status));
    response.append_header(restinio::http_field::content_type, std::move(content_type));
    response.set_body(std::move(body));
    state_->send(std::move(response));
  }
  /// The request's scope, to set its user or to count an error.
  [[nodiscard]] monitor::RequestScope& scope() const noexcept { return state_->scope; }
  /// Whether an answer was given.
  [[nodiscard]] bool sent() const noexcept { return state_->sent; }

 private:
  template <class Router>
  friend class MonitoredExpressRouter;

  /// The answer of an exception. False where the handler had made a response already, which RESTinio
  /// does once for each request: then it answers itself, 501.
  [[nodiscard]] bool send_500() const noexcept {
    if (state_->sent) return true;
    try {
      state_->send(state_->request->create_response(restinio::status_internal_server_error()));
      return true;
    } catch (...) {
      state_->sent = true;
      state_->scope.finish(501);
      return false;
    }
  }

  struct State {
    State(restinio::request_handle_t of, std::shared_ptr<const monitor::Endpoint> by)
        : request(std::move(of)), endpoint(std::move(by)), scope(start()) {}
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() {
      if (sent) return;
      try {
        send(request->create_response(restinio::status_internal_server_error()));
      } catch (...) {
        // The connection has gone.
      }
    }

    [[nodiscard]] monitor::RequestStart start() const {
      return endpoint ? request_start(*request, *endpoint)
                      : request_start(*request, monitor::kUnmatchedRoute, {});
    }
    template <class Response>
    void send(Response response) {
      if (std::exchange(sent, true)) return;
      finish(response, scope, response.header().status_code().raw_code());
      response.done();
    }

    const restinio::request_handle_t request;
    const std::shared_ptr<const monitor::Endpoint> endpoint;
    monitor::RequestScope scope;
    bool sent = false;
  };

  std::shared_ptr<State> state_;
};

/// Adds monitored routes to an express router, which must outlive it; the routes stay when it has
/// gone. Threads: as the router.
template <class Router = restinio::router::express_router_t<>>
class MonitoredExpressRouter {
 public:
  /// Adds routes to `router`, which must outlive it.
  explicit MonitoredExpressRouter(Router& router) : router_(router) {
    router.non_matched_request_handler([](const restinio::request_handle_t& request) {
      RestinioAnswer{request, nullptr}.send(request->create_response(restinio::status_not_found()));
      return restinio::request_accepted();
    });
  }

  /// Adds a route of GET. The handler is given the request, the route's parameters and a
  /// RestinioAnswer.
  template <class F>
  MonitoredExpressRouter& get(const std::string& route, F handler) {
    return add(restinio::http_method_get(), monitor::Method::kGet, route, std::move(handler));
  }
  /// The same of POST.
  template <class F>
  MonitoredExpressRouter& post(const std::string& route, F handler) {
    return add(restinio::http_method_post(), monitor::Method::kPost, route, std::move(handler));
  }
  /// The same of PUT.
  template <class F>
  MonitoredExpressRouter& put(const std::string& route, F handler) {
    return add(restinio::http_method_put(), monitor::Method::kPut, route, std::move(handler));
  }
  /// The same of PATCH.
  template <class F>
  MonitoredExpressRouter& patch(const std::string& route, F handler) {
    return add(restinio::http_method_patch(), monitor::Method::kPatch, route, std::move(handler));
  }
  /// The same of DELETE.
  template <class F>
  MonitoredExpressRouter& del(const std::string& route, F handler) {
    return add(restinio::http_method_delete(), monitor::Method::kDelete, route, std::move(handler));
  }
  /// The same of HEAD.
  template <class F>
  MonitoredExpressRouter& head(const std::string& route, F handler) {
    return add(restinio::http_method_head(), monitor::Method::kHead, route, std::move(handler));
  }
  /// The same of OPTIONS.
  template <class F>
  MonitoredExpressRouter& options(const std::string& route, F handler) {
    return add(restinio::http_method_options(), monitor::Method::kOptions, route,
               std::move(handler));
  }

  /// Serves both, the console where MonitoringOptions::console_mount says.
  MonitoredExpressRouter& mount(const console::Monitoring& monitoring) {
    mount(monitoring.scrapes());
    return mount(monitoring.console(), monitoring.console_mount());
  }
  /// Serves the metrics at `path`; who may read them, ScrapeOptions::token says.
  MonitoredExpressRouter& mount(exporting::ScrapeHandler& scrapes,
                                const std::string& path = "/metrics") {
    return add_page(path, [&scrapes](const restinio::request_handle_t& request, const auto&,
                                     const RestinioAnswer& answer) {
      send_page(*request, answer,
                detail::answer_scrape(scrapes, page_request(*request, {}), field_of(*request)));
    });
  }
  /// Serves the console below `path`, which must be ConsoleOptions::mount; who may see it,
  /// ConsoleOptions::token says. Its viewers hold no thread: they ask each second.
  MonitoredExpressRouter& mount(console::Console& console, const std::string& path = "/console") {
    const auto serve = [&console, path](const restinio::request_handle_t& request, const auto&,
                                        const RestinioAnswer& answer) {
      const std::string caller = request->remote_endpoint().address().to_string();
      send_page(*request, answer,
                detail::answer_console(console, path, page_request(*request, caller),
                                       field_of(*request)));
    };
    add_page(path, serve);
    // Bounded: the router matches by recursion, a level for each character.
    return add_page(path + "/:below([A-Za-z0-9/._-]{0,64})", serve);
  }

 private:
  static detail::PageRequest page_request(const restinio::request_t& request,
                                          std::string_view caller) {
    return {.method = request.header().method().c_str(),
            .path = detail::view_of(request.header().path()),
            .query = detail::view_of(request.header().query()),
            .caller = caller};
  }
  static auto field_of(const restinio::request_t& request) {
    return [&request](std::string_view name) { return detail::field_of(request.header(), name); };
  }
  template <class Page>
  static void send_page(restinio::request_t& request, const RestinioAnswer& answer, Page page) {
    auto response = request.create_response(restinio::http_status_line_t{
        restinio::http_status_code_t{static_cast<std::uint16_t>(page.status)}, {}});
    if (!page.content_type.empty())
      response.append_header(restinio::http_field::content_type, page.content_type);
    detail::add_fields(page, [&response](std::string_view name, const std::string& value) {
      response.append_header(std::string{name}, value);
    });
    response.set_body(std::move(page.body));
    answer.send(std::move(response));
  }

  template <class F>
  MonitoredExpressRouter& add_page(const std::string& route, const F& handler) {
    return get(route, handler).head(route, handler);
  }

  template <class F>
  MonitoredExpressRouter& add(restinio::http_method_id_t method_id, monitor::Method method,
                              const std::string& route, F handler) {
    router_.add_handler(
        std::move(method_id), route,
        [endpoint = std::make_shared<const monitor::Endpoint>(method, route),
         handler = std::move(handler)](const restinio::request_handle_t& request,
                                       const restinio::router::route_params_t& parameters) {
          const RestinioAnswer answer{request, endpoint};
          const monitor::RequestActivation active{answer.scope()};
          try {
            handler(request, parameters, answer);
          } catch (...) {
            answer.scope().fail_unhandled(std::current_exception());
            if (!answer.send_500()) return restinio::request_rejected();
          }
          return restinio::request_accepted();
        });
    return *this;
  }

  Router& router_;
};

}  // namespace vitals::adapters
