#include <gmock/gmock.h>

#include <chrono>
#include <stdexcept>
#include <string>

#include "tests/unit/monitor/monitored.h"
#include "vitals/context/capture.h"
#include "vitals/monitor/endpoint.h"
#include "vitals/monitor/http.h"
#include "vitals/monitor/http_client.h"
#include "vitals/monitor/job.h"
#include "vitals/monitor/messages.h"
#include "vitals/monitor/rpc.h"

namespace vitals::monitor {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

class ScopesTest : public Monitored {
 protected:
  nlohmann::json only_transaction() {
    const auto transactions = sent("transaction");
    EXPECT_THAT(transactions, SizeIs(1));
    return transactions.empty() ? nlohmann::json{} : transactions[0];
  }
};

TEST_F(ScopesTest, ARouteMayBeKnownLater) {
  {
    RequestScope request{{.method = Method::kGet, .path = "/eggs/7"}};
    request.set_route("/eggs/{id}", "get_egg");
    request.finish(200);
    request.set_route("/too/late");
  }
  EXPECT_EQ(value("http_requests_total",
                  {{"method", "GET"}, {"endpoint", "/eggs/{id}"}, {"status", "200"}}),
            1);
  EXPECT_EQ(vitals::testing::Snapshot{scope_registry()}.total("http_requests_total",
                                                              {{"endpoint", kUnmatchedRoute}}),
            0);
  const auto transaction = only_transaction();
  EXPECT_EQ(transaction["transaction"], "GET /eggs/{id}");
  EXPECT_EQ(transaction["tags"]["operation"], "get_egg");
}

TEST_F(ScopesTest, ALateRouteMayHaveAnEndpoint) {
  const Endpoint endpoint{Method::kGet, "/hens/{id}", "get_hen"};
  {
    RequestScope request{{.method = Method::kGet, .path = "/hens/7"}};
    request.set_route(endpoint);
    request.fail("Gone");
    request.finish(410);
  }
  EXPECT_EQ(value("http_requests_total",
                  {{"method", "GET"}, {"endpoint", "/hens/{id}"}, {"status", "410"}}),
            1);
  EXPECT_EQ(value("http_errors_total",
                  {{"method", "GET"}, {"endpoint", "/hens/{id}"}, {"error_type", "Gone"}}),
            1);
  EXPECT_EQ(only_transaction()["tags"]["operation"], "get_hen");
}

TEST_F(ScopesTest, AnEndpointBringsItsMethod) {
  const Endpoint endpoint{Method::kPut, "/cocks/{id}"};
  {
    RequestScope request{{.endpoint = &endpoint}};
    request.finish(200);
  }
  EXPECT_EQ(value("http_requests_total",
                  {{"method", "PUT"}, {"endpoint", "/cocks/{id}"}, {"status", "200"}}),
            1);
  EXPECT_EQ(only_transaction()["transaction"], "PUT /cocks/{id}");
}

TEST_F(ScopesTest, AnOutgoingRequestIsCountedTracedAndCarriesItsTraceOn) {
  const context::Span transaction = context::start_transaction({.name = "t", .op = "test"});
  std::string header;
  {
    const context::SpanActivation active = transaction.activate();
    ClientRequestScope call{Method::kPost, "https://ann:secret@api.example:443/v1/eggs?key=1#x"};
    header = call.headers().sentry_trace;
    EXPECT_EQ(context::current_span().span_id(), call.span().span_id());
    call.finish(503);
    EXPECT_EQ(context::current_span().span_id(), transaction.span_id());
  }
  transaction.finish();
  const vitals::testing::Snapshot::Labels at{{"method", "POST"}, {"host", "api.example"}};
  EXPECT_EQ(value("http_client_requests_total",
                  {{"method", "POST"}, {"host", "api.example"}, {"status", "503"}}),
            1);
  EXPECT_EQ(value("http_client_request_duration_seconds_count",
                  {{"method", "POST"}, {"host", "api.example"}}),
            1);
  EXPECT_EQ(value("http_client_errors_total",
                  {{"method", "POST"}, {"host", "api.example"}, {"error_type", "http_5xx"}}),
            1);
  const auto sent_one = only_transaction();
  const auto& span = sent_one["spans"][0];
  EXPECT_EQ(span["op"], "http.client");
  EXPECT_EQ(span["data"]["server.address"], "api.example");
  EXPECT_EQ(span["data"]["server.port"], 443);
  EXPECT_EQ(span["description"], "POST https://api.example/v1/eggs");
  EXPECT_EQ(span["data"]["http.response.status_code"], 503);
  EXPECT_THAT(header, HasSubstr(span["span_id"].get<std::string>()));
  EXPECT_EQ(sent_one.dump().find("secret"), std::string::npos);
}

TEST_F(ScopesTest, AnOutgoingRequestWithoutAnAnswerSaysWhy) {
  {
    ClientRequestScope call{Method::kGet, "http://away.example:8080/"};
    call.fail("timeout");
  }
  { ClientRequestScope call{Method::kGet, "http://away.example:8080/"}; }
  const auto errors = [](std::string_view type) {
    return value("http_client_errors_total",
                 {{"method", "GET"}, {"host", "away.example:8080"}, {"error_type", type}});
  };
  EXPECT_EQ(errors("timeout"), 1);
  EXPECT_EQ(errors("unfinished"), 1);
  EXPECT_EQ(value("http_client_requests_total",
                  {{"method", "GET"}, {"host", "away.example:8080"}, {"status", "000"}}),
            2);
}

TEST_F(ScopesTest, AnRpcCallIsAWorkOfItsOwn) {
  {
    RpcStart start = rpc_start("/shop.v1.Orders/Place");
    start.request_id = "call-1";
    RpcServerScope call{start};
    EXPECT_EQ(call.request_id(), "call-1");
    EXPECT_EQ(value("rpc_server_calls_in_progress", {{"service", "shop.v1.Orders"}}), 1);
    {
      const RequestActivation active{call};
      RpcClientScope inner{"stock.v1.Stock", "Take"};
      EXPECT_THAT(inner.headers().sentry_trace, StartsWith(call.trace_id()));
      inner.finish(RpcCode::kUnavailable);
    }
    call.fail_unhandled(std::runtime_error{"no stock"});
    call.finish(RpcCode::kInternal);
  }
  EXPECT_EQ(value("rpc_server_calls_in_progress", {{"service", "shop.v1.Orders"}}), 0);
  EXPECT_EQ(value("rpc_server_calls_total",
                  {{"service", "shop.v1.Orders"}, {"method", "Place"}, {"code", "INTERNAL"}}),
            1);
  EXPECT_EQ(value("rpc_client_calls_total",
                  {{"service", "stock.v1.Stock"}, {"method", "Take"}, {"code", "UNAVAILABLE"}}),
            1);
  const auto transaction = only_transaction();
  EXPECT_EQ(transaction["transaction"], "shop.v1.Orders/Place");
  EXPECT_EQ(transaction["contexts"]["trace"]["op"], "rpc.server");
  EXPECT_EQ(transaction["contexts"]["trace"]["status"], "internal_error");
  EXPECT_EQ(transaction["spans"][0]["op"], "rpc.client");
  EXPECT_EQ(transaction["spans"][0]["status"], "unavailable");
  const auto events = sent("event");
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0]["tags"]["request_id"], "call-1");
}

