#include "vitals/adapters/grpc.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "adapters/recorded.h"
#include "eggs.grpc.pb.h"
#include "integration/support/wait.h"
#include "vitals/context/span.h"
#include "vitals/monitor/log_context.h"

namespace adapters_test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

[[gnu::noinline]] void crack() {
  throw std::runtime_error{"the secret of the egg"};
}

class EggsService final : public farm::Eggs::Service {
 public:
  grpc::Status Lay(grpc::ServerContext* context, const farm::LayRequest* request,
                   farm::LayAnswer* answer) override {
    return vitals::adapters::answer(context, [&]() -> grpc::Status {
      if (request->number() == 0) return {grpc::StatusCode::NOT_FOUND, "none"};
      answer->set_current(std::string{vitals::monitor::current_log_context().request_id});
      if (answer->current() == "egg-1") {
        EXPECT_EQ(vitals::context::current_span().tracestate(), "rojo=1");
      }
      return grpc::Status::OK;
    });
  }
  grpc::Status Hatch(grpc::ServerContext* context, const farm::LayRequest*,
                     farm::LayAnswer*) override {
    return vitals::adapters::answer(context, [] { crack(); });
  }
};

class Grpc : public Recorded {
 protected:
  Grpc() {
    grpc::ServerBuilder builder;
    vitals::adapters::monitor_calls(builder);
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    stub_ = farm::Eggs::NewStub(grpc::experimental::CreateCustomChannelWithInterceptors(
        "127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials(), {},
        vitals::adapters::client_interceptors()));
  }
  ~Grpc() override { server_->Shutdown(); }

  double served(std::string_view method, std::string_view code) {
    return total("rpc_server_calls_total",
                 {{"service", "farm.Eggs"}, {"method", method}, {"code", code}});
  }
  double made(std::string_view method, std::string_view code) {
    return total("rpc_client_calls_total",
                 {{"service", "farm.Eggs"}, {"method", method}, {"code", code}});
  }

  EggsService service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<farm::Eggs::Stub> stub_;
};

TEST_F(Grpc, CallsAreCountedOnBothSidesAndShareTheirTrace) {
  const auto transaction = vitals::context::start_transaction(
      {.name = "t", .op = "test"},
      {.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03",
       .tracestate = "rojo=1"});
  std::string current;
  {
    const auto active = transaction.activate();
    for (const int number : {7, 0}) {
      grpc::ClientContext context;
      context.AddMetadata("x-request-id", "egg-1");
      farm::LayRequest request;
      request.set_number(number);
      farm::LayAnswer answer;
      const grpc::Status status = stub_->Lay(&context, request, &answer);
      EXPECT_EQ(status.ok(), number != 0);
      if (status.ok()) current = answer.current();
      const auto& given = context.GetServerInitialMetadata();
      const auto id = given.find("x-request-id");
      ASSERT_NE(id, given.end());
      EXPECT_EQ(std::string(id->second.data(), id->second.size()), "egg-1");
    }
  }
  transaction.finish();
  EXPECT_EQ(current, "egg-1") << "it is current in the handler";
  EXPECT_EQ(made("Lay", "OK"), 1);
  EXPECT_EQ(made("Lay", "NOT_FOUND"), 1);
  EXPECT_TRUE(integration::eventually([&] { return served("Lay", "OK") == 1; }));
  EXPECT_TRUE(integration::eventually([&] { return served("Lay", "NOT_FOUND") == 1; }));
  EXPECT_EQ(total("rpc_server_calls_in_progress", {}), 0);
  EXPECT_TRUE(integration::eventually([&] { return sentry_.transactions().size() == 3; }));
  for (const auto& one : sentry_.transactions())
    EXPECT_EQ(one.trace_id.str(), transaction.trace_id().str());
}

TEST_F(Grpc, AnExceptionIsAnEventAndInternal) {
  grpc::ClientContext context;
  farm::LayAnswer answer;
  const grpc::Status status = stub_->Hatch(&context, {}, &answer);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_THAT(status.error_message(), Not(HasSubstr("secret")));
  const auto errors = sentry_.errors();
  ASSERT_THAT(errors, SizeIs(1));
  bool thrown_in = false;
  for (const auto& frame : errors[0].exceptions.back().frames)
    thrown_in |= frame.function.find("crack") != std::string::npos;
  EXPECT_TRUE(thrown_in) << errors[0];
  EXPECT_TRUE(integration::eventually([&] { return served("Hatch", "INTERNAL") == 1; }));
}

TEST_F(Grpc, SixtyFourThreadsAtOnceMixNothingUp) {
  std::atomic<int> wrong{0};
  std::vector<std::jthread> threads;
  for (int t = 0; t < 64; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 30; ++i) {
        const std::string id = "t" + std::to_string(t) + "." + std::to_string(i);
        grpc::ClientContext context;
        context.AddMetadata("x-request-id", id);
        farm::LayRequest request;
        request.set_number(7);
        farm::LayAnswer answer;
        if (!stub_->Lay(&context, request, &answer).ok() || answer.current() != id)
          wrong.fetch_add(1);
      }
    });
  }
  threads.clear();
  EXPECT_EQ(wrong, 0);
  EXPECT_TRUE(integration::eventually([&] { return served("Lay", "OK") == 64 * 30; }));
  EXPECT_TRUE(
      integration::eventually([&] { return total("rpc_server_calls_in_progress", {}) == 0; }));
}

TEST_F(Grpc, ACallThatIsCancelledIsCountedOnce) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() - std::chrono::seconds{1});
  farm::LayAnswer answer;
  EXPECT_EQ(stub_->Lay(&context, {}, &answer).error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(made("Lay", "DEADLINE_EXCEEDED"), 1);
  EXPECT_TRUE(
      integration::eventually([&] { return total("rpc_server_calls_in_progress", {}) == 0; }));
}

}  // namespace
}  // namespace adapters_test
