// What events, traces and logs know of where they belong: the caller's trace, the scopes, the names.
#include <cmath>
#include <thread>

#include "context/propagation.h"
#include "context/records.h"
#include "fixture.h"
#include "sentry/dsc.h"
#include "sentry/event/names.h"
#include "vitals/context/capture.h"
#include "vitals/context/scope.h"
#include "vitals/context/span.h"
#include "vitals/sentry/check_in.h"
#include "vitals/sentry/dsn.h"
#include "vitals/sentry/log.h"

namespace vitals::sentry {

using namespace context;  // NOLINT
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kTrace = "771a43a4192642f0b136d5159a501700";
constexpr std::string_view kYes = "771a43a4192642f0b136d5159a501700-1234567890abcdef-1";
constexpr std::string_view kNo = "771a43a4192642f0b136d5159a501700-1234567890abcdef-0";
constexpr std::string_view kOpen = "771a43a4192642f0b136d5159a501700-1234567890abcdef";

std::string member(std::string_view baggage, std::string_view key) {
  for (const auto& [name, value] : detail::decode_members(detail::sentry_members(baggage))) {
    if (name == key) return value;
  }
  return "(none)";
}

class Context_ : public ClientTest {};
using SamplingOrder = Context_;
using Organisation = Context_;
using OutsideSpans = Context_;
using Global = Context_;
using OwnContexts = Context_;
using Logentry = Context_;
using Extras = Context_;

TEST_F(SamplingOrder, TheSamplerIsAskedFirstAndKnowsTheCaller) {
  struct Case {
    std::string_view header;
    double answer;
    bool kept;
    std::optional<bool> parent;
  };
  std::vector<SamplingContext> asked;
  double answer = 0;
  std::string order;
  Options given = options();
  given.traces_sample_rate = 1.0;
  given.traces_sampler = [&](const SamplingContext& context) {
    asked.push_back(context);
    for (const FieldView& field : context.data)
      order = field.key;
    return answer;
  };
  start(given);
  for (const Case& one :
       {Case{kYes, 0, false, true}, Case{kYes, 1, true, true}, Case{kNo, 1, true, false},
        Case{kNo, 0, false, false}, Case{kOpen, 0, false, std::nullopt},
        Case{kOpen, 1, true, std::nullopt}, Case{"", 0, false, std::nullopt},
        Case{"", 1, true, std::nullopt},
        // Not a rate: what holds without a sampler.
        Case{kYes, 7, true, true}, Case{kNo, 7, false, false}, Case{"", 7, true, std::nullopt}}) {
    asked.clear();
    answer = one.answer;
    const Span span = start_transaction(
        {.name = "a", .op = "b", .sampling_data = {{"tenant", "t1"}}},
        {.sentry_trace = one.header,
         .baggage = "sentry-sample_rate=0.25,sentry-trace_id=" + std::string{kTrace}});
    EXPECT_EQ(span.sampled(), one.kept) << one.header << ' ' << one.answer;
    ASSERT_EQ(asked.size(), 1U);
    EXPECT_EQ(asked[0].parent_sampled, one.parent);
    EXPECT_EQ(asked[0].parent_sample_rate,
              one.header.empty() ? std::nullopt : std::optional<double>{0.25});
    EXPECT_EQ(order, "tenant");
    EXPECT_TRUE(span.sentry_trace().ends_with(one.kept ? "-1" : "-0"));
    if (one.answer <= 1) {
      const std::string baggage = span.baggage();
      EXPECT_EQ(member(baggage, "sample_rate"), one.answer == 0 ? "0" : "1");
      EXPECT_EQ(member(baggage, "sampled"), one.kept ? "true" : "false");
    }
  }
}

TEST_F(SamplingOrder, AMissingRandomNumberIsMadeToFitTheCallersDecision) {
  struct Case {
    std::string_view header;
    std::string rate;
    double from;
    double to;
  };
  for (const std::optional<double> tracing :
       {std::optional<double>{}, std::optional<double>{0.5}}) {
    Options given = options();
    given.traces_sample_rate = tracing;
    start(given);
    for (const Case& one :
         {Case{kYes, "0.25", 0, 0.25}, Case{kNo, "0.25", 0.25, 1}, Case{kOpen, "0.25", 0, 1},
          Case{kYes, "0.000001", 0, 0.000001}, Case{kNo, "0.999999", 0.999999, 1},
          Case{kYes, "1", 0, 1}, Case{kNo, "1", 0.999999, 1}, Case{kNo, "0", 0, 1},
          Case{kYes, "nonsense", 0, 1}}) {
      for (const std::string bad : {"", ",sentry-sample_rand=1.5", ",sentry-sample_rand=abc"}) {
        const Span span = start_transaction(
            {.name = "a"},
            {.sentry_trace = one.header, .baggage = "sentry-sample_rate=" + one.rate + bad});
        const std::string text = member(span.baggage(), "sample_rand");
        ASSERT_TRUE(detail::parse_sample_rand(text)) << text;
        EXPECT_EQ(text.size(), 8U);
        EXPECT_GE(std::stod(text), one.from) << one.header << ' ' << one.rate;
        EXPECT_LT(std::stod(text), one.to) << one.header << ' ' << one.rate;
        // Who leaves the decision to us takes our rate with it.
        if (one.header != kOpen || !tracing) {
          EXPECT_EQ(member(span.baggage(), "sample_rate"), one.rate);
        }
      }
    }
    for (const std::string came : {"0.123456", "0.000249", "0.25", "0.123456789"}) {
      const Span kept = start_transaction(
          {.name = "a"}, {.sentry_trace = kYes, .baggage = "sentry-sample_rand=" + came});
      EXPECT_EQ(member(kept.baggage(), "sample_rand"), came);
    }
    EXPECT_NE(member(start_transaction({.name = "head"}).baggage(), "sample_rand"), "(none)");
    guard.end();
  }
}

TEST_F(Organisation, AStrangersTraceIsNotContinued) {
  struct Case {
    std::string theirs;
    std::string ours;
    bool strict;
    bool continued;
  };
  for (const Case& one :
       {Case{"1", "1", false, true}, Case{"", "1", false, true}, Case{"1", "", false, true},
        Case{"", "", false, true}, Case{"1", "2", false, false}, Case{"1", "1", true, true},
        Case{"", "1", true, false}, Case{"1", "", true, false}, Case{"", "", true, true},
        Case{"1", "2", true, false}, Case{"10", "1", false, false}}) {
    Options given = options();
    given.dsn =
        "https://abc123@" + (one.ours.empty() ? "" : "o" + one.ours + ".") + "sentry.example/42";
    given.strict_trace_continuation = one.strict;
    given.traces_sample_rate = 0.0;
    start(given);
    std::string baggage = "sentry-trace_id=" + std::string{kTrace} + ",sentry-public_key=theirs";
    if (!one.theirs.empty()) baggage += ",sentry-org_id=" + one.theirs;
    for (const bool w3c : {false, true}) {
      const std::string traceparent = "00-" + std::string{kOpen} + "-01";
      const Span span = start_transaction(
          {.name = "a"}, w3c ? IncomingTrace{.baggage = baggage, .traceparent = traceparent}
                             : IncomingTrace{.sentry_trace = kYes, .baggage = baggage});
      const std::string what = one.theirs + " to " + one.ours + (one.strict ? " strict" : "");
      EXPECT_EQ(span.trace_id().str() == kTrace, one.continued) << what;
      EXPECT_EQ(span.sampled(), one.continued) << what;
      EXPECT_EQ(member(span.baggage(), "public_key"), one.continued ? "theirs" : "abc123") << what;
    }
    EXPECT_EQ(member(start_transaction({.name = "head"}).baggage(), "org_id"),
              one.ours.empty() ? "(none)" : one.ours);
    guard.end();
  }
}

TEST(OrganisationOfADsn, IsTheFirstPartOfItsHost) {
  const auto org = [](std::string host) { return parse_dsn("https://k@" + host + "/1")->org_id(); };
  EXPECT_EQ(org("o1.ingest.us.sentry.io"), "1");
  EXPECT_EQ(org("o4507.sentry.example:8443"), "4507");
  for (const char* none : {"sentry.io", "o.sentry.io", "o1x.sentry.io", "org1.sentry.io", "o1",
                           "O1.sentry.io", "a.o1.sentry.io"}) {
    EXPECT_EQ(org(none), "") << none;
  }
}

TEST_F(Organisation, AnOptionStandsInPlaceOfTheHosts) {
  Options given = options();
  given.dsn = "https://abc123@o1.sentry.example/42";
  given.org_id = "7";
  start(given);
  EXPECT_EQ(member(start_transaction({.name = "a"}).baggage(), "org_id"), "7");
}

TEST_F(Organisation, AllLinesOfTheBaggageAreRead) {
  start();
  HeaderLines two{"sentry-release=r1,sentry-environment=e"};
  two.add("vendor=x, sentry-transaction=t");
  const Span span = start_transaction({.name = "a"}, {.sentry_trace = kYes, .baggage = two});
  EXPECT_EQ(member(span.baggage(), "release"), "r1");
  EXPECT_EQ(member(span.baggage(), "transaction"), "t");
  EXPECT_THAT(span.baggage(), StartsWith("vendor=x,sentry-release=r1,"));
  HeaderLines many;
  for (std::size_t i = 0; i < HeaderLines::kMaxLines + 3; ++i)
    many.add("a=b");
  EXPECT_EQ(many.size(), HeaderLines::kMaxLines);
}

TEST_F(OutsideSpans, AnErrorAMessageALogAndARequestBearOneTrace) {
  Options given = options();
  given.enable_logs = true;
  start(given);
  const Scope scope = Scope::fork();
  const Activation active = scope.activate();
  capture_exception(std::runtime_error{"x"});
  capture_message("y");
  log(LogLevel::kInfo, "z");
  const TraceHeaders headers = outgoing_trace("https://peer/", "vendor=1,sentry-release=old");
  std::string trace_of_fork;
  {
    const Scope fork = Scope::fork();
    const Activation inner = fork.activate();
    trace_of_fork = outgoing_trace("https://peer/").sentry_trace.substr(0, 32);
  }
  const std::vector<Json> events = sent("event");
  ASSERT_EQ(events.size(), 2U);
  const std::string trace = events[0]["contexts"]["trace"]["trace_id"];
  EXPECT_EQ(trace.size(), 32U);
  EXPECT_EQ(events[1]["contexts"]["trace"]["trace_id"], trace);
  EXPECT_EQ(only("log")["items"][0]["trace_id"], trace);
  EXPECT_EQ(headers.sentry_trace.size(), 49U);
  EXPECT_THAT(headers.sentry_trace, StartsWith(trace + "-"));
  EXPECT_EQ(headers.traceparent, "00-" + headers.sentry_trace + "-02");
  EXPECT_THAT(headers.baggage, StartsWith("vendor=1,"));
  EXPECT_EQ(member(headers.baggage, "trace_id"), trace);
  EXPECT_EQ(member(headers.baggage, "public_key"), "abc123");
  EXPECT_EQ(member(headers.baggage, "release"), "app@1.2.3");
  EXPECT_EQ(member(headers.baggage, "sampled"), "(none)");
  EXPECT_EQ(trace_of_fork, trace);
}

TEST_F(OutsideSpans, PiecesOfWorkHaveTracesOfTheirOwn) {
  start();
  const auto trace_here = [] { return outgoing_trace("x").sentry_trace.substr(0, 32); };
  const auto trace_of = [&](const Scope& scope) {
    const Activation active = scope.activate();
    return trace_here();
  };
  const Scope one = Scope::fork();
  const Scope two = Scope::fork();
  EXPECT_NE(trace_of(one), trace_of(two));
  EXPECT_EQ(trace_of(one), trace_of(one));
  EXPECT_NE(trace_here(), trace_of(one));
  EXPECT_EQ(trace_here(), trace_here());
}

TEST_F(Global, WhatIsSetLaterIsPartOfScopesThatWereThereBefore) {
  Options given = options();
  given.enable_logs = true;
  given.send_default_pii = true;
  given.traces_sample_rate = 1.0;
  start(given);
  const Scope scope = Scope::fork();
  scope.set_tag("both", "scope");
  scope.set_context("mixed", {{"of", "scope"}});
  const Activation active = scope.activate();
  const Scope global = Scope::global();
  const std::vector<TagView> tags{{"late", "global"}, {"both", "global"}, {"", "nothing"}};
  global.set_tags(tags);
  global.set_extra("extra", 1);
  global.set_context("late", {{"a", 1}});
  global.set_context("mixed", {{"of", "global"}, {"more", 1}});
  global.set_user({.id = "u", .email = "e@x"});
  global.set_attribute("attr", 5);
  scope.set_attribute("own", true);
  global.add_attachment({.filename = "g", .bytes = "1"});
  capture_message("m");
  log(LogLevel::kInfo, "line", {{"own", false}});
  start_transaction({.name = "t"}).finish();
  const Json e = event();
  EXPECT_EQ(e["tags"], (Json{{"late", "global"}, {"both", "scope"}}));
  EXPECT_EQ(e["extra"]["extra"], 1);
  EXPECT_EQ(e["contexts"]["late"]["a"], 1);
  EXPECT_EQ(e["contexts"]["mixed"], (Json{{"of", "scope"}}));
  EXPECT_EQ(e["user"]["email"], "e@x");
  EXPECT_EQ(transaction()["tags"]["late"], "global");
  const Json attributes = only("log")["items"][0]["attributes"];
  EXPECT_EQ(attributes["attr"]["value"], 5);
  EXPECT_EQ(attributes["own"]["value"], false);
  EXPECT_EQ(attributes["user.email"]["value"], "e@x");
  EXPECT_EQ(transport->payloads("attachment").size(), 1U);
}

TEST_F(OwnContexts, UsersOfTwoScopesAreNotMixed) {
  Options given = options();
  given.enable_logs = true;
  given.send_default_pii = true;
  start(given);
  Scope::global().set_user({.id = "svc", .username = "ops", .email = "ops@x"});
  const Scope scope = Scope::fork();
  const Activation active = scope.activate();
  scope.set_user_id("42");
  capture_message("m");
  log(LogLevel::kInfo, "line");
  EXPECT_EQ(event()["user"], (Json{{"id", "42"}}));
  const Json attributes = only("log")["items"][0]["attributes"];
  EXPECT_EQ(attributes["user.id"]["value"], "42");
  EXPECT_FALSE(attributes.contains("user.email"));
  EXPECT_FALSE(attributes.contains("user.name"));
}

TEST_F(OwnContexts, AUserWithoutAnIdIsNotGivenThatOfTheGlobalOne) {
  Options given = options();
  given.enable_logs = true;
  start(given);
  Scope::global().set_user_id("svc");
  const Scope scope = Scope::fork();
  const Activation active = scope.activate();
  scope.set_user({.username = "ann"});
  log(LogLevel::kInfo, "line");
  EXPECT_FALSE(only("log")["items"][0]["attributes"].contains("user.id"));
}

TEST_F(OwnContexts, OfAUserWithAnotherIdNothingStays) {
  Options given = options();
  given.send_default_pii = true;
  start(given);
  const Scope outer = Scope::fork();
  const Activation outer_active = outer.activate();
  outer.set_user({.username = "ann"});
  outer.set_user_id("1");
  outer.set_user_id("1");
  const Scope inner = Scope::fork();
  inner.set_user_id("2");
  {
    const Activation active = inner.activate();
    capture_message("inner");
  }
  capture_message("outer");
  const std::vector<Json> events = sent("event");
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0]["user"], (Json{{"id", "2"}}));
  EXPECT_EQ(events[1]["user"], (Json{{"id", "1"}, {"username", "ann"}}));
}

