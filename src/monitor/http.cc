#include "vitals/monitor/http.h"

#include <array>
#include <string>

#include "monitor/clock.h"
#include "monitor/families.h"
#include "vitals/sentry/client.h"

namespace vitals::monitor {
namespace {

/// A status code as label text, without an allocation.
class StatusText {
 public:
  explicit StatusText(int status) noexcept {
    if (status < 0 || status > 999) status = 0;
    text_ = {static_cast<char>('0' + status / 100), static_cast<char>('0' + status / 10 % 10),
             static_cast<char>('0' + status % 10)};
  }
  [[nodiscard]] std::string_view view() const noexcept { return {text_.data(), text_.size()}; }

 private:
  std::array<char, 3> text_;
};

/// `GET /api/v1/users/{user_id}` in a buffer of its own; long templates are cut.
class TransactionName {
 public:
  TransactionName(Method method, std::string_view route) noexcept {
    append(to_string(method));
    append(" ");
    append(route);
  }
  [[nodiscard]] std::string_view view() const noexcept { return {text_.data(), size_}; }

 private:
  void append(std::string_view part) noexcept {
    size_ += part.copy(text_.data() + size_, text_.size() - size_);
  }

  std::array<char, 160> text_;
  std::size_t size_ = 0;
};

}  // namespace

Method parse_method(std::string_view name) noexcept {
  const auto& names = metrics::LabelValues<Method>::kValues;
  for (std::size_t i = 0; i + 1 < names.size(); ++i) {
    if (names[i] == name) return static_cast<Method>(i);
  }
  return Method::kOther;
}

std::string_view to_string(Method method) noexcept {
  return detail::label_of(method);
}

RequestScope::RequestScope(const RequestStart& start) noexcept
    : id_(RequestId::accept_or_make(start.request_id)), method_(start.method), route_(start.route) {
  if (!active()) return;
  start_ = std::chrono::steady_clock::now();
  if (detail::Families* families = detail::families()) {
    families->http_in_progress.with(method_).inc();
    measured_ = true;
  }
  if (!sentry::enabled()) return;
  const TransactionName name{method_, route_};
  scope_ = sentry::Scope::fork();
  scope_.set_tag("request_id", id_.view());
  scope_.set_tag("operation", start.operation.empty() ? start.route : start.operation);
  scope_.set_request({.method = to_string(method_), .url = start.path, .query = start.query});
  scope_.add_breadcrumb({.type = "http", .category = "http.server", .message = name.view()});
  if (!start.remote_address.empty())
    scope_.set_user({.ip_address = std::string{start.remote_address}});
  transaction_ = sentry::start_transaction({.name = name.view(), .op = "http.server"},
                                           {.sentry_trace = start.sentry_trace,
                                            .baggage = start.baggage,
                                            .traceparent = start.traceparent});
  trace_id_ = transaction_.trace_id().hex();
}

RequestScope::~RequestScope() {
  if (finished_ || !(measured_ || scope_)) return;
  fail("unfinished");
  finish(500);
}

void RequestScope::set_user(std::string_view user_id) noexcept {
  scope_.set_user_id(user_id);
}

void RequestScope::fail(std::string_view error_type) noexcept {
  if (!measured_ || failed_) return;
  failed_ = true;
  if (detail::Families* families = detail::families()) {
    families->http_errors.with(method_, route_, error_type).inc();
  }
}

void RequestScope::fail_unhandled(const std::exception& error) noexcept {
  if (measured_) fail(ErrorType::of(error).view());
  if (!scope_) return;
  const RequestActivation active{*this};
  sentry::capture_exception(error, {.handled = false, .mechanism = "http"});
}

void RequestScope::fail_unhandled(const std::exception_ptr& error) noexcept {
  try {
    if (error) std::rethrow_exception(error);
  } catch (const std::exception& caught) {
    fail_unhandled(caught);
  } catch (...) {
    if (measured_) fail(ErrorType::of_current_exception().view());
    if (!scope_) return;
    const RequestActivation active{*this};
    sentry::capture_exception(error, {.handled = false, .mechanism = "http"});
  }
}

void RequestScope::finish(int status) noexcept {
  if (finished_) return;
  finished_ = true;
  if (measured_) {
    if (detail::Families* families = detail::families()) {
      families->http_requests.with(method_, route_, StatusText{status}.view()).inc();
      families->http_duration.with(method_, route_).observe(detail::seconds_since(start_));
      families->http_in_progress.with(method_).dec();
    }
  }
  if (!transaction_) return;
  const sentry::Activation active = scope_.activate();
  transaction_.set_http_status(status);
  transaction_.finish();
}

RequestActivation::RequestActivation(const RequestScope& request) noexcept
    : before_(detail::exchange_log_context({request.request_id(), request.trace_id()})),
      scope_(request.scope_.activate()),
      span_(request.transaction_.activate()) {}

RequestActivation::~RequestActivation() {
  detail::exchange_log_context(before_);
}

}  // namespace vitals::monitor
