#pragma once

#include <chrono>
#include <exception>
#include <optional>
#include <string_view>

#include "vitals/context/span.h"
#include "vitals/monitor/detail/kept_text.h"
#include "vitals/monitor/error_type.h"
#include "vitals/monitor/method.h"
#include "vitals/monitor/state.h"

#pragma GCC visibility push(default)

namespace vitals::monitor {

/// One HTTP request that this process makes, from its beginning to its whole answer:
/// `http_client_requests_total`, `http_client_request_duration_seconds`, `http_client_errors_total`,
/// a span `http.client` and a breadcrumb. Without finish() it counts as one that had no answer, with
/// the error type `unfinished`.
///
///     ClientRequestScope call{Method::kGet, url};
///     call.headers().for_each([&](auto name, const auto& value) { request.set(name, value); });
///     call.finish(client.send(request).status);
///
/// Threads: one at a time; the span is current on the thread that made it until it ends. Cost: under
/// 1 us; two loads when all is off. Never throws. Of the URL its host becomes a label (with its port
/// where that is not the scheme's own), and its query is never kept.
class [[nodiscard("it measures until it is destroyed; give it a name")]] ClientRequestScope {
 public:
  /// Begins now. `url` is read during the call only.
  ClientRequestScope(Method method, std::string_view url) noexcept {
    if (active()) begin(method, url);
  }
  ~ClientRequestScope() {
    if (running_) end(0);
  }
  ClientRequestScope(const ClientRequestScope&) = delete;
  ClientRequestScope& operator=(const ClientRequestScope&) = delete;

  /// What the request should bear, so that the server's trace goes on from this span: nothing while
  /// Sentry is off, or where Settings::trace_propagation_targets leaves the target out.
  /// `existing_baggage` is a header of that name that the request has already. Cost: some
  /// allocations.
  [[nodiscard]] context::TraceHeaders headers(std::string_view existing_baggage = {}) const;

  /// The whole answer is here. One of 400 and above counts as an error `http_4xx` or `http_5xx`.
  void finish(int status) noexcept {
    if (running_) end(status);
  }
  /// No answer came, or a broken one, for a reason that is known by a bounded word: `timeout`,
  /// `connect`, `tls`, `dns`, `aborted`, ….
  void fail(std::string_view error_type) noexcept {
    error_type_ = error_type;
    if (running_) end(0);
  }

  /// The request's own span; empty where it is not recorded.
  [[nodiscard]] const context::Span& span() const noexcept VITALS_LIFETIMEBOUND {
    return span_;
  }

 private:
  void begin(Method method, std::string_view url) noexcept;
  void end(int status) noexcept;

  bool running_ = false;
  Method method_ = Method::kOther;
  detail::KeptText<64> host_;
  detail::KeptText<128> url_;  // without user, query and fragment
  ErrorType error_type_;
  std::chrono::steady_clock::time_point start_;
  context::Span span_;
  std::optional<context::SpanActivation> span_active_;
};

}  // namespace vitals::monitor

#pragma GCC visibility pop