TEST_F(OwnContexts, TheUsersFieldsStandAlsoThoseOfAHook) {
  Options given = options();
  given.before_send = [](Event& e) {
    e.contexts.push_back({"", {{"a", std::int64_t{1}}}});
    e.contexts.push_back({"runtime", {{"name", std::string{"lua"}}, {"", std::string{"x"}}}});
    e.tags.emplace_back("", "x");
    return true;
  };
  start(given);
  set_context("os", {{"name", "mine"}, {"flavour", 7}});
  set_context("device", {{"rack", "r1"}});
  set_context("", {{"a", 1}});
  set_context(std::string_view{"a\x1f", 2}, {{"a", 1}});
  set_context("odd", {{"", 1}, {"kept", 2}});
  set_extra("", 1);
  set_tag("", "x");
  capture_message("m", Level::kInfo, {.tags = {{"", "y"}}, .extra = {{"", 1}}});
  const Json e = event();
  const Json& contexts = e["contexts"];
  EXPECT_EQ(contexts["os"]["name"], "mine");
  EXPECT_EQ(contexts["os"]["flavour"], 7);
  EXPECT_TRUE(contexts["os"].contains("version"));
  EXPECT_EQ(contexts["runtime"]["name"], "lua");
  EXPECT_TRUE(contexts["runtime"].contains("version"));
  EXPECT_EQ(contexts["device"]["rack"], "r1");
  EXPECT_TRUE(contexts["device"].contains("processor_count"));
  EXPECT_EQ(contexts["odd"], (Json{{"kept", 2}}));
  EXPECT_EQ(contexts.size(), 5U);  // with the trace
  EXPECT_TRUE(e.value("tags", Json::object()).empty());
  EXPECT_FALSE(e.contains("extra"));
}

