#include "vitals/context/span.h"

#include <cmath>
#include <limits>
#include <stdexcept>
#include <thread>

#include "fixture.h"
#include "vitals/context/capture.h"
#include "vitals/context/scope.h"

namespace vitals::sentry {

using namespace context;  // NOLINT
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr const char* kTrace = "771a43a4192642f0b136d5159a501700";
constexpr const char* kParent = "1234567890abcdef";

class SpanTest : public ClientTest {
 protected:
  void start_at(std::optional<double> rate) {
    Options given = options();
    given.traces_sample_rate = rate;
    start(std::move(given));
  }
  static std::string incoming(const char* decision) {
    return std::string{kTrace} + '-' + kParent + decision;
  }
};

TEST_F(SpanTest, ATransactionArrivesWithItsTree) {
  start_at(1.0);
  const Scope scope = Scope::fork();
  const auto scope_active = scope.activate();
  scope.set_tag("request_id", "r1");
  const Span root = start_transaction({.name = "GET /a", .op = "http.server"});
  const auto active = root.activate();
  const Span query = root.start_child("db", "SELECT users");
  query.set_data("rows", 3);
  query.set_status(SpanStatus::kOk);
  const Span inner = query.start_child("db.wait");
  inner.finish();
  query.finish();
  root.set_data("http.route", "/a");
  root.set_http_status(503);
  root.set_measurement("queue_wait", 1.5, "millisecond");
  const std::string id = root.span_id().str();
  root.finish();

  const Json t = transaction();
  EXPECT_EQ(t["type"], "transaction");
  EXPECT_EQ(t["transaction"], "GET /a");
  EXPECT_EQ(t["transaction_info"]["source"], "route");
  EXPECT_EQ(t["tags"]["request_id"], "r1");
  EXPECT_EQ(t["release"], "app@1.2.3");
  const Json trace = t["contexts"]["trace"];
  EXPECT_EQ(trace["trace_id"], root.trace_id().str());
  EXPECT_EQ(trace["span_id"], id);
  EXPECT_EQ(trace["op"], "http.server");
  EXPECT_EQ(trace["status"], "unavailable");
  EXPECT_EQ(trace["data"], (Json{{"http.route", "/a"}, {"http.response.status_code", 503}}));
  EXPECT_FALSE(trace.contains("parent_span_id"));
  EXPECT_EQ(t["measurements"]["queue_wait"], (Json{{"value", 1.5}, {"unit", "millisecond"}}));
  ASSERT_THAT(t["spans"], SizeIs(2));
  const Json span = t["spans"][0];
  EXPECT_EQ(span["parent_span_id"], id);
  EXPECT_EQ(span["op"], "db");
  EXPECT_EQ(span["description"], "SELECT users");
  EXPECT_EQ(span["status"], "ok");
  EXPECT_EQ(span["data"]["rows"], 3);
  EXPECT_EQ(span["trace_id"], root.trace_id().str());
  EXPECT_EQ(t["spans"][1]["parent_span_id"], span["span_id"]);
  EXPECT_LE(t["start_timestamp"].get<double>(), span["start_timestamp"].get<double>());
  EXPECT_LE(span["start_timestamp"].get<double>(), span["timestamp"].get<double>());
  EXPECT_LE(span["timestamp"].get<double>(), t["timestamp"].get<double>());
}

TEST_F(SpanTest, ARateOfZeroIsADecisionAgainst) {
  start_at(0.0);
  const Span root = start_transaction({.name = "a"});
  EXPECT_FALSE(root.sampled());
  EXPECT_THAT(root.sentry_trace(), MatchesRegex("[0-9a-f]{32}-[0-9a-f]{16}-0"));
  EXPECT_THAT(root.traceparent(), MatchesRegex("00-[0-9a-f]{32}-[0-9a-f]{16}-02"));
  root.start_child("db").finish();
  root.finish();
  root.finish();
  EXPECT_THAT(sent("transaction"), IsEmpty());
  EXPECT_EQ(counted(Category::kTransaction, Outcome::kSampled), 1U);
}

TEST_F(SpanTest, TracingOffDecidesNothingAndPassesTheCallersWordOn) {
  start_at(std::nullopt);
  const Span own = start_transaction({.name = "a"});
  EXPECT_THAT(own.sentry_trace(), MatchesRegex("[0-9a-f]{32}-[0-9a-f]{16}"));
  EXPECT_FALSE(own.sampled());
  const std::string header = incoming("-1");
  const Span theirs = start_transaction({.name = "a"}, {.sentry_trace = header});
  EXPECT_FALSE(theirs.sampled());
  EXPECT_THAT(theirs.sentry_trace(), AllOf(StartsWith(kTrace), MatchesRegex(".*-[0-9a-f]{16}-1"),
                                           Not(HasSubstr(kParent))));
  own.finish();
  theirs.finish();
  EXPECT_THAT(sent("transaction"), IsEmpty());
  EXPECT_EQ(counted(Category::kTransaction, Outcome::kSampled), 0U);
}

TEST_F(SpanTest, WithoutASamplerTheCallersDecisionWinsOverTheRate) {
  start_at(0.0);
  const std::string yes = incoming("-1");
  const std::string no = incoming("-0");
  EXPECT_TRUE(start_transaction({.name = "a"}, {.sentry_trace = yes}).sampled());
  set_sample_rates(1.0, 1.0);
  EXPECT_FALSE(start_transaction({.name = "a"}, {.sentry_trace = no}).sampled());
}

TEST_F(SpanTest, TheSamplerWinsOverTheRate) {
  Options given = options();
  given.traces_sample_rate = 1.0;
  given.traces_sampler = [](const SamplingContext& context) -> double {
    if (context.name == "throw") throw std::runtime_error{"no"};
    if (context.name == "nan") return std::nan("");
    if (context.name == "two") return 2.0;
    return context.op == "health" ? 0.0 : 1.0;
  };
  start(std::move(given));
  EXPECT_FALSE(start_transaction({.name = "x", .op = "health"}).sampled());
  EXPECT_TRUE(start_transaction({.name = "x", .op = "http.server"}).sampled());
  set_sample_rates(1.0, 0.0);
  for (const char* name : {"throw", "nan", "two"}) {
    EXPECT_FALSE(start_transaction({.name = name}).sampled()) << name << " falls back to the rate";
  }
}

TEST_F(SpanTest, ASamplerThatFailsDecidesNothingWhereNothingElseDoes) {
  Options given = options();
  given.traces_sampler = [](const SamplingContext& context) -> double {
    if (context.name == "throw") throw std::runtime_error{"no"};
    return std::nan("");
  };
  start(std::move(given));
  for (const char* name : {"throw", "nan"}) {
    const Span span = start_transaction({.name = name});
    EXPECT_FALSE(span.sampled()) << name;
    EXPECT_EQ(span.sentry_trace(),
              span.trace_id().str() + '-' + std::string{span.span_id().hex().view()});
  }
}

TEST_F(SpanTest, ARateKeepsItsShare) {
  start_at(0.25);
  int kept = 0;
  for (int i = 0; i < 20000; ++i)
    kept += start_transaction({.name = "a"}).sampled() ? 1 : 0;
  EXPECT_NEAR(kept, 5000, 400);
}

TEST_F(SpanTest, AnUndecidedCallersRandomNumberIsUsed) {
  start_at(0.5);
  const std::string header = incoming("");
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(start_transaction({.name = "a"}, {.sentry_trace = header,
                                                  .baggage = "sentry-sample_rand=0.499999"})
                    .sampled());
    EXPECT_FALSE(start_transaction({.name = "a"}, {.sentry_trace = header,
                                                   .baggage = "sentry-sample_rand=0.500000"})
                     .sampled());
  }
}