TEST_F(ScopesTest, RpcNamesAndCodesOfAnyKindAreTaken) {
  EXPECT_EQ(rpc_start("Method").service, "Method");
  EXPECT_EQ(rpc_start("").method, "");
  EXPECT_EQ(rpc_start("/a/b/c").service, "a/b");
  EXPECT_EQ(rpc_code_of(14), RpcCode::kUnavailable);
  EXPECT_EQ(rpc_code_of(-1), RpcCode::kUnknown);
  EXPECT_EQ(rpc_code_of(99), RpcCode::kUnknown);
  EXPECT_EQ(to_string(RpcCode::kUnauthenticated), "UNAUTHENTICATED");
}

TEST_F(ScopesTest, AMessageGoesOnWithTheTraceOfWhoPublishedIt) {
  context::TraceHeaders headers;
  std::string trace;
  {
    JobScope job{"nightly"};
    trace = job.trace_id();
    ProduceScope message{"kafka", "orders"};
    headers = message.headers();
    message.succeed();
    job.succeed();
  }
  {
    ConsumeScope message{{.system = "kafka",
                          .destination = "orders",
                          .id = "42",
                          .published = std::chrono::system_clock::now() - std::chrono::seconds{30},
                          .bytes = 100,
                          .sentry_trace = headers.sentry_trace,
                          .baggage = headers.baggage}};
    EXPECT_EQ(message.trace_id(), trace);
    message.fail_unhandled(std::runtime_error{"bad order"});
  }
  EXPECT_EQ(value("messages_published_total",
                  {{"system", "kafka"}, {"destination", "orders"}, {"status", "success"}}),
            1);
  EXPECT_EQ(value("messages_processed_total",
                  {{"system", "kafka"}, {"destination", "orders"}, {"status", "error"}}),
            1);
  EXPECT_NEAR(value("message_age_seconds_sum", {{"system", "kafka"}, {"destination", "orders"}}),
              30, 5);
  auto transactions = sent("transaction");
  ASSERT_THAT(transactions, SizeIs(2));
  // Several requests may be in flight: which comes first is not said.
  if (transactions[0]["contexts"]["trace"]["op"] == "queue.process")
    std::swap(transactions[0], transactions[1]);
  EXPECT_EQ(transactions[0]["spans"][0]["op"], "queue.publish");
  EXPECT_EQ(transactions[1]["contexts"]["trace"]["op"], "queue.process");
  EXPECT_EQ(transactions[1]["contexts"]["trace"]["trace_id"], trace);
  EXPECT_EQ(transactions[1]["contexts"]["trace"]["data"]["messaging.message.id"], "42");
  EXPECT_THAT(sent("event"), SizeIs(1));
}