TEST_F(Logentry, AMessageHasItsTemplateAndParameters) {
  start();
  capture_formatted("order {} of {} {{}} costs {} {}", {42, "jo", 1.5, true}, Level::kWarning);
  const Json e = event();
  EXPECT_FALSE(e.contains("message"));
  EXPECT_EQ(e["logentry"]["message"], "order {} of {} {{}} costs {} {}");
  EXPECT_EQ(e["logentry"]["params"], (Json{42, "jo", 1.5, true}));
  EXPECT_EQ(e["logentry"]["formatted"], "order 42 of jo {} costs 1.5 true");
  EXPECT_EQ(e["level"], "warning");
}

TEST_F(Logentry, APlainMessageIsItsOwnTemplate) {
  start();
  capture_message("it {} happened");
  EXPECT_EQ(event()["logentry"],
            (Json{{"message", "it {} happened"}, {"formatted", "it {} happened"}}));
}

TEST_F(Logentry, WhatIsMaskedInTheTextIsMaskedAmongTheParameters) {
  start();
  capture_formatted("login with password={} by {}", {"hunter2", "jo"});
  capture_formatted("too few {} {}", {"a"});
  const std::vector<Json> all = sent("event");
  ASSERT_EQ(all.size(), 2U);
  EXPECT_THAT(all[0].dump(), Not(HasSubstr("hunter2")));
  EXPECT_EQ(all[0]["logentry"]["params"][1], "jo");
  EXPECT_EQ(all[1]["logentry"]["formatted"], "too few a {}");
}