TEST_F(SpanTest, ContinuesTheCallersTrace) {
  start_at(0.0);
  const std::string header = incoming("-1");
  const Span root = start_transaction({.name = "a"}, {.sentry_trace = header});
  EXPECT_EQ(root.trace_id().str(), kTrace);
  root.finish();
  const Json t = transaction();
  EXPECT_EQ(t["contexts"]["trace"]["trace_id"], kTrace);
  EXPECT_EQ(t["contexts"]["trace"]["parent_span_id"], kParent);
}

TEST_F(SpanTest, ContinuesATraceparentWhereThereIsNoSentryTrace) {
  start_at(0.0);
  const std::string header = "00-" + incoming("-01");
  const Span root = start_transaction({.name = "a"}, {.traceparent = header});
  EXPECT_EQ(root.trace_id().str(), kTrace);
  EXPECT_TRUE(root.sampled());
}

TEST_F(SpanTest, HostileHeadersAreAsIfTheyWereNotThere) {
  start_at(1.0);
  const Span root = start_transaction(
      {.name = "a"}, {.sentry_trace = "x\r\nEvil: 1",
                      .baggage = "sentry-trace_id=\r\nEvil: 1,sentry-sampled=\x01",
                      .traceparent = "00-"
                                     "00000000000000000000000000000000-0000000000000000-01"});
  EXPECT_TRUE(root.trace_id());
  EXPECT_TRUE(root.sampled());
  const std::string out = root.baggage("a=b\r\nEvil: 1,c=d");
  EXPECT_THAT(out, Not(HasSubstr("Evil")));
  EXPECT_THAT(out, StartsWith("c=d,sentry-trace_id=" + root.trace_id().str()));
}

