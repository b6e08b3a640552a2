#include "context/propagation.h"

#include <gtest/gtest.h>

#include <string>

namespace vitals::context::detail {
namespace {

constexpr const char* kTrace = "771a43a4192642f0b136d5159a501700";
constexpr const char* kSpan = "1234567890abcdef";
std::string ids() {
  return std::string{kTrace} + '-' + kSpan;
}

TEST(SentryTrace, IsReadWithAndWithoutADecision) {
  const auto plain = parse_sentry_trace(ids());
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->trace_id.str(), kTrace);
  EXPECT_EQ(plain->span_id.str(), kSpan);
  EXPECT_EQ(plain->decision, Decision::kNone);
  EXPECT_EQ(parse_sentry_trace(ids() + "-1")->decision, Decision::kYes);
  EXPECT_EQ(parse_sentry_trace(" " + ids() + "-0\t")->decision, Decision::kNo);
}

TEST(SentryTrace, RefusesWhatIsNotOne) {
  const std::string zeros(32, '0');
  for (const std::string& bad :
       {std::string{}, std::string{"-"}, ids().substr(1), ids() + "-", ids() + "-2", ids() + "-11",
        ids() + "x", "x" + ids(), zeros + '-' + kSpan, std::string{kTrace} + "-0000000000000000",
        std::string{"771A43A4192642F0B136D5159A501700-"} + kSpan, std::string(100000, 'a'),
        ids() + std::string(1, '\0'), std::string(49, '-'), std::string{kTrace} + '_' + kSpan}) {
    EXPECT_FALSE(parse_sentry_trace(bad)) << bad.substr(0, 80);
  }
}

TEST(Traceparent, IsReadWithItsFlag) {
  EXPECT_EQ(parse_traceparent("00-" + ids() + "-01")->decision, Decision::kYes);
  EXPECT_EQ(parse_traceparent("00-" + ids() + "-00")->decision, Decision::kNo);
  EXPECT_EQ(parse_traceparent("00-" + ids() + "-fe")->decision, Decision::kNo);
  EXPECT_EQ(parse_traceparent("00-" + ids() + "-01")->trace_id.str(), kTrace);
}

TEST(Traceparent, SaysWhetherTheIdIsRandom) {
  EXPECT_TRUE(parse_traceparent("00-" + ids() + "-02")->random);
  EXPECT_TRUE(parse_traceparent("00-" + ids() + "-ff")->random);
  EXPECT_TRUE(parse_traceparent("01-" + ids() + "-03-more")->random);
  EXPECT_FALSE(parse_traceparent("00-" + ids() + "-01")->random);
  EXPECT_FALSE(parse_traceparent("00-" + ids() + "-20")->random);
}

TEST(Traceparent, OfALaterVersionMaySayMore) {
  EXPECT_TRUE(parse_traceparent("01-" + ids() + "-01-more"));
  EXPECT_FALSE(parse_traceparent("01-" + ids() + "-01more"));
}

TEST(Traceparent, RefusesWhatIsNotOne) {
  const std::string zeros(32, '0');
  for (const std::string& bad :
       {std::string{}, "00-" + ids(), "ff-" + ids() + "-01", "00-" + ids() + "-01-more",
        "0-" + ids() + "-01", "00-" + zeros + '-' + kSpan + "-01", "00-" + ids() + "-0x",
        "zz-" + ids() + "-01", std::string(55, '-'), std::string(100000, '0')}) {
    EXPECT_FALSE(parse_traceparent(bad)) << bad.substr(0, 80);
  }
}

constexpr const char* kShort = "b136d5159a501700";
constexpr const char* kPadded = "0000000000000000b136d5159a501700";

TEST(B3, OfOneHeaderIsReadInEachOfItsForms) {
  struct Case {
    std::string text;
    const char* trace;  // null: a decision alone
    Decision decision;
    bool debug;
  };
  for (const Case& one :
       {Case{ids(), kTrace, Decision::kNone, false},
        Case{ids() + "-1", kTrace, Decision::kYes, false},
        Case{ids() + "-0", kTrace, Decision::kNo, false},
        Case{ids() + "-d", kTrace, Decision::kYes, true},
        Case{ids() + "-1-05e3ac9a4f6e3b90", kTrace, Decision::kYes, false},
        Case{ids() + "-05e3ac9a4f6e3b90", kTrace, Decision::kNone, false},
        Case{std::string{kShort} + '-' + kSpan, kPadded, Decision::kNone, false},
        Case{std::string{kShort} + '-' + kSpan + "-d", kPadded, Decision::kYes, true},
        Case{" " + ids() + "-0\t", kTrace, Decision::kNo, false},
        Case{"0", nullptr, Decision::kNo, false}, Case{"1", nullptr, Decision::kYes, false},
        Case{"d", nullptr, Decision::kYes, true}}) {
    const auto read = parse_b3(one.text);
    ASSERT_TRUE(read) << one.text;
    if (one.trace != nullptr) {
      EXPECT_EQ(read->trace_id.str(), one.trace) << one.text;
      EXPECT_EQ(read->span_id.str(), kSpan) << one.text;
    } else {
      EXPECT_FALSE(read->trace_id) << one.text;
    }
    EXPECT_EQ(read->decision, one.decision) << one.text;
    EXPECT_EQ(read->debug, one.debug) << one.text;
    EXPECT_FALSE(read->random) << one.text;
  }
}

TEST(B3, OfOneHeaderRefusesWhatIsNotOne) {
  for (const std::string& bad : {std::string{},
                                 std::string{"-"},
                                 std::string{"2"},
                                 std::string{"D"},
                                 std::string{"true"},
                                 std::string{"0-"},
                                 std::string{"-0"},
                                 std::string{kTrace},
                                 ids().substr(1),
                                 ids().substr(0, 48),
                                 ids() + "-",
                                 ids() + "-2",
                                 ids() + "-11",
                                 ids() + "-1-",
                                 ids() + "-1-05e3ac9a4f6e3b9",
                                 ids() + "-1-05e3ac9a4f6e3b9g",
                                 ids() + "-1-1",
                                 ids() + "-1-05e3ac9a4f6e3b90-1",
                                 ids() + "-05E3AC9A4F6E3B90",
                                 ids() + std::string(1, '\0'),
                                 std::string{"771A43A4192642F0B136D5159A501700-"} + kSpan,
                                 std::string{kTrace} + "-1234567890ABCDEF",
                                 std::string(32, '0') + '-' + kSpan,
                                 std::string(16, '0') + '-' + kSpan,
                                 std::string{kShort} + "-0000000000000000",
                                 std::string{kShort} + "00-" + kSpan,
                                 std::string(100000, 'a'),
                                 std::string(100000, '-'),
                                 std::string{"\r\nEvil: 1"}}) {
    EXPECT_FALSE(parse_b3(bad)) << bad.substr(0, 80);
  }
}

TEST(B3, OfSeveralHeadersIsReadInEachOfItsForms) {
  struct Case {
    std::string_view sampled;
    std::string_view flags;
    Decision decision;
    bool debug;
  };
  for (const Case& one :
       {Case{"", "", Decision::kNone, false}, Case{"1", "", Decision::kYes, false},
        Case{"0", "", Decision::kNo, false}, Case{"d", "", Decision::kYes, true},
        Case{"true", "", Decision::kYes, false}, Case{"False", "", Decision::kNo, false},
        Case{"", "1", Decision::kYes, true}, Case{"0", "1", Decision::kYes, true},
        Case{" 1 ", "0", Decision::kYes, false},
        // As if it were not there.
        Case{"2", "x", Decision::kNone, false}, Case{"yes", "11", Decision::kNone, false}}) {
    for (const std::string_view trace : {kTrace, kShort}) {
      const auto read = parse_b3_multi({.x_b3_trace_id = trace,
                                        .x_b3_span_id = kSpan,
                                        .x_b3_sampled = one.sampled,
                                        .x_b3_flags = one.flags});
      ASSERT_TRUE(read) << one.sampled;
      EXPECT_EQ(read->trace_id.str(), trace == kTrace ? kTrace : kPadded);
      EXPECT_EQ(read->span_id.str(), kSpan);
      EXPECT_EQ(read->decision, one.decision) << one.sampled << ' ' << one.flags;
      EXPECT_EQ(read->debug, one.debug) << one.sampled << ' ' << one.flags;
    }
    const auto alone = parse_b3_multi({.x_b3_sampled = one.sampled, .x_b3_flags = one.flags});
    EXPECT_EQ(alone.has_value(), one.decision != Decision::kNone) << one.sampled;
    EXPECT_FALSE(alone && alone->trace_id);
  }
}

TEST(B3, OfSeveralHeadersRefusesIdsThatAreNone) {
  struct Case {
    std::string trace;
    std::string span;
  };
  for (const Case& one :
       {Case{kTrace, ""}, Case{"", kSpan}, Case{kTrace, "0000000000000000"},
        Case{std::string(32, '0'), kSpan}, Case{"771A43A4192642F0B136D5159A501700", kSpan},
        Case{kTrace, "1234567890ABCDEF"}, Case{"b136d5159a50170", kSpan},
        Case{std::string{kTrace} + "00", kSpan}, Case{kTrace, std::string{kSpan} + "00"},
        Case{std::string(100000, 'a'), kSpan}, Case{"\r\nEvil: 1", "\xff\x01"}}) {
    EXPECT_FALSE(
        parse_b3_multi({.x_b3_trace_id = one.trace, .x_b3_span_id = one.span, .x_b3_sampled = "1"}))
        << one.trace.substr(0, 80);
  }
}

TEST(WrittenIds, SayTheSameWhenTheyAreReadAgain) {
  SpanContext span = *parse_sentry_trace(ids());
  struct Case {
    Decision decision;
    bool debug;
    bool random;
    std::string sentry;
    std::string w3c;
    std::string b3;
  };
  for (const Case& one : {Case{Decision::kNone, false, false, "", "00", ""},
                          Case{Decision::kNone, false, true, "", "02", ""},
                          Case{Decision::kYes, false, false, "-1", "01", "-1"},
                          Case{Decision::kYes, true, true, "-1", "03", "-d"},
                          Case{Decision::kNo, false, true, "-0", "02", "-0"},
                          // What was forced, and is left out here all the same.
                          Case{Decision::kNo, true, false, "-0", "00", "-0"}}) {
    span.decision = one.decision;
    span.debug = one.debug;
    span.random = one.random;
    EXPECT_EQ(sentry_trace_of(span), ids() + one.sentry);
    EXPECT_EQ(traceparent_of(span), "00-" + ids() + '-' + one.w3c);
    EXPECT_EQ(b3_of(span), ids() + one.b3);
    TraceHeaders headers;
    write_ids(span, {.sentry = false, .tracecontext = false, .b3_multi = true}, headers);
    EXPECT_EQ(headers.sentry_trace + headers.traceparent + headers.b3, "");
    const auto read = parse_b3_multi({.x_b3_trace_id = headers.x_b3_trace_id,
                                      .x_b3_span_id = headers.x_b3_span_id,
                                      .x_b3_sampled = headers.x_b3_sampled,
                                      .x_b3_flags = headers.x_b3_flags});
    ASSERT_TRUE(read);
    EXPECT_EQ(read->trace_id.str(), kTrace);
    EXPECT_EQ(read->decision, one.decision);
    EXPECT_EQ(read->debug, one.debug && one.decision == Decision::kYes);
    EXPECT_TRUE(headers.x_b3_sampled.empty() || headers.x_b3_flags.empty());
  }
}

TEST(TraceHeaders, GivesThoseThatAreThereByTheirNames) {
  const TraceHeaders none;
  none.for_each([](std::string_view name, const std::string&) { ADD_FAILURE() << name; });
  const TraceHeaders all{"1", "2", "3", "4", "5", "6", "7", "8", "9"};
  std::string seen;
  all.for_each(
      [&seen](std::string_view name, const std::string& value) { (seen += name) += value; });
  EXPECT_EQ(seen,
            "sentry-trace1baggage2traceparent3tracestate4b35x-b3-traceid6x-b3-spanid7"
            "x-b3-sampled8x-b3-flags9");
}

TEST(IncomingTrace, TakesWhatTraceHeadersGives) {
  const TraceHeaders all{"1", "2", "3", "4", "5", "6", "7", "8", "9"};
  IncomingTrace read;
  all.for_each([&read](std::string_view name, const std::string& value) {
    EXPECT_TRUE(read.read_header(name, value)) << name;
  });
  EXPECT_EQ(read.sentry_trace, "1");
  EXPECT_EQ(read.baggage.joined(), "2");
  EXPECT_EQ(read.traceparent, "3");
  EXPECT_EQ(read.tracestate.joined(), "4");
  EXPECT_EQ(read.b3, "5");
  EXPECT_EQ(read.x_b3_trace_id, "6");
  EXPECT_EQ(read.x_b3_span_id, "7");
  EXPECT_EQ(read.x_b3_sampled, "8");
  EXPECT_EQ(read.x_b3_flags, "9");
  for (const char* other : {"", "b", "b4", "baggages", "x-b3-parentspanid", "trace-parent"})
    EXPECT_FALSE(read.read_header(other, "x")) << other;
}

}  // namespace
}  // namespace vitals::context::detail
