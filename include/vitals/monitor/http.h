#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <exception>
#include <string_view>
#include <utility>

#include "vitals/context/ids.h"
#include "vitals/context/scope.h"
#include "vitals/context/span.h"
#include "vitals/context/work.h"
#include "vitals/lifetimebound.h"
#include "vitals/monitor/detail/kept_text.h"
#include "vitals/monitor/detail/measured_call.h"
#include "vitals/monitor/endpoint.h"
#include "vitals/monitor/error_type.h"
#include "vitals/monitor/log_context.h"
#include "vitals/monitor/method.h"
#include "vitals/monitor/own_work.h"
#include "vitals/monitor/request_id.h"
#include "vitals/monitor/state.h"

#pragma GCC visibility push(default)

namespace vitals::monitor {

/// The route of a request whose path matches none: one endpoint, however many paths are tried.
inline constexpr std::string_view kUnmatchedRoute = "(unmatched)";

/// A request that has come and waits for the thread that is to serve it: it counts in
/// `http_requests_in_progress`, and its time runs. RequestScope takes over from it, see
/// RequestStart::arrival. For a server that reads requests on one thread and serves them on others:
/// the thread that serves one makes its scope, whose memory then stays in one processor's cache.
/// Threads: one at a time. Cost: a look at the clock and one add. Never throws.
class RequestArrival {
 public:
  /// It comes now. `method` is that of the scope to be.
  explicit RequestArrival(Method method) noexcept;
  /// Where no scope has taken over, the request counts nowhere: one that nobody served wants a scope
  /// as well, whose destructor counts it as `unfinished`.
  ~RequestArrival();
  RequestArrival(const RequestArrival&) = delete;
  RequestArrival& operator=(const RequestArrival&) = delete;

 private:
  friend class RequestScope;
  void leave() noexcept;

  const Method method_;
  detail::Families* families_;  // where it counts; null while metrics are off, or once it was left
  const std::chrono::steady_clock::time_point time_;
};

/// What is known of a request when it arrives. Views, for the length of RequestScope's constructor,
/// which copies what it needs later; only the endpoint and what `headers` reads must outlive the
/// scope.
struct RequestStart {
  /// Left out beside an `endpoint`, it is that one's.
  Method method = Method::kOther;
  /// Where routes are known beforehand: stands in place of `route` and `operation`, and saves
  /// looking up their metrics.
  const Endpoint* endpoint = nullptr;
  /// The route's template (`/api/v1/users/{user_id}`), never the path that was asked for.
  std::string_view route = kUnmatchedRoute;
  /// The handler's name, for the tag `operation`; the route when empty.
  std::string_view operation{};
  /// The path as asked, for Sentry only.
  std::string_view path{};
  /// The query without `?`, for Sentry only, and only with send_default_pii.
  std::string_view query{};
  /// The client's address, for Sentry only. Leave it empty unless addresses may leave the process:
  /// setting it costs copies.
  std::string_view remote_address{};
  /// Incoming headers: X-Request-ID and those of context::IncomingTrace. See read_headers().
  std::string_view request_id{};
  std::string_view sentry_trace{};    ///< the field `sentry-trace`
  context::HeaderLines baggage{};     ///< all lines of it
  std::string_view traceparent{};     ///< the field `traceparent`
  context::HeaderLines tracestate{};  ///< all lines of it
  std::string_view b3{};              ///< the field `b3`
  std::string_view x_b3_trace_id{};   ///< the field `x-b3-traceid`
  std::string_view x_b3_span_id{};    ///< the field `x-b3-spanid`
  std::string_view x_b3_sampled{};    ///< the field `x-b3-sampled`
  std::string_view x_b3_flags{};      ///< the field `x-b3-flags`
  /// Where the request has waited since it came: its time is the request's, and the scope takes over
  /// from it. Null: it comes now.
  RequestArrival* arrival = nullptr;
  /// All fields of the request, for Sentry only: an event and a sampled transaction copy them, with
  /// what is private masked. What it reads must outlive the RequestScope.
  context::HeaderSource headers{};

