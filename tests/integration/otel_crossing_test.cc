#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "integration/fixture.h"
#include "integration/support/otel_service.h"
#include "integration/support/otlp_receiver.h"

namespace integration {
namespace {

constexpr const char* kTraceId = "4bf92f3577b34da6a3ce929d0e0e4736";

/// The span of a list that `good` says so of; null where there is none.
template <class Good>
Json find_span(const std::vector<Json>& spans, Good good) {
  const auto found = std::find_if(spans.begin(), spans.end(), good);
  return found == spans.end() ? Json{} : *found;
}

class Crossing : public ::testing::TestWithParam<std::string> {};

// A service on OpenTelemetry's SDK calls health-agent, whose model is that service again: there and
// back by the headers of each form.
TEST_P(Crossing, IsOneTraceWithTheRightParentsThereAndBack) {
  const std::string form = GetParam();
  OtelService node{form, kTraceId};
  const OtlpReceiver receiver;
  Service service{health_agent(receiver.settings({{"OTEL_PROPAGATORS", form + ",baggage"},
                                                  {"AGENT_MODEL", "openai:egg-1"},
                                                  {"OPENAI_API_KEY", "sk-test-0123456789abcdef"},
                                                  {"OPENAI_BASE_URL", node.url()}}))};
  const std::string chat =
      "http://127.0.0.1:" + std::to_string(service.api_port()) + "/api/v1/chat";
  const Json answer = node.call(chat, {{"user_id", "ann"}, {"message", "hello"}});
  EXPECT_EQ(answer["status"], 200) << answer;
  EXPECT_EQ(service.stop().status->code, 0);

  const std::vector<Json> theirs = node.spans();
  const std::vector<Json> ours = receiver.spans();
  const std::vector<Json> roots = spans_named(receiver, "POST /api/v1/chat");
  ASSERT_EQ(roots.size(), 1U) << service.errors();
  const Json& root = roots[0];
  EXPECT_EQ(root["traceId"], kTraceId);

  // There: their client's span is the parent of our server's.
  const Json caller =
      find_span(theirs, [&](const Json& span) { return span["spanId"] == root["parentSpanId"]; });
  ASSERT_FALSE(caller.is_null()) << root << Json(theirs);
  EXPECT_EQ(caller["kind"], 2) << "a client's, as their SDK numbers it";
  EXPECT_EQ(caller["traceId"], kTraceId);

  // And back: one of our spans is the parent of their server's.
  const Json model = find_span(theirs, [&](const Json& span) {
    return span["kind"] == 1 && std::any_of(ours.begin(), ours.end(), [&](const Json& own) {
             return own["spanId"] == span["parent"];
           });
  });
  ASSERT_FALSE(model.is_null()) << Json(theirs) << Json(ours);
  EXPECT_EQ(model["traceId"], kTraceId);
  EXPECT_EQ(model["traceFlags"].get<int>() & 1, 1) << "sampled";
  ASSERT_TRUE(model["baggage"].is_object()) << "their baggage did not come back";
  EXPECT_EQ(model["baggage"]["tenant"], "kitchen & co");
  EXPECT_EQ(model["baggage"]["shift"], "early");
  if (form == "tracecontext") {
    EXPECT_EQ(root["traceState"], "vendor=one,other=two");
    EXPECT_EQ(model["state"], "vendor=one,other=two");
  }
}

INSTANTIATE_TEST_SUITE_P(Forms, Crossing, ::testing::Values("tracecontext", "b3", "b3multi"));

}  // namespace
}  // namespace integration
