#include <gtest/gtest.h>

#include "fixture.h"
#include "vitals/context/span.h"

namespace vitals::sentry {

using namespace context;  // NOLINT
namespace {

constexpr const char* kUrl = "https://api.example/v1/messages?x=1";

class OutgoingTest : public ClientTest {
 protected:
  void start_with(std::vector<std::string> targets) {
    Options given = options();
    given.traces_sample_rate = 1.0;
    given.trace_propagation_targets = std::move(targets);
    start(std::move(given));
  }
  TraceHeaders headers_to(std::string_view url, std::string_view existing = {}) {
    const Span transaction = start_transaction({.name = "job", .op = "queue.process"});
    const SpanActivation active = transaction.activate();
    return outgoing_trace(url, existing);
  }
};

TEST_F(OutgoingTest, ARequestBearsTheSpanThatStandsForIt) {
  start_with({"*"});
  const Span transaction = start_transaction({.name = "job", .op = "queue.process"});
  const Span call = transaction.start_child("http.client", "POST https://api.example");
  const SpanActivation active = call.activate();
  const TraceHeaders headers = outgoing_trace(kUrl, "other=1");
  EXPECT_EQ(headers.sentry_trace, transaction.trace_id().str() + '-' + call.span_id().str() + "-1");
  EXPECT_EQ(headers.traceparent,
            "00-" + transaction.trace_id().str() + '-' + call.span_id().str() + "-01");
  EXPECT_TRUE(headers.baggage.starts_with("other=1,sentry-trace_id=")) << headers.baggage;
}

TEST_F(OutgoingTest, GoesToAllowedTargetsOnly) {
  start_with({"//api.example/", "other.example"});
  EXPECT_FALSE(headers_to(kUrl).sentry_trace.empty());
  EXPECT_FALSE(headers_to("http://other.example:81").traceparent.empty());
  const TraceHeaders refused = headers_to("https://elsewhere.example/", "other=1");
  EXPECT_EQ(refused.sentry_trace, "");
  EXPECT_EQ(refused.traceparent, "");
  EXPECT_EQ(refused.baggage, "other=1") << "the caller's own header is not ours to drop";
}

TEST_F(OutgoingTest, NoTargetsMeanNowhereAndAnEmptyOneMatchesNothing) {
  start_with({""});
  EXPECT_EQ(headers_to(kUrl).sentry_trace, "");
}

TEST_F(OutgoingTest, WithTracingOffTheIdsGoOutUndecided) {
  start();
  const TraceHeaders headers = headers_to(kUrl);
  EXPECT_EQ(headers.sentry_trace.size(), 32U + 1 + 16) << headers.sentry_trace;
}

TEST(Outgoing, WithoutAClientOnlyTheCallersOwnHeaderIsThere) {
  const TraceHeaders headers = outgoing_trace(kUrl, "other=1");
  EXPECT_EQ(headers.sentry_trace, "");
  EXPECT_EQ(headers.baggage, "other=1");
}

}  // namespace
}  // namespace vitals::sentry