TEST_F(Logentry, AParameterThatTheTextHasLostIsMasked) {
  Options given = options();
  given.before_send = [](Event& event) {
    if (event.message.starts_with("hidden")) event.message = "somebody came";
    return true;
  };
  start(std::move(given));
  capture_formatted("{} password={}", {std::string(detail::kMaxValueSize, 'x'), "hunter2"});
  capture_formatted("hidden {} {} {}", {"hunter2", true, std::nan("")});
  const std::vector<Json> all = sent("event");
  ASSERT_EQ(all.size(), 2U);
  for (const Json& one : all)
    EXPECT_THAT(one.dump(), Not(HasSubstr("hunter2")));
  EXPECT_EQ(all[1]["logentry"]["params"], (Json{"[Filtered]", true, nullptr}));
}

TEST(Names, OfReleasesThatSentryWouldRefuse) {
  using detail::fault_in_release;
  for (const std::string& good :
       std::vector<std::string>{"", "app@1.2.3", "1.0", "app@1.0+build.7", "latest-1", "a b", "...",
                                std::string(200, 'x')}) {
    EXPECT_EQ(fault_in_release(good), "") << good;
  }
  for (const std::string& bad :
       std::vector<std::string>{"feature/x@1", "a\\b", ".", "..", "latest", "LATEST", "a\nb",
                                "a\tb", "a\x7f", std::string(201, 'x')}) {
    EXPECT_NE(fault_in_release(bad), "") << bad;
  }
  for (const std::string& bad :
       std::vector<std::string>{"a b", "a/b", "none", "None", "a\nb", std::string(65, 'x')}) {
    EXPECT_NE(detail::fault_in_environment(bad), "") << bad;
  }
  EXPECT_EQ(detail::fault_in_environment("production-eu.1"), "");
  EXPECT_EQ(detail::fault_in_dist("14G60"), "");
  EXPECT_NE(detail::fault_in_dist("a b"), "");
}

