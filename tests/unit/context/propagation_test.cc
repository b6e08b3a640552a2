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

}  // namespace
}  // namespace vitals::context::detail
