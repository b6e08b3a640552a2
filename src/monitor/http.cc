#include "vitals/monitor/http.h"

#include <algorithm>
#include <string>
#include <utility>

#include "monitor/clock.h"
#include "monitor/describe_host.h"
#include "monitor/families.h"
#include "monitor/fixed_text.h"
#include "monitor/start_headers.h"
#include "monitor/status_text.h"
#include "vitals/base/ascii.h"
#include "vitals/context/capture.h"
#include "vitals/context/detail.h"

namespace vitals::monitor {
namespace {

/// What the span of a served request says of it. Source: OpenTelemetry, "Semantic conventions for
/// HTTP server spans".
void describe(const context::Span& span, const context::RequestData& request,
              std::string_view route) noexcept {
  span.set_data("http.request.method", request.method);
  if (route != kUnmatchedRoute) span.set_data("http.route", route);
  if (!request.url.empty()) span.set_data("url.path", request.url);
  if (request.header_source.read == nullptr) return;
  request.header_source.read(request.header_source.request, const_cast<context::Span*>(&span),
                             [](void* sink, std::string_view name, std::string_view value) {
                               const auto& into = *static_cast<const context::Span*>(sink);
                               if (base::equal_ignoring_case(name, "user-agent"))
                                 into.set_data("user_agent.original", value);
                               if (base::equal_ignoring_case(name, "host"))
                                 detail::describe_host(into, value);
                             });
}

}  // namespace

Method parse_method(std::string_view name) noexcept {
  const auto& names = metrics::LabelValues<Method>::kValues;
  for (std::size_t i = 0; i + 1 < names.size(); ++i) {
    if (names[i] == name) return static_cast<Method>(i);
  }
  return Method::kOther;
}

std::string_view to_string(Method method) noexcept {
  return metrics::to_string(method);
}

void RequestStart::read_headers() noexcept {
  if (headers.read == nullptr) return;
  headers.read(headers.request, this,
               [](void* sink, std::string_view name, std::string_view value) {
                 detail::read_start_header(*static_cast<RequestStart*>(sink), name, value);
               });
}

void RequestStart::drop_trace() noexcept {
  sentry_trace = traceparent = b3 = {};
  x_b3_trace_id = x_b3_span_id = x_b3_sampled = x_b3_flags = {};
  baggage = tracestate = {};
}

RequestArrival::RequestArrival(Method method) noexcept
    : method_(method), families_(detail::families()), time_(std::chrono::steady_clock::now()) {
  if (families_ != nullptr) families_->http.in_progress.with(method_).inc();
}

RequestArrival::~RequestArrival() {
  leave();
}

void RequestArrival::leave() noexcept {
  // Not where the metrics were turned off meanwhile, or on again in another registry.
  detail::Families* const families = std::exchange(families_, nullptr);
  if (families != nullptr && families == detail::families())
    families->http.in_progress.with(method_).dec();
}

RequestScope::RequestScope(const RequestStart& start) noexcept
    : OwnWork(start.request_id),
      method_(start.endpoint != nullptr && start.method == Method::kOther ? start.endpoint->method()
                                                                          : start.method),
      route_(start.endpoint != nullptr ? start.endpoint->route() : std::string_view{}) {
  if (!active()) return;
  if (start.endpoint == nullptr) {
    own_route_.keep(start.route);
    route_ = own_route_.view();
  }
  start_ = start.arrival != nullptr ? start.arrival->time_ : std::chrono::steady_clock::now();
  // A HEAD may come by the endpoint of GET, but counts by its own method.
  if (start.endpoint != nullptr && start.endpoint->method() == method_) endpoint_ = start.endpoint;
  families_ = detail::families();
  if (families_ != nullptr) families_->http.in_progress.with(method_).inc();
  if (start.arrival != nullptr) start.arrival->leave();
  if (context::enabled()) start_trace(start);
}

void RequestScope::start_trace(const RequestStart& start) noexcept {
  std::string_view operation = start.operation.empty() ? start.route : start.operation;
  if (start.endpoint != nullptr) operation = start.endpoint->operation();
  FixedText<160> composed;
  if (endpoint_ == nullptr) composed = {to_string(method_), route_};
  const std::string_view name = endpoint_ != nullptr ? endpoint_->name() : composed.view();
  if (start.endpoint == nullptr) {
    operation_.keep(operation);
    operation = operation_.view();
  }
  path_.keep(start.path);
  query_.keep(start.query);
  scope_ = context::Scope::fork();
  facts_ = {.tags = {{{"request_id", id_.view()}, {"operation", operation}}},
            .request = {.method = to_string(method_),
                        .url = path_.view(),
                        .query = query_.view(),
                        .header_source = start.headers}};
  scope_.borrow(facts_);
  if (context::captures_breadcrumbs())
    scope_.add_breadcrumb({.type = "http", .category = "http.server", .message = name});
  if (!start.remote_address.empty())
    scope_.set_user({.ip_address = std::string{start.remote_address}});
  transaction_ = context::start_transaction({.name = name, .op = "http.server", .start = start_},
                                            context::detail::incoming_trace(start));
  trace_id_ = transaction_.trace_id().hex();
}

RequestScope::~RequestScope() {
  if (!finished_ && (families_ != nullptr || scope_)) {
    fail("unfinished");
    finish(500, context::WorkStatus::kAbandoned);
  }
  scope_.end_loan();
}

void RequestScope::set_route(std::string_view route, std::string_view operation) noexcept {
  if (finished_ || (families_ == nullptr && !scope_)) return;
  endpoint_ = nullptr;
  own_route_.replace(route);
  route_ = own_route_.view();
  name_trace(operation.empty() ? route_ : operation);
}

void RequestScope::set_route(const Endpoint& endpoint) noexcept {
  if (finished_ || (families_ == nullptr && !scope_)) return;
  endpoint_ = endpoint.method() == method_ ? &endpoint : nullptr;
  route_ = endpoint.route();
  name_trace(endpoint.operation());
}

void RequestScope::name_trace(std::string_view operation) noexcept {
  if (!scope_) return;
  scope_.set_tag("operation", operation);
  transaction_.set_name(FixedText<160>{to_string(method_), route_}.view(), "route");
}

void RequestScope::fail(std::string_view error_type) noexcept {
  if (families_ == nullptr || failed_) return;
  failed_ = true;
  if (families_ == detail::families())
    families_->http.errors.with(method_, route_, error_type).inc();
}

void RequestScope::fail_unhandled(const std::exception& error) noexcept {
  if (families_ != nullptr) fail(ErrorType::of(error).view());
  if (!scope_) return;
  const RequestActivation active{*this};
  context::capture_exception(error, {.handled = false, .mechanism = "http"});
}

void RequestScope::fail_unhandled(const std::exception_ptr& error) noexcept {
  try {
    if (error) std::rethrow_exception(error);
  } catch (const std::exception& caught) {
    fail_unhandled(caught);
  } catch (...) {
    if (families_ != nullptr) fail(ErrorType::of_current_exception().view());
    if (!scope_) return;
    const RequestActivation active{*this};
    context::capture_exception(error, {.handled = false, .mechanism = "http"});
  }
}

void RequestScope::finish(int status) noexcept {
  finish(status, context::WorkStatus::kOk);
}

void RequestScope::finish(int status, context::WorkStatus session) noexcept {
  if (finished_) return;
  finished_ = true;
  scope_.end_work(session);
  // Active, so that the histogram's exemplar is this request's trace.
  const context::Activation scope = scope_.activate();
  const context::SpanActivation span = transaction_.activate();
  // Not where the metrics were turned off meanwhile, or on again in another registry.
  if (families_ != nullptr && families_ == detail::families()) {
    const double seconds = detail::seconds_since(start_);
    if (endpoint_ != nullptr) {
      endpoint_->count(*families_, status, seconds);
    } else {
      families_->http.requests.with(method_, route_, StatusText{status}.view()).inc();
      families_->http.duration.with(method_, route_).observe(seconds);
    }
    families_->http.in_progress.with(method_).dec();
  }
  if (!transaction_) return;
  transaction_.set_http_status(status);
  if (transaction_.sampled()) describe(transaction_, facts_.request, route_);
  transaction_.finish();
}

}  // namespace vitals::monitor