TEST_F(Extras, NamesAreTrimmedAndThoseThatAreRefusedAreSaidAndLeftOut) {
  Options given = options();
  given.dsn = " \t" + given.dsn + "\r\n";
  given.release = "app@1.2.3\n";
  given.environment = "a b";
  ::testing::internal::CaptureStderr();
  start(given);
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("environment"));
  EXPECT_TRUE(guard.active());
  capture_message("m");
  const Json e = event();
  EXPECT_EQ(e["release"], "app@1.2.3");
  EXPECT_FALSE(e.contains("environment"));
}

TEST_F(Extras, AStartThatFailsIsSaidThoughNobodyLooks) {
  ::testing::internal::CaptureStderr();
  {
    const auto ignored = init({.dsn = "not a dsn"});
    EXPECT_FALSE(ignored);
  }
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("not started"));
  EXPECT_FALSE(Guard{}.active());
}

TEST_F(Extras, WhatIsIgnoredIsNotSentAndCounted) {
  Options given = options();
  given.ignore_errors = {"runtime_error", "*timed out*"};
  given.ignore_transactions = {"GET /health*"};
  given.traces_sample_rate = 1.0;
  start(given);
  capture_exception(std::runtime_error{"a"});
  capture_exception(std::logic_error{"it timed out again"});
  capture_exception(std::logic_error{"b"});
  capture_message("it timed out");
  start_transaction({.name = "GET /healthz"}).finish();
  start_transaction({.name = "GET /api"}).finish();
  EXPECT_EQ(event()["exception"]["values"][0]["value"], "b");
  EXPECT_EQ(transaction()["transaction"], "GET /api");
  EXPECT_EQ(counted(Category::kError, Outcome::kBeforeSend), 3U);
  EXPECT_EQ(counted(Category::kTransaction, Outcome::kBeforeSend), 1U);
}

