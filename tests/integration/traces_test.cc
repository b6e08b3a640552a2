#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "integration/fixture.h"

namespace integration {
namespace {

constexpr const char* kTrace = "771a43a4192642f0b136d5159a501700";
constexpr const char* kParent = "00f067aa0ba902b7";

std::vector<Json> transactions_named(const EnvelopeReceiver& receiver, const std::string& name) {
  std::vector<Json> found;
  for (Json& transaction : receiver.transactions()) {
    if (transaction["transaction"] == name) found.push_back(std::move(transaction));
  }
  return found;
}

TEST(Traces, ARequestIsATransactionNamedByMethodAndTemplateWithSpansOfItsWork) {
  EnvelopeReceiver receiver;
  Service service{health_agent(with_sentry(receiver))};
  Http client = service.http();
  const Response chat = client.post("/api/v1/chat", {{"user_id", "ann"}, {"message", "an egg"}});
  ASSERT_EQ(chat.status, 200);
  EXPECT_EQ(service.stop().status->code, 0);
  expect_valid(receiver);
  const std::vector<Json> found = transactions_named(receiver, "POST /api/v1/chat");
  ASSERT_EQ(found.size(), 1U);
  const Json& transaction = found[0];
  EXPECT_EQ(transaction["contexts"]["trace"]["op"], "http.server");
  EXPECT_EQ(transaction["contexts"]["trace"]["status"], "ok");
  EXPECT_EQ(tag_of(transaction, "request_id"), chat.header("x-request-id"));
  EXPECT_EQ(user_of(transaction), "ann");
  std::set<std::string> operations;
  for (const Json& span : transaction["spans"])
    operations.insert(span["op"].get<std::string>());
  EXPECT_TRUE(operations.contains("db")) << transaction["spans"];
  EXPECT_TRUE(std::any_of(operations.begin(), operations.end(), [](const std::string& op) {
    return op.starts_with("gen_ai.");
  })) << transaction["spans"];
}

TEST(Traces, StreamedSpansAreOfOneTraceAndLossesAreCountedAsSpansAlone) {
  EnvelopeReceiver receiver;
  Service service{health_agent(
      with_sentry(receiver, {{"SENTRY_TRACE_LIFECYCLE", "stream"}, {"LOG_FORMAT", "json"}}))};
  Http client = service.http();
  const Response chat = client.post("/api/v1/chat", {{"user_id", "ann"}, {"message", "an egg"}});
  ASSERT_EQ(chat.status, 200);
  EXPECT_TRUE(eventually([&] {
    const std::string page = client.get("/console/api/overview").body;
    return page.find("POST /api/v1/chat", page.find("\"traces\"")) != std::string::npos;
  })) << "the console shows it";
  const Metrics metrics = service.metrics();
  EXPECT_EQ(metrics.sum("vitals_sentry_events_total", {{"category", "transaction"}}), 0);
  EXPECT_EQ(service.stop().status->code, 0);
  expect_valid(receiver);
  EXPECT_EQ(receiver.transactions().size(), 0U);
  const std::string trace_id =
      log_line_of(service.errors(), chat.header("x-request-id"))["trace_id"];
  std::vector<Json> spans;
  for (const Json& item : receiver.items("span")) {
    for (const Json& span : item["items"]) {
      if (span["trace_id"] == trace_id) spans.push_back(span);
    }
  }
  const auto root = std::find_if(spans.begin(), spans.end(),
                                 [](const Json& span) { return span["is_segment"] == true; });
  ASSERT_NE(root, spans.end()) << "of trace " << trace_id;
  EXPECT_EQ((*root)["name"], "POST /api/v1/chat");
  EXPECT_EQ((*root)["kind"], "server");
  EXPECT_EQ((*root)["status"], "ok");
  EXPECT_EQ((*root)["attributes"]["request_id"]["value"], chat.header("x-request-id"));
  EXPECT_EQ((*root)["attributes"]["user.id"]["value"], "ann");
  std::set<std::string> operations;
  std::set<std::string> ids;
  for (const Json& span : spans)
    ids.insert(span["span_id"].get<std::string>());
  EXPECT_EQ(ids.size(), spans.size());
  for (const Json& span : spans) {
    operations.insert(span["attributes"]["sentry.op"]["value"].get<std::string>());
    EXPECT_EQ(span["attributes"]["sentry.segment.id"]["value"], (*root)["span_id"]);
    if (span["is_segment"] == true) continue;
    EXPECT_TRUE(ids.contains(span["parent_span_id"].get<std::string>())) << span;
  }
  EXPECT_TRUE(operations.contains("db")) << Json(operations);
}

TEST(Traces, AnIncomingTraceGoesOnAndItsDecisionWins) {
  EnvelopeReceiver receiver;
  Service service{health_agent(with_sentry(receiver, {{"SENTRY_TRACES_SAMPLE_RATE", "0"}}))};
  Http client = service.http();
  const std::string trace{kTrace};
  client.get("/api/v1/users/kept", {{"sentry-trace", trace + "-" + kParent + "-1"}});
  client.get("/api/v1/users/kept2", {{"traceparent", "00-" + trace + "-" + kParent + "-01"}});
  client.get("/api/v1/users/left", {{"sentry-trace", trace + "-" + kParent + "-0"}});
  client.get("/api/v1/users/unasked");
  EXPECT_EQ(service.stop().status->code, 0);
  expect_valid(receiver);
  const std::vector<Json> found = transactions_named(receiver, "GET /api/v1/users/{user_id}");
  ASSERT_EQ(found.size(), 2U);
  for (const Json& transaction : found) {
    EXPECT_EQ(transaction["contexts"]["trace"]["trace_id"], kTrace);
    EXPECT_EQ(transaction["contexts"]["trace"]["parent_span_id"], kParent);
    EXPECT_TRUE(user_of(transaction).starts_with("kept"));
  }
}

TEST(Traces, AnIncomingRefusalWinsOverARateOfOne) {
  EnvelopeReceiver receiver;
  Service service{health_agent(with_sentry(receiver))};
  Http client = service.http();
  client.get("/api/v1/users/left", {{"sentry-trace", std::string{kTrace} + "-" + kParent + "-0"}});
  client.get("/api/v1/users/kept", {{"sentry-trace", "garbage"}});
  EXPECT_EQ(service.stop().status->code, 0);
  const std::vector<Json> found = transactions_named(receiver, "GET /api/v1/users/{user_id}");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(user_of(found[0]), "kept");
  EXPECT_NE(found[0]["contexts"]["trace"]["trace_id"], kTrace);
}

TEST(Traces, AnErrorBearsTheTraceOfItsRequest) {
  EnvelopeReceiver receiver;
  Service service{health_agent(with_sentry(receiver, {{"FAULTS", "handler:1.0"}}))};
  service.http().get(
      "/api/v1/users/ann",
      {{"sentry-trace", std::string{kTrace} + "-" + kParent + "-1"}, {"X-Request-ID", "traced.1"}});
  EXPECT_EQ(service.stop().status->code, 0);
  const std::vector<Json> events = events_of(receiver, "traced.1");
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0]["contexts"]["trace"]["trace_id"], kTrace);
  const std::vector<Json> found = transactions_named(receiver, "GET /api/v1/users/{user_id}");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0]["contexts"]["trace"]["status"], "internal_error");
}

TEST(Traces, AShareIsKeptAndTheRestIsCounted) {
  EnvelopeReceiver receiver;
  Service service{health_agent(with_sentry(receiver, {{"SENTRY_TRACES_SAMPLE_RATE", "0.2"}}))};
  Http client = service.http();
  constexpr int kRequests = 500;
  for (int i = 0; i < kRequests; ++i)
    client.get("/api/v1/users/ann");
  const Metrics metrics = service.metrics();
  const double left = metrics.sum("vitals_sentry_events_total",
                                  {{"category", "transaction"}, {"outcome", "sampled"}});
  EXPECT_EQ(service.stop().status->code, 0);
  const std::size_t kept = transactions_named(receiver, "GET /api/v1/users/{user_id}").size();
  // 100 expected; 60 is more than four standard deviations away.
  EXPECT_GT(kept, 60U);
  EXPECT_LT(kept, 140U);
  EXPECT_GT(left, 300);
  expect_valid(receiver);
}

}  // namespace
}  // namespace integration