TEST_F(SpanTest, TheHeadsContextIsFrozenWhenItFirstLeaves) {
  start_at(1.0);
  const Span root = start_transaction({.name = "first", .op = "http.server"});
  root.set_name("GET /a, b");
  const std::string out = root.baggage("other=1,sentry-trace_id=theirs");
  EXPECT_THAT(out, MatchesRegex("other=1,sentry-trace_id=[0-9a-f]{32},sentry-public_key=abc123,"
                                "sentry-sample_rate=1,sentry-sample_rand=0\\.[0-9]{6},"
                                "sentry-sampled=true,sentry-release=app@1.2.3,"
                                "sentry-environment=test,sentry-transaction=GET%20/a%2C%20b"));
  root.set_name("later");
  EXPECT_EQ(root.baggage("other=1"), out);
  root.finish();
  const Json t = transaction();
  EXPECT_EQ(t["transaction"], "later");
  const Json header = Json::parse(transport->envelopes().front().header);
  EXPECT_EQ(header["trace"]["transaction"], "GET /a, b");
  EXPECT_EQ(header["trace"]["trace_id"], root.trace_id().str());
  EXPECT_EQ(header["trace"]["sampled"], "true");
}

TEST_F(SpanTest, ASecretInANameDoesNotGoToOtherServices) {
  start_at(1.0);
  const Span root = start_transaction({.name = "GET /reset?token=hunter2"});
  EXPECT_THAT(root.baggage(), AllOf(HasSubstr("transaction"), Not(HasSubstr("hunter2"))));
}

TEST_F(SpanTest, ANameThatIsAUrlStaysOutOfTheContext) {
  start_at(1.0);
  const Span root = start_transaction({.name = "/users/ann@example.org", .source = "url"});
  EXPECT_THAT(root.baggage(), Not(HasSubstr("transaction")));
}

TEST_F(SpanTest, ACallersContextIsPassedOnAsItCame) {
  start_at(1.0);
  const std::string header = incoming("-1");
  const std::string baggage =
      std::string{"a=b,sentry-trace_id="} + kTrace + ",sentry-release=theirs%401";
  const Span root = start_transaction({.name = "a"}, {.sentry_trace = header, .baggage = baggage});
  // Only the random number that the caller left out is added.
  EXPECT_THAT(root.baggage(),
              ::testing::StartsWith(std::string{"a=b,sentry-trace_id="} + kTrace +
                                    ",sentry-release=theirs%401,sentry-sample_rand="));
  const Span without = start_transaction({.name = "a"}, {.sentry_trace = header});
  EXPECT_EQ(without.baggage("x=y"), "x=y") << "the caller said nothing, and that stands";
  const Span mixed = start_transaction(
      {.name = "a"}, {.sentry_trace = header, .baggage = "sentry-trace_id=of-another-trace"});
  EXPECT_EQ(mixed.baggage(), "");
}

TEST_F(SpanTest, NestsAndRestoresOnItsThread) {
  start_at(1.0);
  EXPECT_FALSE(current_span());
  const Span root = start_transaction({.name = "a"});
  {
    const auto active = root.activate();
    const Span child = current_span().start_child("db");
    {
      const auto child_active = child.activate();
      EXPECT_EQ(current_span().span_id(), child.span_id());
      std::thread{[] { EXPECT_FALSE(current_span()); }}.join();
    }
    EXPECT_EQ(current_span().span_id(), root.span_id());
  }
  EXPECT_FALSE(current_span());
}

TEST_F(SpanTest, StartSpanIsAPartOfTheCurrentOneOrNothing) {
  start_at(1.0);
  EXPECT_FALSE(start_span("db")) << "there is no current span";
  const Span root = start_transaction({.name = "a"});
  {
    const auto active = root.activate();
    const Span span = start_span("db", "SELECT");
    EXPECT_TRUE(span);
    EXPECT_NE(span.span_id(), root.span_id());
    span.finish();
  }
  root.finish();
  EXPECT_THAT(transaction()["spans"], SizeIs(1));
  set_sample_rates(1.0, 0.0);
  const Span unsampled = start_transaction({.name = "a"});
  const auto active = unsampled.activate();
  EXPECT_FALSE(start_span("db")) << "nothing is recorded";
}

TEST_F(SpanTest, TravelsWithItsScopeToAnotherThread) {
  start_at(1.0);
  const Scope scope = Scope::fork();
  const Span root = start_transaction({.name = "a"});
  const auto scope_active = scope.activate();
  const auto span_active = root.activate();
  std::thread{[context = Context::current()] {
    const auto active = context.activate();
    set_tag("from", "there");
    start_span("work").finish();
  }}.join();
  root.finish();
  const Json t = transaction();
  EXPECT_EQ(t["tags"]["from"], "there");
  EXPECT_THAT(t["spans"], SizeIs(1));
}

