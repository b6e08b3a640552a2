#include <gtest/gtest.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

#include "integration/fixture.h"
#include "integration/support/otlp_receiver.h"
#include "integration/support/ports.h"

namespace integration {
namespace {

constexpr const char* kGetUser = "GET /api/v1/users/{user_id}";

void expect_nothing_wrong(const OtlpReceiver& receiver) {
  for (const std::string& fault : receiver.faults())
    ADD_FAILURE() << fault;
}

TEST(Otlp, ARequestIsASpanWithItsWorkByTheNamesOfTheConventions) {
  const OtlpReceiver receiver;
  Service service{health_agent(receiver.settings())};
  const Response chat =
      service.http().post("/api/v1/chat", {{"user_id", "ann"}, {"message", "an egg"}});
  ASSERT_EQ(chat.status, 200);
  EXPECT_EQ(service.stop().status->code, 0);
  expect_nothing_wrong(receiver);
  const std::vector<Json> roots = spans_named(receiver, "POST /api/v1/chat");
  ASSERT_EQ(roots.size(), 1U);
  EXPECT_EQ(roots[0]["traceId"], chat.header("x-trace-id"));
  EXPECT_EQ(roots[0]["kind"], 2);
  EXPECT_EQ(otlp_attribute(roots[0], "http.request.method"), "POST");
  EXPECT_EQ(otlp_attribute(roots[0], "http.route"), "/api/v1/chat");
  EXPECT_EQ(otlp_attribute(roots[0], "http.response.status_code"), "200");
  EXPECT_EQ(otlp_attribute(roots[0], "request_id"), chat.header("x-request-id"));
  const std::vector<Json> queries = spans_named(receiver, "SELECT users");
  ASSERT_FALSE(queries.empty());
  EXPECT_EQ(queries[0]["kind"], 3);
  EXPECT_EQ(otlp_attribute(queries[0], "db.operation.name"), "SELECT");
  EXPECT_EQ(otlp_attribute(queries[0], "db.collection.name"), "users");
  EXPECT_FALSE(otlp_attribute(queries[0], "db.system.name").is_null());
  for (const Json& resource : receiver.resources()) {
    EXPECT_EQ(otlp_attribute(resource, "service.name"), "health-agent");
    EXPECT_EQ(otlp_attribute(resource, "deployment.environment.name"), "development");
  }
}

TEST(Otlp, AFailedRequestHasTheSameIdsAtBothBackendsAndInItsLogLine) {
  const OtlpReceiver receiver;
  EnvelopeReceiver sentry;
  Service service{health_agent(
      receiver.settings(with_sentry(sentry, {{"FAULTS", "handler:1.0"}, {"LOG_FORMAT", "json"}})))};
  const Response answer = service.http().get("/api/v1/users/ann");
  ASSERT_EQ(answer.status, 500);
  const std::string request = answer.header("x-request-id");
  const std::string trace = answer.header("x-trace-id");
  const Response page =
      service.http().get("/metrics", {{"Accept", "application/openmetrics-text; version=1.0.0"}});
  EXPECT_NE(page.body.find("trace_id=\"" + trace), std::string::npos) << "no exemplar points to it";
  EXPECT_EQ(service.stop().status->code, 0);
  expect_nothing_wrong(receiver);
  expect_valid(sentry);

  const std::vector<Json> spans = spans_named(receiver, kGetUser);
  ASSERT_EQ(spans.size(), 1U);
  EXPECT_EQ(spans[0]["traceId"], trace);
  EXPECT_EQ(otlp_attribute(spans[0], "request_id"), request);
  EXPECT_EQ(otlp_attribute(spans[0], "error.type"), "500");
  EXPECT_EQ(spans[0]["status"]["code"], 2);
  bool with_stack = false;
  for (const Json& event : spans[0]["events"]) {
    with_stack =
        with_stack ||
        (event["name"] == "exception" &&
         otlp_attribute(event, "exception.stacktrace").get<std::string>().find("    at ") !=
             std::string::npos);
  }
  EXPECT_TRUE(with_stack) << spans[0]["events"];

  const std::vector<Json> events = events_of(sentry, request);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0]["contexts"]["trace"]["trace_id"], trace);
  bool same_span = false;
  for (const Json& transaction : sentry.transactions()) {
    same_span = same_span || transaction["contexts"]["trace"]["span_id"] == spans[0]["spanId"];
  }
  EXPECT_TRUE(same_span) << "Sentry has other ids";
  EXPECT_EQ(log_line_of(service.errors(), request).value("trace_id", ""), trace);
  bool logged = false;
  for (const Json& record : receiver.logs())
    logged = logged || record.value("traceId", "") == trace;
  EXPECT_TRUE(logged);
}

TEST(Otlp, AnIncomingTraceGoesOn) {
  const OtlpReceiver receiver;
  Service service{health_agent(receiver.settings())};
  const std::string trace = "771a43a4192642f0b136d5159a501700";
  service.http().get("/api/v1/users/kept",
                     {{"traceparent", "00-" + trace + "-00f067aa0ba902b7-01"}});
  service.http().get("/api/v1/users/left",
                     {{"traceparent", "00-" + trace + "-00f067aa0ba902b7-00"}});
  EXPECT_EQ(service.stop().status->code, 0);
  const std::vector<Json> spans = spans_named(receiver, kGetUser);
  ASSERT_EQ(spans.size(), 1U);
  EXPECT_EQ(spans[0]["traceId"], trace);
  EXPECT_EQ(spans[0]["parentSpanId"], "00f067aa0ba902b7");
  EXPECT_EQ(otlp_attribute(spans[0], "url.path"), "/api/v1/users/kept");
}

