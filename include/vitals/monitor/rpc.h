#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>
#include <string_view>

#include "vitals/context/span.h"
#include "vitals/monitor/detail/kept_text.h"
#include "vitals/monitor/own_work.h"
#include "vitals/monitor/state.h"

#pragma GCC visibility push(default)

namespace vitals::monitor {

/// How an RPC call ended. Source: gRPC, "Status codes and their use in gRPC"; the numbers are gRPC's.
enum class RpcCode : std::uint8_t {
  kOk,
  kCancelled,
  kUnknown,
  kInvalidArgument,
  kDeadlineExceeded,
  kNotFound,
  kAlreadyExists,
  kPermissionDenied,
  kResourceExhausted,
  kFailedPrecondition,
  kAborted,
  kOutOfRange,
  kUnimplemented,
  kInternal,
  kUnavailable,
  kDataLoss,
  kUnauthenticated,
};

/// `OK`, `CANCELLED`, … Static storage.
[[nodiscard]] std::string_view to_string(RpcCode code) noexcept;
/// The code of a number; kUnknown for one that is none.
[[nodiscard]] RpcCode rpc_code_of(int number) noexcept;

/// What is known of a call when it arrives. Views, for the length of a constructor.
struct RpcStart {
  std::string_view service{};  ///< `shop.v1.Orders`: bounded
  std::string_view method{};   ///< `Place`: bounded; `(unimplemented)` for those that are not there
  std::string_view system = "grpc";  ///< as the span's `rpc.system` has it
  /// The caller's headers; see RequestStart.
  std::string_view request_id{};
  std::string_view sentry_trace{};    ///< the field `sentry-trace`
  context::HeaderLines baggage{};     ///< the fields `baggage`
  std::string_view traceparent{};     ///< the field `traceparent`
  context::HeaderLines tracestate{};  ///< the fields `tracestate`
  std::string_view b3{};              ///< the field `b3`
  std::string_view x_b3_trace_id{};   ///< the field `x-b3-traceid`
  std::string_view x_b3_span_id{};    ///< the field `x-b3-spanid`
  std::string_view x_b3_sampled{};    ///< the field `x-b3-sampled`
  std::string_view x_b3_flags{};      ///< the field `x-b3-flags`

  /// Takes a header field in, if it is one of these; see context::IncomingTrace::read_header().
  bool read_header(std::string_view name, std::string_view value) noexcept;
};

/// Takes `/package.Service/Method` apart.
[[nodiscard]] RpcStart rpc_start(std::string_view full_method) noexcept;

/// One RPC call that this process answers, from its arrival to its end: `rpc_server_calls_total`,
/// `rpc_server_call_duration_seconds`, `rpc_server_calls_in_progress`, a Sentry scope of its own and
/// a transaction. Without finish() it counts as kUnknown.
///
/// Threads: one at a time; the work may move from thread to thread, see RequestActivation. Cost: as
/// RequestScope. Never throws.
class RpcServerScope : public OwnWork {
 public:
  /// Begins now. It is current on no thread yet: see RequestActivation.
  explicit RpcServerScope(const RpcStart& start) noexcept;
  ~RpcServerScope();

  /// An exception that nobody handled: a Sentry event. The call still wants its finish().
  void fail_unhandled(const std::exception& error) noexcept;
  /// The same of an exception of any type.
  void fail_unhandled(const std::exception_ptr& error) noexcept;
  /// The call ended with this code. Ends the measurement; once.
  void finish(RpcCode code) noexcept;

 private:
  detail::Families* families_ = nullptr;  // where it counts; null while metrics are off
  bool finished_ = false;
  detail::KeptText<64> service_;
  detail::KeptText<48> method_;
  std::chrono::steady_clock::time_point start_;
};

/// One RPC call that this process makes: `rpc_client_calls_total`,
/// `rpc_client_call_duration_seconds`, a span `rpc.client` and a breadcrumb. Without finish() it
/// counts as kUnknown.
///
/// Threads: one at a time; where it may end on another thread than it began on, as in callbacks, ask
/// for no activation. Cost: under 1 us; two loads when all is off. Never throws.
class [[nodiscard("it measures until it is destroyed; give it a name")]] RpcClientScope {
 public:
  /// Whether the span is the thread's own while the scope lives.
  enum class Current { kYes, kNo };

  /// Begins now.
  RpcClientScope(std::string_view service, std::string_view method,
                 Current current = Current::kYes) noexcept {
    if (active()) begin(service, method, current);
  }
  ~RpcClientScope() {
    if (running_) end(RpcCode::kUnknown);
  }
  RpcClientScope(const RpcClientScope&) = delete;
  RpcClientScope& operator=(const RpcClientScope&) = delete;

  /// What the call's metadata should bear; see ClientRequestScope::headers().
  [[nodiscard]] context::TraceHeaders headers() const;
  /// The call ended with this code. Ends the measurement; once.
  void finish(RpcCode code) noexcept {
    if (running_) end(code);
  }

 private:
  void begin(std::string_view service, std::string_view method, Current current) noexcept;
  void end(RpcCode code) noexcept;

  bool running_ = false;
  detail::KeptText<64> service_;
  detail::KeptText<48> method_;
  std::chrono::steady_clock::time_point start_;
  context::Span span_;
  std::optional<context::SpanActivation> span_active_;
};

}  // namespace vitals::monitor

#pragma GCC visibility pop