TEST_F(ScopesTest, ACallAndAMessageTakeTheWholeContextThatCame) {
  const std::string trace = "0af7651916cd43dd8448eb211c80319c";
  const std::vector<std::pair<std::string, std::string>> fields{
      {"X-Request-Id", "r-1"},    {"Traceparent", "00-" + trace + "-b7ad6b7169203331-02"},
      {"TraceState", "rojo=1"},   {"tracestate", "congo=2"},
      {"Baggage", "tenant=blue"}, {"user-agent", "curl"}};
  const auto expect_all_goes_on = [&trace](const OwnWork& work, const context::TraceHeaders& sent) {
    EXPECT_EQ(work.request_id(), "r-1");
    EXPECT_EQ(work.trace_id(), trace);
    EXPECT_EQ(sent.tracestate, "rojo=1,congo=2");
    EXPECT_TRUE(sent.baggage.starts_with("tenant=blue,sentry-")) << sent.baggage;
    EXPECT_TRUE(sent.traceparent.ends_with("-02")) << sent.traceparent;
  };
  MessageStart message{.system = "kafka", .destination = "orders"};
  RpcStart call = rpc_start("/shop.v1.Orders/Place");
  for (const auto& [name, value] : fields) {
    EXPECT_EQ(message.read_header(name, value), name != "user-agent") << name;
    EXPECT_EQ(call.read_header(name, value), name != "user-agent") << name;
  }
  {
    ConsumeScope consumed{message};
    expect_all_goes_on(consumed, ProduceScope{"kafka", "bills"}.headers());
    consumed.succeed();
  }
  RpcServerScope answered{call};
  const RequestActivation active{answered};
  expect_all_goes_on(answered, RpcClientScope{"stock.v1.Stock", "Take"}.headers());
  answered.finish(RpcCode::kOk);
}

TEST_F(ScopesTest, AJobTellsWhenItLastEndedWell) {
  EXPECT_EQ(track_job("clean-up", [] { return 7; }), 7);
  const double last = value("job_last_success_timestamp_seconds", {{"job", "clean-up"}});
  EXPECT_GT(last, 1.6e9);
  EXPECT_THROW(track_job("clean-up", [] { throw std::runtime_error{"disk"}; }), std::runtime_error);
  EXPECT_EQ(value("job_runs_total", {{"job", "clean-up"}, {"status", "success"}}), 1);
  EXPECT_EQ(value("job_runs_total", {{"job", "clean-up"}, {"status", "error"}}), 1);
  EXPECT_EQ(value("jobs_in_progress", {{"job", "clean-up"}}), 0);
  EXPECT_EQ(value("job_last_success_timestamp_seconds", {{"job", "clean-up"}}), last);
  EXPECT_THAT(sent("event"), SizeIs(1));
}

TEST_F(ScopesTest, WhatIsOursInAStackIsNotTheProgramsOwn) {
  EXPECT_THROW(track_job("break", [] { throw std::runtime_error{"disk"}; }), std::runtime_error);
  const auto events = sent("event");
  ASSERT_THAT(events, SizeIs(1));
  int ours = 0;
  for (const auto& frame : events[0]["exception"]["values"].back()["stacktrace"]["frames"]) {
    if (frame.value("abs_path", "").find("/include/vitals/") == std::string::npos) continue;
    ++ours;
    EXPECT_EQ(frame["in_app"], false) << frame;
  }
  EXPECT_GT(ours, 0) << "track_job and what it calls";
}

TEST_F(ScopesTest, AUnitOfWorkIsAPartOfWhatItIsIn) {
  {
    JobScope job{"report"};
    track_work("render", [] {
      EXPECT_EQ(value("work_in_progress", {{"work", "render"}}), 1);
      context::start_span("inner").finish();
    });
    { WorkScope failed{"render"}; }
    job.succeed();
  }
  EXPECT_EQ(value("work_done_total", {{"work", "render"}, {"status", "success"}}), 1);
  EXPECT_EQ(value("work_done_total", {{"work", "render"}, {"status", "error"}}), 1);
  const auto transaction = only_transaction();
  EXPECT_EQ(transaction["spans"][0]["op"], "function");
  EXPECT_EQ(transaction["spans"][1]["parent_span_id"], transaction["spans"][0]["span_id"]);
}

}  // namespace
}  // namespace vitals::monitor