TEST_F(Extras, ARuleThatIsNoGlobIsAFaultAtTheStart) {
  Options given = options();
  given.ignore_errors = {"[a"};
  ::testing::internal::CaptureStderr();
  EXPECT_FALSE(init(std::move(given)));
  ::testing::internal::GetCapturedStderr();
}

TEST_F(Extras, TheErrorSamplerDecidesForEachEvent) {
  Options given = options();
  given.dist = "d1";
  given.sample_rate = 0.0;
  given.errors_sampler = [](const Event& e) {
    if (e.message == "throw") throw std::runtime_error{"x"};
    return e.message == "keep" ? 1.0 : e.message == "drop" ? 0.0 : 5.0;
  };
  start(given);
  for (const char* text : {"keep", "drop", "throw", "odd"})
    capture_message(text);
  const Json e = event();
  EXPECT_EQ(e["logentry"]["formatted"], "keep");
  EXPECT_EQ(e["dist"], "d1");
  EXPECT_EQ(counted(Category::kError, Outcome::kSampled), 3U);
}

TEST_F(Extras, FlagsAreThereNewestLastAndBounded) {
  start();
  for (int i = 0; i < 120; ++i)
    set_flag("f" + std::to_string(i), false);
  set_flag("f50", true);
  capture_message("m");
  const Json values = event()["contexts"]["flags"]["values"];
  ASSERT_EQ(values.size(), 100U);
  EXPECT_EQ(values[0]["flag"], "f20");
  EXPECT_EQ(values[99], (Json{{"flag", "f50"}, {"result", true}}));
}

TEST_F(Extras, FlagsOfBothScopesAreBoundedTogetherTheNewestStay) {
  start();
  for (int i = 0; i < 100; ++i)
    Scope::global().set_flag("of-all-" + std::to_string(i), true);
  const Scope scope = Scope::fork();
  const auto active = scope.activate();
  for (int i = 0; i < 60; ++i)
    scope.set_flag("own-" + std::to_string(i), false);
  capture_message("x");
  const Json flags = event()["contexts"]["flags"]["values"];
  ASSERT_EQ(flags.size(), 100U);
  EXPECT_EQ(flags[0]["flag"], "of-all-60");
  EXPECT_EQ(flags[99]["flag"], "own-59");
}

TEST_F(Extras, TheUsersFieldsStandInTheContextsOfTraceAndFlagsToo) {
  start();
  set_context("trace", {{"tenant", "seven"}, {"trace_id", "mine"}});
  set_context("flags", {{"source", "file"}, {"values", "mine"}});
  Scope::current().set_flag("new", true);
  capture_message("x");
  const Json contexts = event()["contexts"];
  EXPECT_EQ(contexts["trace"]["tenant"], "seven");
  EXPECT_EQ(contexts["trace"]["trace_id"].get<std::string>().size(), 32U);
  EXPECT_EQ(contexts["flags"]["source"], "file");
  EXPECT_EQ(contexts["flags"]["values"][0]["flag"], "new");
}

