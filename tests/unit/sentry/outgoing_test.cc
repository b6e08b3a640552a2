#include <gtest/gtest.h>

#include "context/propagation.h"
#include "context/sampling.h"
#include "fixture.h"
#include "sentry/dsc.h"
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
            "00-" + transaction.trace_id().str() + '-' + call.span_id().str() + "-03");
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

constexpr std::string_view kTraceHere = "771a43a4192642f0b136d5159a501700";

TEST_F(OutgoingTest, OtherVendorsContextGoesOnBesideSentrys) {
  start_with({"*"});
  const std::string parent = std::string{kTraceHere} + "-1234567890abcdef";
  const std::string w3c = "00-" + parent + "-03";
  for (const bool has_sentry_trace : {false, true}) {
    const Span span =
        start_transaction({.name = "a"}, {.sentry_trace = has_sentry_trace ? parent : "",
                                          .baggage = "tenant=blue;p=1,sentry-release=r1,x=y",
                                          .traceparent = w3c,
                                          .tracestate = "rojo=1,congo=2"});
    const SpanActivation active = span.activate();
    const TraceHeaders headers = outgoing_trace(kUrl, "x=own,sentry-release=old");
    EXPECT_TRUE(headers.baggage.starts_with("x=own,tenant=blue;p=1,sentry-release=r1,"))
        << headers.baggage;
    EXPECT_EQ(headers.baggage.find("old"), std::string::npos);
    EXPECT_EQ(headers.tracestate, "rojo=1,congo=2");
    EXPECT_EQ(headers.traceparent.substr(0, 35), "00-" + std::string{kTraceHere});
    EXPECT_TRUE(headers.traceparent.ends_with("-03"));
    EXPECT_EQ(span.baggage_item("tenant"), "blue");
    EXPECT_EQ(span.baggage_item("sentry-release"), std::nullopt);
  }
}

TEST_F(OutgoingTest, OfATraceThatIsNotContinuedNothingGoesOn) {
  Options given = options();
  given.dsn = "https://abc123@o1.sentry.example/42";
  given.traces_sample_rate = 0.0;
  given.propagators.b3 = true;
  start(std::move(given));
  const std::string parent = std::string{kTraceHere} + "-1234567890abcdef";
  const std::string w3c = "00-" + parent + "-01";
  const auto refused = [](IncomingTrace incoming) {
    incoming.baggage = "tenant=blue,sentry-org_id=2";
    incoming.tracestate = "rojo=1";
    const Span span = start_transaction({.name = "a"}, incoming);
    EXPECT_NE(span.trace_id().str(), kTraceHere);
    EXPECT_FALSE(span.sampled());
    EXPECT_EQ(span.tracestate(), "");
    EXPECT_EQ(span.baggage().find("tenant"), std::string::npos);
    EXPECT_TRUE(span.traceparent().ends_with("-02")) << "an id of our own";
  };
  refused({.sentry_trace = parent, .traceparent = w3c});
  refused({.traceparent = w3c});
  refused({.b3 = parent});
  refused({.b3 = "1"});
}

TEST_F(OutgoingTest, WithoutSentrysFormatItsMembersStayHere) {
  Options given = options();
  given.propagators = {.sentry = false};
  start(std::move(given));
  const TraceHeaders headers = headers_to(kUrl, "other=1");
  EXPECT_EQ(headers.sentry_trace, "");
  EXPECT_EQ(headers.baggage, "other=1");
  EXPECT_FALSE(headers.traceparent.empty());
  EXPECT_EQ(outgoing_trace(kUrl).baggage, "") << "outside of spans";
  EXPECT_EQ(outgoing_trace(kUrl).sentry_trace, "");
}

TEST_F(OutgoingTest, WithoutSentrysFormatACallersMembersAreNotReadEither) {
  Options given = options();
  given.traces_sample_rate = 0.8;
  given.propagators = {.sentry = false, .b3 = true};
  start(std::move(given));
  const std::string undecided = std::string{kTraceHere} + "-1234567890abcdef";
  const Span span =
      start_transaction({.name = "a"}, {.baggage = "sentry-sample_rand=0.9", .b3 = undecided});
  EXPECT_EQ(span.trace_id().str(), kTraceHere);
  EXPECT_TRUE(span.sampled()) << "0.785811 by its id";
}

TEST_F(OutgoingTest, ATracesRandomNumberIsThatOfItsId) {
  start_with({"*"});
  const auto is_of_id = [](const TraceHeaders& headers) {
    const auto id = context::detail::parse_sentry_trace(headers.sentry_trace)->trace_id;
    const std::string member =
        "sentry-sample_rand=" + detail::sample_rand_text(context::detail::sample_rand_of(id));
    return headers.baggage.find(member) != std::string::npos;
  };
  EXPECT_TRUE(is_of_id(headers_to(kUrl)));
  EXPECT_TRUE(is_of_id(outgoing_trace(kUrl))) << "outside of spans";
}

TEST(Outgoing, WithoutAClientOnlyTheCallersOwnHeaderIsThere) {
  const TraceHeaders headers = outgoing_trace(kUrl, "other=1");
  EXPECT_EQ(headers.sentry_trace, "");
  EXPECT_EQ(headers.baggage, "other=1");
}

}  // namespace
}  // namespace vitals::sentry
