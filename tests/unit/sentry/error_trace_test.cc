#include <stdexcept>
#include <string>

#include "fixture.h"
#include "vitals/context/capture.h"
#include "vitals/context/scope.h"
#include "vitals/context/span.h"

namespace vitals::sentry {

using namespace context;  // NOLINT
namespace {

constexpr const char* kCallers = "771a43a4192642f0b136d5159a501700";
constexpr const char* kCallersSpan = "1234567890abcdef";

/// What an error says of its trace, in itself and in its envelope's header.
class ErrorTrace : public ClientTest {
 protected:
  void start_at(std::optional<double> rate) {
    Options given = options();
    given.traces_sample_rate = rate;
    start(std::move(given));
  }
  struct Told {
    std::string trace_id;
    std::string span_id;
    Json context;  // of the header; null: none
  };
  /// Captures one here, and gives what arrives.
  Told tell() {
    transport->clear();
    capture_exception(std::runtime_error{"x"});
    EXPECT_TRUE(flush(kPlenty));
    for (const auto& envelope : transport->envelopes()) {
      for (const auto& item : envelope.items) {
        if (item.type != "event") continue;
        const Json trace = Json::parse(item.payload)["contexts"]["trace"];
        const Json header = Json::parse(envelope.header);
        return {trace["trace_id"], trace["span_id"], header.value("trace", Json{})};
      }
    }
    ADD_FAILURE() << "no event came";
    return {};
  }
  static std::string sampled(const Told& told) {
    return told.context.value("sampled", "undecided");
  }
};

TEST_F(ErrorTrace, InATransactionSaysWhetherItsSpansAreThere) {
  for (const double rate : {0.0, 1.0}) {
    start_at(rate);
    const Span root = start_transaction({.name = "GET /a"});
    const Span child = root.start_child("db");
    const auto active = child.activate();
    const Told told = tell();
    EXPECT_EQ(told.trace_id, root.trace_id().str());
    EXPECT_EQ(told.span_id, child.span_id().str());
    EXPECT_EQ(told.context["trace_id"], told.trace_id);
    EXPECT_EQ(told.context["public_key"], "abc123");
    EXPECT_EQ(told.context["transaction"], "GET /a");
    EXPECT_EQ(sampled(told), rate == 1.0 ? "true" : "false");
    guard.end(kPlenty);
  }
}

TEST_F(ErrorTrace, WithTracingOffNothingIsDecidedAndTheIdsAreThere) {
  start_at(std::nullopt);
  const Span root = start_transaction({.name = "GET /a"});
  const auto active = root.activate();
  const Told told = tell();
  EXPECT_EQ(told.trace_id, root.trace_id().str());
  EXPECT_EQ(told.context["trace_id"], told.trace_id);
  EXPECT_EQ(sampled(told), "undecided");
}

TEST_F(ErrorTrace, OutsideOfATransactionItIsTheScopesTraceOfWhichNothingIsDecided) {
  start_at(1.0);
  const Scope scope = Scope::fork();
  const auto active = scope.activate();
  const Span root = start_transaction({.name = "before"});
  root.finish();
  const Told first = tell();
  const Told second = tell();
  EXPECT_EQ(first.trace_id, second.trace_id) << "one piece of work has one trace";
  EXPECT_EQ(first.span_id, second.span_id);
  EXPECT_NE(first.trace_id, root.trace_id().str()) << "the transaction was not active";
  for (const Told& told : {first, second}) {
    EXPECT_EQ(told.trace_id.size(), 32U);
    EXPECT_EQ(told.span_id.size(), 16U);
    EXPECT_EQ(told.context["trace_id"], told.trace_id);
    EXPECT_EQ(told.context["public_key"], "abc123");
    EXPECT_EQ(told.context["release"], "app@1.2.3");
    EXPECT_EQ(told.context["sample_rand"].get<std::string>().size(), 8U);
    EXPECT_EQ(sampled(told), "undecided");
    EXPECT_FALSE(told.context.contains("transaction"));
  }
  const std::string outgoing = outgoing_trace("http://h/").baggage;
  EXPECT_NE(outgoing.find("sentry-trace_id=" + first.trace_id), std::string::npos) << outgoing;
}

TEST_F(ErrorTrace, OfACallersTraceBearsTheCallersWordsAsTheyCame) {
  start_at(0.0);
  const std::string header = std::string{kCallers} + '-' + kCallersSpan + "-1";
  const std::string baggage =
      std::string{"sentry-trace_id="} + kCallers + ",sentry-public_key=theirs,sentry-sampled=true";
  const Span root = start_transaction({.name = "a"}, {.sentry_trace = header, .baggage = baggage});
  const auto active = root.activate();
  const Told told = tell();
  EXPECT_EQ(told.trace_id, kCallers);
  EXPECT_EQ(told.span_id, root.span_id().str());
  EXPECT_EQ(told.context["public_key"], "theirs");
  EXPECT_EQ(sampled(told), "true");
}

TEST_F(ErrorTrace, WhereTheCallerSaysNothingTheServerIsStillToldAndOthersAreNot) {
  struct Case {
    std::optional<double> rate;
    const char* decision;
    const char* sampled;
  };
  for (const Case& one : {Case{0.0, "-1", "true"}, Case{1.0, "-0", "false"}, Case{0.0, "", "false"},
                          Case{std::nullopt, "-1", "true"}, Case{std::nullopt, "", "undecided"}}) {
    start_at(one.rate);
    const std::string header = std::string{kCallers} + '-' + kCallersSpan + one.decision;
    const Span root = start_transaction({.name = "a"}, {.sentry_trace = header});
    const auto active = root.activate();
    const Told told = tell();
    EXPECT_EQ(told.trace_id, kCallers);
    EXPECT_EQ(told.context.value("trace_id", ""), kCallers);
    EXPECT_EQ(told.context.value("public_key", ""), "abc123");
    EXPECT_EQ(sampled(told), one.sampled) << header;
    EXPECT_EQ(root.baggage(), "") << "what the caller sent stands";
    guard.end(kPlenty);
  }
}

TEST_F(ErrorTrace, AStrangersTraceIsNotTheErrorsEvenWithoutAWordOfBaggage) {
  Options given = options();
  given.dsn = "https://abc123@o1.sentry.example/42";
  given.strict_trace_continuation = true;
  given.traces_sample_rate = 1.0;
  start(given);
  const std::string header = std::string{kCallers} + '-' + kCallersSpan + "-0";
  const Span root = start_transaction({.name = "a"}, {.sentry_trace = header});
  const auto active = root.activate();
  const Told told = tell();
  EXPECT_NE(told.trace_id, kCallers);
  EXPECT_EQ(told.context["trace_id"], told.trace_id);
  EXPECT_EQ(told.context["org_id"], "1");
  EXPECT_EQ(sampled(told), "true") << "the stranger's decision is none of ours";
}

}  // namespace
}  // namespace vitals::sentry
