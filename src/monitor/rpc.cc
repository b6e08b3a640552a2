#include "vitals/monitor/rpc.h"

#include <algorithm>

#include "monitor/clock.h"
#include "monitor/families.h"
#include "monitor/fixed_text.h"
#include "monitor/start_headers.h"
#include "vitals/context/capture.h"
#include "vitals/context/scope.h"

namespace vitals::monitor {
namespace {

constexpr std::array<std::string_view, 17> kCodes{
    "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED"};

context::SpanStatus status_of(RpcCode code) noexcept {
  using context::SpanStatus;
  constexpr std::array<SpanStatus, 17> kStatuses{SpanStatus::kOk,
                                                 SpanStatus::kCancelled,
                                                 SpanStatus::kUnknown,
                                                 SpanStatus::kInvalidArgument,
                                                 SpanStatus::kDeadlineExceeded,
                                                 SpanStatus::kNotFound,
                                                 SpanStatus::kAlreadyExists,
                                                 SpanStatus::kPermissionDenied,
                                                 SpanStatus::kResourceExhausted,
                                                 SpanStatus::kFailedPrecondition,
                                                 SpanStatus::kAborted,
                                                 SpanStatus::kOutOfRange,
                                                 SpanStatus::kUnimplemented,
                                                 SpanStatus::kInternalError,
                                                 SpanStatus::kUnavailable,
                                                 SpanStatus::kDataLoss,
                                                 SpanStatus::kUnauthenticated};
  const auto number = static_cast<std::size_t>(code);
  return number < kStatuses.size() ? kStatuses[number] : SpanStatus::kUnknown;
}

/// `shop.v1.Orders/Place`.
FixedText<160> name_of(std::string_view service, std::string_view method) noexcept {
  FixedText<160> name;
  name.append(service);
  name.append("/");
  name.append(method);
  return name;
}

void describe(const context::Span& span, std::string_view system, std::string_view service,
              std::string_view method) noexcept {
  span.set_data("rpc.system", system);
  span.set_data("rpc.service", service);
  span.set_data("rpc.method", method);
}

}  // namespace

std::string_view to_string(RpcCode code) noexcept {
  const auto number = static_cast<std::size_t>(code);
  return number < kCodes.size() ? kCodes[number] : kCodes[2];
}

RpcCode rpc_code_of(int number) noexcept {
  const bool known = number >= 0 && number < static_cast<int>(kCodes.size());
  return known ? static_cast<RpcCode>(number) : RpcCode::kUnknown;
}

bool RpcStart::read_header(std::string_view name, std::string_view value) noexcept {
  return detail::read_start_header(*this, name, value);
}

RpcStart rpc_start(std::string_view full_method) noexcept {
  if (full_method.starts_with('/')) full_method.remove_prefix(1);
  const std::size_t slash = std::min(full_method.rfind('/'), full_method.size());
  return {.service = full_method.substr(0, slash),
          .method = full_method.substr(std::min(slash + 1, full_method.size()))};
}

RpcServerScope::RpcServerScope(const RpcStart& start) noexcept : OwnWork(start.request_id) {
  if (!active()) return;
  service_.keep(start.service);
  method_.keep(start.method);
  start_ = std::chrono::steady_clock::now();
  families_ = detail::families();
  if (families_ != nullptr) families_->rpc_server.in_progress.with(service_.view()).inc();
  const FixedText<160> name = name_of(start.service, start.method);
  begin({.name = name.view(), .op = "rpc.server", .source = "component"}, start.method,
        context::detail::incoming_trace(start));
  if (transaction_.sampled()) describe(transaction_, start.system, start.service, start.method);
}

RpcServerScope::~RpcServerScope() {
  finish(RpcCode::kUnknown);
}

void RpcServerScope::fail_unhandled(const std::exception& error) noexcept {
  if (!scope_) return;
  const RequestActivation active{*this};
  context::capture_exception(error, {.handled = false, .mechanism = "rpc"});
}

void RpcServerScope::fail_unhandled(const std::exception_ptr& error) noexcept {
  if (!scope_) return;
  const RequestActivation active{*this};
  context::capture_exception(error, {.handled = false, .mechanism = "rpc"});
}

void RpcServerScope::finish(RpcCode code) noexcept {
  if (finished_) return;
  finished_ = true;
  detail::Families* const families = detail::families();
  if (families != nullptr && families == families_) {
    const context::SpanActivation span = transaction_.activate();  // for the exemplar
    families->rpc_server.calls.with(service_.view(), method_.view(), to_string(code)).inc();
    families->rpc_server.duration.with(service_.view(), method_.view())
        .observe(detail::seconds_since(start_));
    families->rpc_server.in_progress.with(service_.view()).dec();
  }
  if (transaction_.sampled()) transaction_.set_data("rpc.grpc.status_code", static_cast<int>(code));
  const bool server_fault =
      code == RpcCode::kUnknown || code == RpcCode::kInternal || code == RpcCode::kDataLoss;
  end(status_of(code), server_fault ? context::WorkStatus::kErrored : context::WorkStatus::kOk);
}

void RpcClientScope::begin(std::string_view service, std::string_view method,
                           Current current) noexcept {
  running_ = true;
  service_.keep(service);
  method_.keep(method);
  start_ = std::chrono::steady_clock::now();
  span_ = context::start_span("rpc.client", name_of(service, method).view());
  if (!span_) return;
  describe(span_, "grpc", service, method);
  if (current == Current::kYes) span_active_.emplace(span_);
}

context::TraceHeaders RpcClientScope::headers() const {
  const std::optional<context::SpanActivation> active =
      span_ ? std::optional<context::SpanActivation>{span_.activate()} : std::nullopt;
  return context::outgoing_trace(name_of(service_.view(), method_.view()).view());
}

void RpcClientScope::end(RpcCode code) noexcept {
  running_ = false;
  if (detail::Families* families = detail::families()) {
    families->rpc_client.calls.with(service_.view(), method_.view(), to_string(code)).inc();
    families->rpc_client.duration.with(service_.view(), method_.view())
        .observe(detail::seconds_since(start_));
  }
  span_active_.reset();
  if (!context::enabled()) return;
  context::add_breadcrumb({.category = "rpc",
                           .message = name_of(service_.view(), method_.view()).view(),
                           .level = code == RpcCode::kOk ? Level::kInfo : Level::kWarning,
                           .data = {{"code", to_string(code)}}});
  if (!span_) return;
  span_.set_data("rpc.grpc.status_code", static_cast<int>(code));
  span_.set_status(status_of(code));
  span_.finish();
}

}  // namespace vitals::monitor
