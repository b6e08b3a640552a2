#include <stdexcept>
#include <string>
#include <thread>

#include "tests/unit/otlp/fixture.h"
#include "vitals/context/capture.h"
#include "vitals/context/scope.h"
#include "vitals/context/span.h"

namespace vitals::otlp {
namespace {

using context::SpanKind;
using context::SpanStatus;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

class Spans : public ClientTest {};

context::Span request(std::string_view name = "GET /users/{id}") {
  return context::start_transaction({.name = name, .op = "http.server"});
}

TEST_F(Spans, OfATransactionShareItsTraceAndNameTheirParents) {
  start();
  const context::Span root = request();
  const context::Span query = root.start_child("db", "SELECT users");
  query.set_data("db.operation.name", "SELECT");
  query.set_data("db.collection.name", "users");
  query.finish();
  root.set_http_status(200);
  root.finish();

  const Json sent_root = span("GET /users/{id}");
  const Json sent_query = span("SELECT users");
  EXPECT_EQ(sent_root.at("traceId"), root.trace_id().str());
  EXPECT_EQ(sent_query.at("traceId"), root.trace_id().str());
  EXPECT_EQ(sent_root.at("spanId"), root.span_id().str());
  EXPECT_FALSE(sent_root.contains("parentSpanId"));
  EXPECT_EQ(sent_query.at("parentSpanId"), root.span_id().str());
  EXPECT_EQ(sent_root.at("kind"), 2);
  EXPECT_EQ(sent_query.at("kind"), 3);
  EXPECT_FALSE(sent_root.contains("status"));
  EXPECT_EQ(attribute(sent_root, "http.response.status_code"), "200");
  EXPECT_EQ(attribute(sent_query, "sentry.op"), "db");
  EXPECT_LE(std::stoull(sent_root.at("startTimeUnixNano").get<std::string>()),
            std::stoull(sent_query.at("startTimeUnixNano").get<std::string>()));
  EXPECT_GE(std::stoull(sent_root.at("endTimeUnixNano").get<std::string>()),
            std::stoull(sent_query.at("endTimeUnixNano").get<std::string>()));
}

TEST_F(Spans, ContinueTheTraceOfTheirCaller) {
  start();
  const context::Span root = context::start_transaction(
      {.name = "job", .op = "job"},
      {.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
       .tracestate = "vendor=1,other=2"});
  root.finish();
  const Json sent = span("job");
  EXPECT_EQ(sent.at("traceId"), "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(sent.at("parentSpanId"), "b7ad6b7169203331");
  EXPECT_EQ(sent.at("traceState"), "vendor=1,other=2");
  EXPECT_EQ(sent.at("flags"), 0x301) << "sampled, and its parent is known to be remote";
}

TEST_F(Spans, BearAllKindsOfValues) {
  start();
  const context::Span root = request("job");
  root.set_data("text", "x");
  root.set_data("yes", true);
  root.set_data("less", -7);
  root.set_data("most", ~std::uint64_t{0});
  root.set_data("half", 0.5);
  root.set_data("object", {{"width", 3}});
  root.set_data("twice", 1);
  root.set_data("twice", 2);
  root.finish();
  const Json sent = span("job");
  EXPECT_EQ(attribute(sent, "text"), "x");
  EXPECT_EQ(attribute(sent, "yes"), true);
  EXPECT_EQ(attribute(sent, "less"), "-7");
  EXPECT_EQ(attribute(sent, "most"), "18446744073709551615");
  EXPECT_EQ(attribute(sent, "half"), 0.5);
  EXPECT_EQ(attribute(sent, "object"), R"({"width":3})");
  EXPECT_EQ(attribute(sent, "twice"), "2");
}

TEST_F(Spans, MaskWhatIsASecret) {
  start();
  const context::Span root = request("job");
  root.set_data("password", "egg");
  root.set_data("url.full", "https://user:egg@host/a?token=egg");
  root.set_data("client.address", "192.0.2.1");
  root.finish();
  const Json sent = span("job");
  EXPECT_EQ(sent.dump().find("egg"), std::string::npos) << sent;
  EXPECT_EQ(sent.dump().find("192.0.2.1"), std::string::npos) << sent;
}

TEST_F(Spans, OfAServerFailByTheServersFaultAlone) {
  struct Case {
    int status;
    bool failed;
  };
  start();
  for (const auto& [status, failed] : {Case{200, false}, Case{302, false}, Case{404, false},
                                       Case{429, false}, Case{500, true}, Case{503, true}}) {
    const context::Span root = request("status " + std::to_string(status));
    root.set_http_status(status);
    const context::Span call = root.start_child("http.client", "GET /");
    call.set_data("http.request.method", "GET");
    call.set_http_status(status);
    call.finish();
    root.finish();
    const Json sent = span("status " + std::to_string(status));
    EXPECT_EQ(sent.contains("status"), failed) << status;
    if (failed) {
      EXPECT_EQ(sent.at("status").at("code"), 2);
      EXPECT_EQ(attribute(sent, "error.type"), std::to_string(status));
    }
    const Json sent_call = spans().back();
    EXPECT_EQ(sent_call.at("name"), "GET");
    EXPECT_EQ(sent_call.contains("status"), status >= 400) << status;
  }
}

TEST_F(Spans, HoldTheExceptionWithTheStackThatThrew) {
  start();
  const context::Span root = request("throws");
  {
    const context::SpanActivation active = root.activate();
    try {
      throw std::out_of_range{"no such egg"};
    } catch (const std::exception& error) {
      EXPECT_TRUE(context::capture_exception(error));
      EXPECT_TRUE(context::capture_exception(error)) << "captured once more on its way up";
    }
  }
  root.finish();
  const Json sent = span("throws");
  ASSERT_THAT(sent.at("events"), SizeIs(1));
  const Json& event = sent.at("events").front();
  EXPECT_EQ(event.at("name"), "exception");
  EXPECT_EQ(attribute(event, "exception.type"), "std::out_of_range");
  EXPECT_EQ(attribute(event, "exception.message"), "no such egg");
  const std::string stack = attribute(event, "exception.stacktrace");
  EXPECT_THAT(stack, StartsWith("std::out_of_range: no such egg\n    at "));
  EXPECT_THAT(stack, HasSubstr("spans_test.cc:"));
}

TEST_F(Spans, HoldEventsLinksAndBreadcrumbs) {
  start();
  const context::Scope scope = context::Scope::fork();
  const context::Activation here = scope.activate();
  context::add_breadcrumb({.category = "before"});
  std::this_thread::sleep_for(30ms);
  const context::Span root = request("all");
  context::add_breadcrumb({.category = "auth", .message = "logged in", .data = {{"tries", 2}}});
  root.start_child("db", "SELECT eggs").finish();
  context::add_breadcrumb({.category = "db", .message = "SELECT eggs"});
  root.add_event("retry", {{"number", 3}});
  const context::Span other = request("other");
  root.add_link(other);
  root.finish();
  const Json sent = span("all");
  ASSERT_THAT(sent.at("events"), SizeIs(2)) << "nothing of before it, and not what is a span";
  EXPECT_EQ(sent.at("events").at(0).at("name"), "auth");
  EXPECT_EQ(attribute(sent.at("events").at(0), "message"), "logged in");
  EXPECT_EQ(attribute(sent.at("events").at(0), "tries"), "2");
  EXPECT_EQ(sent.at("events").at(1).at("name"), "retry");
  EXPECT_EQ(attribute(sent.at("events").at(1), "number"), "3");
  ASSERT_THAT(sent.at("links"), SizeIs(1));
  EXPECT_EQ(sent.at("links").front().at("traceId"), other.trace_id().str());
  EXPECT_EQ(sent.at("links").front().at("spanId"), other.span_id().str());
  EXPECT_EQ(sent.at("links").front().at("flags"), 1);
}

TEST_F(Spans, AreBoundedInTheirParts) {
  start();
  const context::Span root = request("large");
  for (int i = 0; i < 200; ++i) {
    root.set_data("field" + std::to_string(i), i);
    root.add_event("event");
    root.add_link(root);
  }
  root.finish();
  const Json sent = span("large");
  EXPECT_THAT(sent.at("attributes"), SizeIs(1 + 128)) << "its operation is not one of them";
  EXPECT_EQ(sent.at("droppedAttributesCount"), 72);
  EXPECT_THAT(sent.at("events"), SizeIs(128));
  EXPECT_EQ(sent.at("droppedEventsCount"), 72);
  EXPECT_THAT(sent.at("links"), SizeIs(128));
  EXPECT_EQ(sent.at("droppedLinksCount"), 72);
}

TEST_F(Spans, BearTheTagsAndTheUserOfTheirScope) {
  start();
  const context::Scope scope = context::Scope::fork();
  const context::Activation here = scope.activate();
  scope.set_tag("operation", "get_user");
  scope.set_user({.id = "u1", .email = "u1@example"});
  const context::Span root = request("tagged");
  root.start_child("part").finish();
  root.finish();
  const Json sent = span("tagged");
  EXPECT_EQ(attribute(sent, "operation"), "get_user");
  EXPECT_EQ(attribute(sent, "user.id"), "u1");
  EXPECT_EQ(attribute(sent, "user.email"), nullptr);
  EXPECT_EQ(attribute(span("part"), "operation"), nullptr);
}

TEST_F(Spans, ComeFromAResourceThatSaysWhoSends) {
  Options given = options();
  given.resource.environment = "test";
  given.resource.attributes = {{"host.name", "box"}, {"team", "breakfast"}};
  start(std::move(given));
  request().finish();
  ASSERT_TRUE(guard.flush(kPlenty));
  ASSERT_THAT(traces->requests(), SizeIs(1));
  const Json sent = Json::parse(traces->requests().front().body).at("resourceSpans").front();
  const Json& resource = sent.at("resource");
  EXPECT_EQ(attribute(resource, "service.name"), "kitchen");
  EXPECT_EQ(attribute(resource, "service.version"), "1.2.3");
  EXPECT_EQ(attribute(resource, "deployment.environment.name"), "test");
  EXPECT_EQ(attribute(resource, "service.instance.id").get<std::string>().size(), 36U);
  EXPECT_EQ(attribute(resource, "host.name"), "box") << "the user's word stands";
  EXPECT_EQ(attribute(resource, "team"), "breakfast");
  EXPECT_EQ(attribute(resource, "process.pid"), std::to_string(getpid()));
  EXPECT_EQ(attribute(resource, "telemetry.sdk.name"), "vitals");
  EXPECT_EQ(attribute(resource, "telemetry.sdk.language"), "cpp");
  EXPECT_EQ(sent.at("scopeSpans").front().at("scope").at("name"), "vitals");
}

TEST_F(Spans, HaveTheKindThatWasSetElseTheirOperations) {
  struct Case {
    std::string_view op;
    int kind;
  };
  start();
  for (const auto& [op, kind] :
       {Case{"http.server", 2}, Case{"rpc.server", 2}, Case{"http.client", 3}, Case{"db", 3},
        Case{"db.query", 3}, Case{"queue.publish", 4}, Case{"queue.process", 5},
        Case{"gen_ai.chat", 3}, Case{"gen_ai.execute_tool", 1}, Case{"function", 1}, Case{"", 1}}) {
    context::start_transaction({.name = "kind", .op = op}).finish();
    EXPECT_EQ(spans().back().at("kind"), kind) << op;
  }
  const context::Span span = context::start_transaction({.name = "kind", .op = "function"});
  span.set_kind(SpanKind::kProducer);
  span.finish();
  EXPECT_EQ(spans().back().at("kind"), 4);
}

}  // namespace
}  // namespace vitals::otlp