TEST_F(Organisation, ItsOptionIsTrimmed) {
  Options given = options();
  given.org_id = " 77\n";
  start(std::move(given));
  const std::string baggage = outgoing_trace("https://peer/").baggage;
  EXPECT_NE((baggage + ',').find("sentry-org_id=77,"), std::string::npos) << baggage;
}

TEST_F(Extras, SpansAreLinked) {
  Options given = options();
  given.traces_sample_rate = 1.0;
  start(given);
  const Span other = start_transaction({.name = "other"});
  const Span span = start_transaction({.name = "t"});
  span.add_link(other, "previous_trace");
  const Span child = span.start_child("op");
  child.add_link(other.trace_id(), other.span_id());
  child.add_link(TraceId{}, SpanId{});
  child.finish();
  span.finish();
  const Json t = transaction();
  const Json links = t["contexts"]["trace"]["links"];
  ASSERT_EQ(links.size(), 1U);
  EXPECT_EQ(links[0]["trace_id"], other.trace_id().str());
  EXPECT_EQ(links[0]["span_id"], other.span_id().str());
  EXPECT_EQ(links[0]["sampled"], true);
  EXPECT_EQ(links[0]["attributes"]["sentry.link.type"], "previous_trace");
  ASSERT_EQ(t["spans"][0]["links"].size(), 1U);
  EXPECT_EQ(t["spans"][0]["links"][0]["sampled"], false);
}

TEST_F(Extras, ARunMayBeginAndEndInDifferentPlaces) {
  start();
  const EventId run = check_in("Nightly Job", CheckInStatus::kInProgress,
                               {.monitor = {.schedule = every(std::chrono::hours{1})}});
  EXPECT_EQ(check_in("Nightly Job", CheckInStatus::kError, {.id = run, .duration = 90s}), run);
  EXPECT_FALSE(check_in("", CheckInStatus::kOk));
  const std::vector<Json> all = sent("check_in");
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0]["status"], "in_progress");
  EXPECT_FALSE(all[0].contains("duration"));
  EXPECT_EQ(all[0]["monitor_config"]["schedule"]["unit"], "hour");
  EXPECT_EQ(all[1]["status"], "error");
  EXPECT_EQ(all[1]["duration"], 90.0);
  EXPECT_EQ(all[1]["check_in_id"], all[0]["check_in_id"]);
  EXPECT_EQ(all[1]["monitor_slug"], "nightly-job");
}

TEST_F(Extras, HeadersAreReadWhenAnEventNeedsThemAndScrubbed) {
  start();
  int reads = 0;
  const HeaderSource source{&reads,
                            [](const void* request, void* sink, HeaderSource::Take take) noexcept {
                              ++*static_cast<int*>(const_cast<void*>(request));
                              take(sink, "User-Agent", "curl/8");
                              take(sink, "Host", "api.example");
                              take(sink, "Cookie", "sid=s3cr3t");
                              take(sink, "Authorization", "Bearer abcdefghij");
                              take(sink, "", "x");
                            }};
  const Scope scope = Scope::fork();
  const Activation active = scope.activate();
  const Borrowed facts{.tags = {}, .request = {.method = "GET", .header_source = source}};
  scope.borrow(facts);
  EXPECT_EQ(reads, 0);
  capture_message("m");
  scope.end_loan();
  EXPECT_EQ(reads, 1);
  const Json e = event();
  EXPECT_EQ(e["request"]["headers"]["User-Agent"], "curl/8");
  EXPECT_EQ(e["request"]["headers"]["Host"], "api.example");
  EXPECT_THAT(e.dump(), Not(HasSubstr("s3cr3t")));
  EXPECT_THAT(e.dump(), Not(HasSubstr("abcdefghij")));
}

TEST_F(Extras, OneContextTakesTheLogLinesIdsAlong) {
  std::optional<Context> context;
  {
    std::string id = "request-1";  // gone before the task runs
    const context::detail::LogIdsActivation active{{id, kTrace}};
    context = Context::current();
    id.assign(id.size(), '#');
  }
  std::thread{[&context] {
    {
      const Context::Active active = context->activate();
      EXPECT_EQ(context::detail::log_ids().request_id, "request-1");
      EXPECT_EQ(context::detail::log_ids().trace_id, kTrace);
    }
    EXPECT_THAT(context::detail::log_ids().request_id, IsEmpty());
  }}.join();
}

}  // namespace
}  // namespace vitals::sentry