  /// Fills in these fields from `headers`: all lines of `baggage` and `tracestate`, and of the others
  /// the first one that is not empty. For an adapter, whose `headers` must give views into the
  /// request. Cost: one look at each field.
  void read_headers() noexcept;
  /// Forgets all that says something of a trace, for a caller who is not believed.
  void drop_trace() noexcept;
};

/// One HTTP request, from its arrival to its answer: `http_requests_total`,
/// `http_request_duration_seconds`, `http_errors_total`, `http_requests_in_progress`, a Sentry
/// scope of its own and a transaction `METHOD template`. A request that is destroyed without
/// finish() counts as a 500 with the error type `unfinished`.
///
/// Threads: one at a time; the work may move from thread to thread (see RequestActivation), and
/// several may be active for it at once, as long as only one calls the members here. Cost: about
/// 0.2 us with metrics, 1 us with Sentry, no allocation with metrics alone (but for a route of more
/// than 96 bytes without an Endpoint), and a request id and nothing else when all is off. Never
/// throws.
class RequestScope : public OwnWork {
 public:
  /// Begins now, or when RequestStart::arrival did. It is current on no thread yet: see
  /// RequestActivation.
  explicit RequestScope(const RequestStart& start) noexcept;
  ~RequestScope();

  /// The route, for a server that knows it only after routing: in place of that of the start, until
  /// finish(). What fail() has counted by then bears the former one. Cost: with Sentry a copy of the
  /// name and the tag.
  void set_route(std::string_view route, std::string_view operation = {}) noexcept;
  /// The same for a route that has an Endpoint, which must outlive the scope.
  void set_route(const Endpoint& endpoint VITALS_LIFETIMEBOUND) noexcept;
  void set_route(const Endpoint&& endpoint) = delete;

  /// Counts the error that the answer is made of in `http_errors_total`. Once a request; later
  /// calls do nothing.
  void fail(std::string_view error_type) noexcept;

  /// The same for an exception that nobody handled, which becomes a Sentry event with this
  /// request's scope.
  void fail_unhandled(const std::exception& error) noexcept;
  /// The same of an exception of any type.
  void fail_unhandled(const std::exception_ptr& error) noexcept;

  /// The answer is on its way, with this status. Ends the measurement; once.
  void finish(int status) noexcept;

 private:
  void start_trace(const RequestStart& start) noexcept;
  void name_trace(std::string_view operation) noexcept;
  void finish(int status, context::WorkStatus session) noexcept;

  Method method_;
  detail::Families* families_ = nullptr;  // where it counts; null while metrics are off
  bool failed_ = false;
  bool finished_ = false;
  const Endpoint* endpoint_ = nullptr;  // of the same method, or null
  std::string_view route_;              // of the endpoint, or of own_route_
  detail::KeptText<96> own_route_;
  detail::KeptText<64> operation_;  // these three with Sentry only
  detail::KeptText<128> path_;
  detail::KeptText<128> query_;
  std::chrono::steady_clock::time_point start_;
  context::Borrowed facts_;
};

/// Runs `handler` as one request outside of an HTTP server's adapter, and gives back what it gives
/// back: the seed's context manager. It counts 200, or 500 and the exception's class when it
/// throws; the exception is captured and goes on.
template <class F>
decltype(auto) track_request(std::string_view method, std::string_view endpoint, F&& handler) {
  RequestScope request{{.method = parse_method(method), .route = endpoint}};
  RequestActivation active{request};
  return detail::measured_call(
      std::forward<F>(handler), [&] { request.finish(200); },
      [&] {
        request.fail_unhandled(std::current_exception());
        request.finish(500);
      });
}

}  // namespace vitals::monitor

#pragma GCC visibility pop