TEST(Otlp, AReceiverThatIsAwayTouchesNeitherTheServiceNorSentry) {
  EnvelopeReceiver sentry;
  const std::string nobody = "http://127.0.0.1:" + std::to_string(free_port());
  Service service{health_agent(
      with_sentry(sentry, {{"ENABLE_OTLP", "true"}, {"OTEL_EXPORTER_OTLP_ENDPOINT", nobody}}))};
  EXPECT_EQ(service.http().get("/api/v1/users/ann").status, 404);
  EXPECT_TRUE(service.healthy());
  EXPECT_EQ(service.stop().status->code, 0);
  expect_valid(sentry);
  EXPECT_FALSE(sentry.transactions().empty());
}

TEST(Otlp, ASentryThatIsAwayDoesNotTouchIt) {
  const OtlpReceiver receiver;
  const std::string nobody = "http://key@127.0.0.1:" + std::to_string(free_port()) + "/1";
  Service service{
      health_agent(receiver.settings({{"ENABLE_SENTRY", "true"}, {"SENTRY_DSN", nobody}}))};
  EXPECT_EQ(service.http().get("/api/v1/users/ann").status, 404);
  EXPECT_EQ(service.stop().status->code, 0);
  EXPECT_EQ(spans_named(receiver, kGetUser).size(), 1U);
}

TEST(Otlp, WhatItMissedComesFromDiskWithTheNextStart) {
  TempDir folder;
  const std::uint16_t port = free_port();
  const Settings settings{
      {"ENABLE_OTLP", "true"},
      {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:" + std::to_string(port)},
      {"OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"},
      {"OTEL_METRICS_EXPORTER", "none"}};
  ServiceOptions options = health_agent(settings);
  options.directory = folder.path();
  {
    Service service{options};
    for (int i = 0; i < 20; ++i)
      service.http().get("/api/v1/users/ann");
    EXPECT_EQ(service.stop().status->code, 0);
  }
  const OtlpReceiver receiver{nullptr, port};
  Service service{options};
  EXPECT_TRUE(receiver.wait_for(
      [](const OtlpReceiver& got) { return spans_named(got, kGetUser).size() >= 20; }));
  EXPECT_EQ(service.stop().status->code, 0);
  expect_nothing_wrong(receiver);
}

TEST(Otlp, AReceiverThatIsAwayForAWhileGetsEachSpanOnce) {
  const std::uint16_t port = free_port();
  Service service{
      health_agent({{"ENABLE_OTLP", "true"},
                    {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:" + std::to_string(port)},
                    {"OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"},
                    {"OTEL_BSP_SCHEDULE_DELAY", "50"},
                    {"OTEL_METRICS_EXPORTER", "none"},
                    {"OTEL_LOGS_EXPORTER", "none"}})};
  Http client = service.http();
  const auto ask = [&](int times) {
    for (int i = 0; i < times; ++i)
      client.get("/api/v1/users/ann");
  };
  ask(50);
  std::this_thread::sleep_for(4s);
  ask(50);
  const OtlpReceiver receiver{nullptr, port};
  EXPECT_TRUE(receiver.wait_for(
      [](const OtlpReceiver& got) { return spans_named(got, kGetUser).size() >= 100; }));
  ask(50);
  EXPECT_EQ(service.stop().status->code, 0);
  expect_nothing_wrong(receiver);
  std::set<std::string> ids;
  const std::vector<Json> spans = spans_named(receiver, kGetUser);
  for (const Json& span : spans)
    ids.insert(span["spanId"].get<std::string>());
  EXPECT_EQ(spans.size(), 150U);
  EXPECT_EQ(ids.size(), 150U);
}

TEST(Otlp, IsOffWhereNothingIsSaid) {
  const OtlpReceiver receiver;
  Settings settings = receiver.settings();
  settings.erase("ENABLE_OTLP");
  Service service{health_agent(settings)};
  service.http().get("/api/v1/users/ann");
  EXPECT_EQ(service.stop().status->code, 0);
  EXPECT_TRUE(receiver.spans().empty());
}

TEST(Otlp, AVariableThatCannotBeReadStopsTheStart) {
  const Finished run = run_service(
      health_agent({{"ENABLE_OTLP", "true"}, {"OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"}}));
  EXPECT_EQ(run.status->code, 78);
  EXPECT_NE(run.errors.find("OTEL_EXPORTER_OTLP_ENDPOINT"), std::string::npos) << run.errors;
  EXPECT_NE(run.errors.find("http://"), std::string::npos) << run.errors;
}

TEST(Otlp, TheDoctorAsksEachReceiver) {
  const auto examine = [](const OtlpReceiver& receiver) {
    return run_service(health_agent(receiver.settings(), {"doctor"}));
  };
  const OtlpReceiver takes;
  EXPECT_NE(examine(takes).output.find("the server takes traces, metrics, logs"),
            std::string::npos);
  const OtlpReceiver refuses{[](const std::string& path) {
    return ServerAnswer{.status = path == "/v1/logs" ? 401 : 200};
  }};
  const Finished run = examine(refuses);
  EXPECT_EQ(run.status->code, 1);
  EXPECT_NE(run.output.find("logs: the server answered 401"), std::string::npos) << run.output;
}

}  // namespace
}  // namespace integration