TEST_F(SpanTest, AnErrorBearsTheTraceItHappenedIn) {
  start_at(0.0);
  const std::string header = incoming("");
  const Span root = start_transaction({.name = "GET /a"}, {.sentry_trace = header});
  const auto active = root.activate();
  capture_exception(std::runtime_error{"x"});
  const Json e = event();
  EXPECT_EQ(e["contexts"]["trace"]["trace_id"], kTrace);
  EXPECT_EQ(e["contexts"]["trace"]["span_id"], root.span_id().str());
  EXPECT_EQ(e["transaction"], "GET /a");
}

TEST_F(SpanTest, AnErrorOfARecordedSpanNamesThatSpan) {
  start_at(1.0);
  const Span root = start_transaction({.name = "GET /a"});
  const Span child = root.start_child("db");
  const auto active = child.activate();
  capture_exception(std::runtime_error{"x"});
  const Json e = event();
  EXPECT_EQ(e["contexts"]["trace"]["span_id"], child.span_id().str());
  const Json header = Json::parse(transport->envelopes().front().header);
  EXPECT_EQ(header["trace"]["trace_id"], root.trace_id().str());
}

TEST_F(SpanTest, KeepsAThousandSpansAndCountsTheRest) {
  start_at(1.0);
  const Span root = start_transaction({.name = "a"});
  for (int i = 0; i < 1500; ++i)
    root.start_child("db", "x").finish();
  root.finish();
  const Json t = transaction();
  EXPECT_THAT(t["spans"], SizeIs(1000));
  EXPECT_EQ(t["extra"]["spans_dropped"], 500);
}

TEST_F(SpanTest, AChildThatRunsStillIsEndedAsCancelled) {
  start_at(1.0);
  const Span root = start_transaction({.name = "a"});
  const Span child = root.start_child("db");
  root.finish();
  child.set_status(SpanStatus::kOk);
  child.finish();
  root.set_data("late", 1);
  const Span late = root.start_child("late");
  late.finish();
  const Json t = transaction();
  ASSERT_THAT(t["spans"], SizeIs(1));
  EXPECT_EQ(t["spans"][0]["status"], "cancelled");
  EXPECT_FALSE(t["contexts"]["trace"].contains("data"));
}

TEST_F(SpanTest, TheScopeOfTheStartServesAFinishElsewhere) {
  start_at(1.0);
  const Scope scope = Scope::fork();
  Span root;
  {
    const auto active = scope.activate();
    root = start_transaction({.name = "a"});
  }
  scope.set_tag("who", "me");
  std::thread{[root] { root.finish(); }}.join();
  EXPECT_EQ(transaction()["tags"]["who"], "me");
}

TEST_F(SpanTest, TheHookMayRefuseATransaction) {
  Options given = options();
  given.traces_sample_rate = 1.0;
  given.before_send_transaction = [](Event& e) {
    e.tags.emplace_back("spans", std::to_string(e.spans.size()));
    return e.transaction != "GET /health";
  };
  start(std::move(given));
  start_transaction({.name = "GET /health"}).finish();
  start_transaction({.name = "GET /a"}).finish();
  EXPECT_EQ(transaction()["tags"]["spans"], "0");
  EXPECT_EQ(counted(Category::kTransaction, Outcome::kBeforeSend), 1U);
}

TEST_F(SpanTest, IsSafeWithManyThreadsOnOneTransaction) {
  start_at(1.0);
  const Span root = start_transaction({.name = "a"});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&root] {
      for (int i = 0; i < 300; ++i) {
        const Span child = root.start_child("db", "x");
        child.set_data("i", i);
        static_cast<void>(root.baggage());
        static_cast<void>(child.sentry_trace());
        child.finish();
        if (i == 250) root.finish();
      }
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  const Json t = transaction();
  EXPECT_GE(t["spans"].size(), 250U);
  EXPECT_LE(t["spans"].size(), 1000U);
}

TEST_F(SpanTest, HttpStatusesHaveTheirOwnWords) {
  EXPECT_EQ(span_status_from_http(200), SpanStatus::kOk);
  EXPECT_EQ(span_status_from_http(404), SpanStatus::kNotFound);
  EXPECT_EQ(span_status_from_http(418), SpanStatus::kInvalidArgument);
  EXPECT_EQ(span_status_from_http(429), SpanStatus::kResourceExhausted);
  EXPECT_EQ(span_status_from_http(500), SpanStatus::kInternalError);
  EXPECT_EQ(span_status_from_http(0), SpanStatus::kUnknown);
  EXPECT_EQ(to_string(SpanStatus::kUnauthenticated), "unauthenticated");
  EXPECT_EQ(to_string(SpanStatus::kDeadlineExceeded), "deadline_exceeded");
  EXPECT_EQ(to_string(SpanStatus::kUnset), "");
}

}  // namespace
}  // namespace vitals::sentry
