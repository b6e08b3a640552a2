// What crosses a service that only listens: headers in, headers out.
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>

#include "context/baggage.h"
#include "context/runtime.h"
#include "tests/unit/failing_memory.h"
#include "vitals/context/listener.h"
#include "vitals/context/scope.h"

namespace vitals::context {
namespace {

using namespace std::chrono_literals;

/// A backend that sends no baggage of its own, as OTLP's.
class PlainListener final : public Listener {
 public:
  explicit PlainListener(const Propagators& propagators = {}, std::optional<double> rate = 1.0)
      : settings_{.traces_sample_rate = rate, .propagators = propagators} {
    EXPECT_TRUE(start_listening(*this, &settings_));
  }
  ~PlainListener() override {
    EXPECT_TRUE(stop_listening(*this, std::chrono::steady_clock::now() + 5s));
  }
  EventId captured(const Capture&) noexcept override { return {}; }
  void finished(const SharedTransaction&) noexcept override {}

 private:
  const Settings settings_;
};

const std::string kTraceText = "771a43a4192642f0b136d5159a501700";
const std::string kCaller = kTraceText + "-1234567890abcdef";
const std::string kW3c = "00-" + kCaller + "-01";

Span serve(const IncomingTrace& incoming) {
  return start_transaction({.name = "GET /eggs", .op = "http.server"}, incoming);
}

TraceHeaders sent_from(const Span& span, std::string_view existing = {}) {
  const SpanActivation active = span.activate();
  return outgoing_trace("https://peer/", existing);
}

TraceHeaders passed_through(const IncomingTrace& incoming, std::string_view existing = {}) {
  return sent_from(serve(incoming), existing);
}

std::string ids_of(const Span& span) {
  return span.trace_id().str() + '-' + span.span_id().str();
}

TEST(PassingOn, TracestateAndBaggageGoOnHoweverTheTraceIsSampled) {
  for (const std::optional<double> rate :
       {std::optional{1.0}, std::optional{0.0}, std::optional<double>{}}) {
    const PlainListener listener{{}, rate};
    for (const std::string flags : {"00", "01", "02", "03"}) {
      HeaderLines state{"rojo=1"};
      state.add("congo=2");
      const std::string traceparent = "00-" + kCaller + '-' + flags;
      const Span span = serve(
          {.baggage = "tenant=blue;p=1,x=y", .traceparent = traceparent, .tracestate = state});
      const TraceHeaders sent = sent_from(span);
      EXPECT_EQ(sent.tracestate, "rojo=1,congo=2");
      EXPECT_EQ(sent.baggage, "tenant=blue;p=1,x=y");
      EXPECT_EQ(sent.traceparent, "00-" + ids_of(span) + '-' + flags);
      EXPECT_EQ(span.trace_id().str(), kTraceText);
      EXPECT_EQ(span.tracestate(), "rojo=1,congo=2");
      const Span part = span.start_child("http.client");
      EXPECT_EQ(sent_from(part).tracestate, "rojo=1,congo=2");
      EXPECT_EQ(sent_from(part).baggage, "tenant=blue;p=1,x=y");
    }
  }
}

TEST(PassingOn, TracestateIsDroppedWithoutTheTraceparentThatItBelongsTo) {
  const PlainListener listener{{.b3 = true}};
  const std::string other = "00-00000000000000000000000000000001-1234567890abcdef-01";
  EXPECT_EQ(passed_through({.traceparent = "00-garbage", .tracestate = "a=1"}).tracestate, "");
  EXPECT_EQ(passed_through({.tracestate = "a=1"}).tracestate, "");
  EXPECT_EQ(passed_through({.sentry_trace = kCaller, .tracestate = "a=1"}).tracestate, "");
  EXPECT_EQ(passed_through({.tracestate = "a=1", .b3 = kCaller}).tracestate, "");
  const TraceHeaders mixed =
      passed_through({.sentry_trace = kCaller, .traceparent = other, .tracestate = "a=1"});
  EXPECT_EQ(mixed.tracestate, "") << "of another trace";
  EXPECT_EQ(mixed.sentry_trace.substr(0, 32), kTraceText);
  // One of ours in front sends both forms of the same trace.
  EXPECT_EQ(passed_through({.sentry_trace = kCaller, .traceparent = kW3c, .tracestate = "a=1"})
                .tracestate,
            "a=1");
}

TEST(PassingOn, AnInvalidTracestateLeavesTheTraceAsItIs) {
  const PlainListener listener;
  const TraceHeaders sent = passed_through({.traceparent = kW3c, .tracestate = "a=1,B=2"});
  EXPECT_EQ(sent.tracestate, "");
  EXPECT_EQ(sent.traceparent.substr(3, 32), kTraceText);
}

TEST(PassingOn, BaggageGoesOnWithoutATraceToo) {
  const PlainListener listener;
  const TraceHeaders sent = passed_through({.baggage = "a=1,sentry-trace_id=old"});
  EXPECT_EQ(sent.baggage, "a=1") << "Sentry's is of a trace that ends here";
  EXPECT_EQ(passed_through({.baggage = "a=1", .traceparent = "garbage"}).baggage, "a=1");
}

TEST(PassingOn, SentrysBaggageGoesOnWithItsTraceWhereNobodyReadsIt) {
  const PlainListener listener;
  const std::string members = "a=1,sentry-trace_id=" + kTraceText + ",sentry-sampled=true";
  EXPECT_EQ(passed_through({.sentry_trace = kCaller, .baggage = members}).baggage, members);
}

TEST(PassingOn, WhatTheRequestHasAlreadyStandsFirst) {
  const PlainListener listener;
  EXPECT_EQ(passed_through({.baggage = "a=1,b=2"}, "b=3;p,c=4").baggage, "b=3;p,c=4,a=1");
}

TEST(PassingOn, TheRandomFlagIsTheCallersOrOursOfATraceThatBeganHere) {
  const PlainListener listener{{.b3 = true}};
  EXPECT_TRUE(passed_through({}).traceparent.ends_with("-03"));
  EXPECT_TRUE(passed_through({.traceparent = "garbage"}).traceparent.ends_with("-03"));
  EXPECT_TRUE(passed_through({.traceparent = kW3c}).traceparent.ends_with("-01"));
  EXPECT_TRUE(passed_through({.sentry_trace = kCaller + "-1"}).traceparent.ends_with("-01"));
  EXPECT_TRUE(passed_through({.b3 = kCaller + "-1"}).traceparent.ends_with("-01"));
  EXPECT_TRUE(passed_through({.b3 = "1"}).traceparent.ends_with("-03"));
  const std::string random = "00-" + kCaller + "-02";
  EXPECT_TRUE(passed_through({.sentry_trace = kCaller + "-1", .traceparent = random})
                  .traceparent.ends_with("-03"));
  EXPECT_TRUE(outgoing_trace("https://peer/").traceparent.ends_with("-02")) << "outside of spans";
}

TEST(PassingOn, OfSeveralFormatsTheFirstThatParsesIsBelieved) {
  const PlainListener listener{{.b3 = true, .b3_multi = true}};
  const auto id = [](char digit) { return std::string(32, digit); };
  const std::string span = "-1234567890abcdef";
  IncomingTrace all{.sentry_trace = "s",
                    .traceparent = "t",
                    .b3 = "b",
                    .x_b3_span_id = std::string_view{span}.substr(1)};
  const std::string multi = id('4');
  all.x_b3_trace_id = multi;
  EXPECT_EQ(serve(all).trace_id().str(), id('4'));
  const std::string b3 = id('3') + span;
  all.b3 = b3;
  EXPECT_EQ(serve(all).trace_id().str(), id('3'));
  const std::string w3c = "00-" + id('2') + span + "-01";
  all.traceparent = w3c;
  EXPECT_EQ(serve(all).trace_id().str(), id('2'));
  const std::string sentry = id('1') + span;
  all.sentry_trace = sentry;
  EXPECT_EQ(serve(all).trace_id().str(), id('1'));
}

TEST(PassingOn, AB3DecisionAloneIsOneOnATraceThatBeginsHere) {
  const PlainListener half{{.b3 = true}, 0.5};
  for (int i = 0; i < 20; ++i) {
    const Span denied = serve({.b3 = "0"});
    EXPECT_FALSE(denied.sampled());
    EXPECT_NE(denied.trace_id().str(), serve({.b3 = "0"}).trace_id().str());
    EXPECT_EQ(sent_from(denied).b3, ids_of(denied) + "-0");
    EXPECT_TRUE(serve({.b3 = "1"}).sampled());
    EXPECT_FALSE(serve({.x_b3_sampled = "0"}).sampled());
    EXPECT_TRUE(serve({.x_b3_flags = "1"}).sampled());
  }
}

TEST(PassingOn, B3sDebugGoesOnWhereTheTraceIsKept) {
  const PlainListener listener{{.b3 = true, .b3_multi = true}};
  const Span span = serve({.b3 = kCaller + "-d"});
  EXPECT_TRUE(span.sampled());
  const TraceHeaders sent = sent_from(span);
  EXPECT_EQ(sent.b3, ids_of(span) + "-d");
  EXPECT_EQ(sent.x_b3_trace_id, kTraceText);
  EXPECT_EQ(sent.x_b3_span_id, span.span_id().str());
  EXPECT_EQ(sent.x_b3_flags, "1");
  EXPECT_EQ(sent.x_b3_sampled, "");
  EXPECT_TRUE(sent.sentry_trace.ends_with("-1"));
}

TEST(PassingOn, OnlyTheFormatsThatAreWantedAreReadAndWritten) {
  struct Case {
    Propagators wanted;
    std::string written;  // the first letters of those that are
  };
  for (const Case& one :
       {Case{{}, "sbtT"}, Case{{.sentry = false}, "btT"}, Case{{.tracecontext = false}, "sb"},
        Case{{.baggage = false}, "stT"}, Case{{.b3 = true}, "sbtT3"},
        Case{{.sentry = false, .tracecontext = false, .baggage = false, .b3_multi = true}, "m"},
        Case{{false, false, false, false, false}, ""}}) {
    const PlainListener listener{one.wanted};
    const TraceHeaders sent =
        passed_through({.baggage = "a=1", .traceparent = kW3c, .tracestate = "s=1"});
    std::string written;
    if (!sent.sentry_trace.empty()) written += 's';
    if (!sent.baggage.empty()) written += 'b';
    if (!sent.traceparent.empty()) written += 't';
    if (!sent.tracestate.empty()) written += 'T';
    if (!sent.b3.empty()) written += '3';
    if (!sent.x_b3_trace_id.empty()) written += 'm';
    EXPECT_EQ(written, one.written);
    const auto reads = [](const IncomingTrace& from) {
      return serve(from).trace_id().str() == kTraceText;
    };
    EXPECT_EQ(reads({.sentry_trace = kCaller}), one.wanted.sentry);
    EXPECT_EQ(reads({.traceparent = kW3c}), one.wanted.tracecontext);
    const bool b3 = one.wanted.b3 || one.wanted.b3_multi;
    EXPECT_EQ(reads({.b3 = kCaller}), b3);
    EXPECT_EQ(reads({.x_b3_trace_id = kTraceText, .x_b3_span_id = "1234567890abcdef"}), b3);
    EXPECT_EQ(passed_through({}, "own=1").baggage, "own=1") << "the request's own is not ours";
  }
}

TEST(PassingOn, TheSettingsInUseAreTheFirstListeners) {
  const PlainListener first{{.b3 = true}};
  {
    const PlainListener second{{.tracecontext = false}};
    EXPECT_TRUE((detail::propagators() == Propagators{.b3 = true}));
  }
  EXPECT_TRUE((detail::propagators() == Propagators{.b3 = true}));
}

TEST(PassingOn, AMemberOfTheCallersBaggageCanBeAskedFor) {
  const PlainListener listener;
  EXPECT_EQ(current_span().baggage_item("tenant"), std::nullopt);
  const Span span = serve({.baggage = "tenant=J%C3%BCrgen;p=1,x=", .traceparent = kW3c});
  const SpanActivation active = span.activate();
  EXPECT_EQ(current_span().baggage_item("tenant"), "J\xc3\xbcrgen");
  EXPECT_EQ(start_span("db").baggage_item("x"), "");
  EXPECT_EQ(span.baggage_item("y"), std::nullopt);
  EXPECT_EQ(serve({}).baggage_item("tenant"), std::nullopt);
}

TEST(PassingOn, CostsNothingWhereNothingCame) {
  const PlainListener listener{{.b3 = true}, 0.0};
  const unit::FailingMemory memory{1};  // the second allocation fails
  const Span span = serve({});
  EXPECT_TRUE(span);
  EXPECT_FALSE(memory.failed());
}

TEST(PassingOn, WithoutMemoryForItATraceBeginsHere) {
  const PlainListener listener{{}, 0.0};
  const std::string members = "tenant=" + std::string(100, 'b');
  const std::string state = "rojo=" + std::string(100, 'c');
  const std::string unsampled = "00-" + kCaller + "-00";
  bool failed = true;
  for (std::size_t after = 1; failed; ++after) {
    Span span;
    {
      const unit::FailingMemory memory{after};
      span = serve({.baggage = members, .traceparent = unsampled, .tracestate = state});
      failed = memory.failed();
    }
    ASSERT_TRUE(span);
    EXPECT_EQ(span.trace_id().str() == kTraceText, !failed) << after;
    EXPECT_EQ(span.tracestate(), failed ? "" : state) << after;
    EXPECT_EQ(span.baggage(), failed ? "" : members) << after;
    EXPECT_EQ(span.traceparent().substr(53), failed ? "02" : "00") << after;
  }
}

TEST(PassingOn, OfHostileHeadersNothingGoesOnThatWouldBreakOne) {
  const PlainListener listener{{.b3 = true, .b3_multi = true}};
  const std::string evil = "a=1\r\nEvil: 1";
  const std::string huge(1'000'000, ',');
  for (const std::string& text : {evil, huge + "b=2", std::string(1'000'000, 'x'),
                                  std::string("a=\0\xff\x01", 5), std::string(1'000'000, '-')}) {
    const TraceHeaders sent = passed_through({.sentry_trace = text,
                                              .baggage = text,
                                              .traceparent = kW3c,
                                              .tracestate = text,
                                              .b3 = text,
                                              .x_b3_trace_id = text,
                                              .x_b3_span_id = text,
                                              .x_b3_sampled = text,
                                              .x_b3_flags = text});
    EXPECT_EQ(sent.traceparent.substr(3, 32), kTraceText);
    sent.for_each([](std::string_view name, const std::string& value) {
      EXPECT_TRUE(detail::is_printable(value)) << name;
      EXPECT_LE(value.size(), 100U) << name;
    });
  }
}

}  // namespace
}  // namespace vitals::context
