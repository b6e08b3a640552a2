#pragma once

#include <grpcpp/grpcpp.h>
#include <grpcpp/support/client_interceptor.h>
#include <grpcpp/support/server_interceptor.h>

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vitals/monitor/rpc.h"

/// gRPC and vitals::monitor's RpcServerScope and RpcClientScope. Header-only.
///
///     grpc::ServerBuilder builder;
///     adapters::monitor_calls(builder);                 // the server: counts, durations, traces
///
///     grpc::Status Place(grpc::ServerContext* context, const Order* order,
///                        Receipt* receipt) override {
///       return adapters::answer(context, [&] { … });    // and events of what a handler throws
///     }
///
///     auto channel = grpc::experimental::CreateCustomChannelWithInterceptors(
///         target, credentials, {}, adapters::client_interceptors());
namespace vitals::adapters {

namespace detail {

[[nodiscard]] inline std::string_view view_of(grpc::string_ref text) noexcept {
  return {text.data(), text.size()};
}

/// The call that the thread's handler answers; see answer().
inline monitor::RpcServerScope*& current_call() noexcept {
  thread_local monitor::RpcServerScope* call = nullptr;
  return call;
}

class ServerInterceptor final : public grpc::experimental::Interceptor {
 public:
  explicit ServerInterceptor(grpc::experimental::ServerRpcInfo* info) : method_(info->method()) {}
  ServerInterceptor(const ServerInterceptor&) = delete;
  ServerInterceptor& operator=(const ServerInterceptor&) = delete;
  ~ServerInterceptor() override {
    if (call_ && current_call() == &*call_) current_call() = nullptr;
  }

  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    using Hook = grpc::experimental::InterceptionHookPoints;
    if (methods->QueryInterceptionHookPoint(Hook::POST_RECV_INITIAL_METADATA))
      begin(*methods->GetRecvInitialMetadata());
    if (methods->QueryInterceptionHookPoint(Hook::PRE_SEND_STATUS) && call_) {
      call_->finish(monitor::rpc_code_of(static_cast<int>(methods->GetSendStatus().error_code())));
    }
    methods->Proceed();
  }

 private:
  using Metadata = std::multimap<grpc::string_ref, grpc::string_ref>;

  void begin(const Metadata& metadata) {
    if (call_) return;
    monitor::RpcStart start = monitor::rpc_start(method_);
    for (const auto& [name, value] : metadata)
      start.read_header(view_of(name), view_of(value));
    call_.emplace(start);
    current_call() = &*call_;  // a synchronous handler follows on this thread
  }

  const std::string method_;
  std::optional<monitor::RpcServerScope> call_;
};

class ServerInterceptors final : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  grpc::experimental::Interceptor* CreateServerInterceptor(
      grpc::experimental::ServerRpcInfo* info) override {
    return new ServerInterceptor(info);
  }
};

class ClientInterceptor final : public grpc::experimental::Interceptor {
 public:
  explicit ClientInterceptor(grpc::experimental::ClientRpcInfo* info) : method_(info->method()) {}

  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    using Hook = grpc::experimental::InterceptionHookPoints;
    if (methods->QueryInterceptionHookPoint(Hook::PRE_SEND_INITIAL_METADATA)) {
      const monitor::RpcStart called = monitor::rpc_start(method_);
      // It may end on another thread.
      call_.emplace(called.service, called.method, monitor::RpcClientScope::Current::kNo);
      const context::TraceHeaders trace = call_->headers();
      auto& metadata = *methods->GetSendInitialMetadata();
      trace.for_each([&metadata](std::string_view name, const std::string& value) {
        metadata.emplace(name, value);
      });
    }
    if (methods->QueryInterceptionHookPoint(Hook::POST_RECV_STATUS) && call_) {
      call_->finish(monitor::rpc_code_of(static_cast<int>(methods->GetRecvStatus()->error_code())));
    }
    methods->Proceed();
  }

 private:
  const std::string method_;
  std::optional<monitor::RpcClientScope> call_;
};

class ClientInterceptors final : public grpc::experimental::ClientInterceptorFactoryInterface {
 public:
  grpc::experimental::Interceptor* CreateClientInterceptor(
      grpc::experimental::ClientRpcInfo* info) override {
    return new ClientInterceptor(info);
  }
};

}  // namespace detail

/// What makes the interceptors of a server's calls.
using ServerInterceptorFactories =
    std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>>;

/// Has every call of the server counted, timed and traced. Once a builder, before BuildAndStart():
/// gRPC takes all interceptors at once, so give your own here, which run within ours.
inline void monitor_calls(grpc::ServerBuilder& builder, ServerInterceptorFactories own = {}) {
  own.insert(own.begin(), std::make_unique<detail::ServerInterceptors>());
  builder.experimental().SetInterceptorCreators(std::move(own));
}

/// For CreateCustomChannelWithInterceptors(): every call of the channel is counted, timed, traced,
/// and carries the trace on.
[[nodiscard]] inline std::vector<
    std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>>
client_interceptors() {
  std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>> factories;
  factories.push_back(std::make_unique<detail::ClientInterceptors>());
  return factories;
}

/// Runs what a handler does on the thread that gRPC calls it on (synchronous, or a reactor's first
/// call) and gives back its status; a `void` one is OK. The call is
/// active meanwhile: queries, events and log lines are its own. An exception is a Sentry event and
/// INTERNAL, without its text. The answer bears `x-request-id`. Without monitor_calls() it only
/// catches.
template <class F>
grpc::Status answer(grpc::ServerContextBase* context, F&& handler) {
  monitor::RpcServerScope* const call = std::exchange(detail::current_call(), nullptr);
  std::optional<monitor::RequestActivation> active;
  if (call != nullptr) {
    active.emplace(*call);
    context->AddInitialMetadata("x-request-id", std::string{call->request_id()});
  }
  try {
    if constexpr (std::is_void_v<std::invoke_result_t<F>>) {
      std::forward<F>(handler)();
      return grpc::Status::OK;
    } else {
      return std::forward<F>(handler)();
    }
  } catch (const std::exception& error) {
    if (call != nullptr) call->fail_unhandled(error);
  } catch (...) {
    if (call != nullptr) call->fail_unhandled(std::current_exception());
  }
  return {grpc::StatusCode::INTERNAL, "internal error"};
}

}  // namespace vitals::adapters
