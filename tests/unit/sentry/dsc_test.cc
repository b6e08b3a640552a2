#include "sentry/dsc.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace vitals::sentry::detail {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(Baggage, GivesSentrysMembersAndTheOthersApart) {
  const std::string header = "other=1;prop=x , sentry-trace_id=abc,sentry-release=a%40b;p=1,x=y";
  EXPECT_EQ(sentry_members(header), "sentry-trace_id=abc,sentry-release=a%40b");
  EXPECT_EQ(foreign_members(header, 8192), "other=1;prop=x,x=y");
}

TEST(Baggage, IsDecodedByItsKeys) {
  EXPECT_THAT(decode_members("sentry-release=a%40b%20c,sentry-x=%zz%4"),
              ElementsAre(Pair("release", "a@b c"), Pair("x", "%zz%4")));
}

TEST(Baggage, NeverPassesOnWhatWouldBreakAHeader) {
  EXPECT_THAT(sentry_members("sentry-a=b\r\nX-Evil: 1"), IsEmpty());
  EXPECT_THAT(foreign_members("a=b\nc", 8192), IsEmpty());
  EXPECT_THAT(sentry_members("sentry-a=\xff,sentry-b=\x01,sentry-=x,=,,sentry-c,sentry-d;p=1"),
              IsEmpty());
}

TEST(Baggage, IsBoundedWhateverComes) {
  std::string many;
  for (int i = 0; i < 10000; ++i)
    many += "sentry-k" + std::to_string(i) + "=v,";
  EXPECT_EQ(decode_members(sentry_members(many)).size(), 64U);
  EXPECT_LE(sentry_members("sentry-a=" + std::string(100000, 'x')).size(), kMaxBaggageSize);
  EXPECT_LE(foreign_members("a=" + std::string(50, 'x') + ",b=" + std::string(60, 'x'), 100).size(),
            100U);
}

TEST(Baggage, OfOthersLeavesTheRoomToSentrys) {
  std::string many;
  for (int i = 0; i < 100; ++i)
    many += "k" + std::to_string(i) + "=v,";
  const std::string own = "sentry-trace_id=abc,sentry-sampled=true";
  const std::string merged = with_members(many, own);
  EXPECT_EQ(context::detail::count_members(merged), 64U);
  EXPECT_TRUE(merged.ends_with("k61=v," + own)) << merged;
  EXPECT_EQ(sentry_members(merged), own);
  const std::string fits = "a=" + std::string(kMaxBaggageSize - own.size() - 3, 'x');
  EXPECT_EQ(with_members(fits, own), fits + ',' + own);
  EXPECT_EQ(with_members(fits + 'x', own), own);
}

TEST(Baggage, SentrysAreFoundBehindHoweverManyOthers) {
  std::string many;
  for (int i = 0; i < 100; ++i)
    many += "k" + std::to_string(i) + "=v,";
  EXPECT_EQ(sentry_members(many + "sentry-trace_id=abc"), "sentry-trace_id=abc");
}

TEST(Baggage, EncodesWhatAValueMustNotHold) {
  std::string out;
  append_encoded(out, "GET /api/{id}, \"x\";\r\n\xc3\xa9");
  EXPECT_EQ(out, "GET%20/api/%7Bid%7D%2C%20%22x%22%3B%0D%0A%C3%A9");
}

TEST(SampleRand, IsANumberBelowOneOfSixDigits) {
  EXPECT_EQ(parse_sample_rand("0.123456"), 123456U);
  EXPECT_EQ(parse_sample_rand("0"), 0U);
  for (std::uint32_t i = 0; i < 1'000'000; i += 83)
    EXPECT_EQ(parse_sample_rand(sample_rand_text(i)), i);
  EXPECT_EQ(parse_sample_rand("0.1234569"), 123456U);
  EXPECT_EQ(parse_sample_rand("0.9999999999999"), 999999U);
  EXPECT_EQ(sample_rand_text(42), "0.000042");
  EXPECT_EQ(sample_rand_text(999999), "0.999999");
  for (const char* bad : {"", "1", "1.5", "-0.1", "nan", "inf", "0.5x", "x"}) {
    EXPECT_FALSE(parse_sample_rand(bad)) << bad;
  }
}

}  // namespace
}  // namespace vitals::sentry::detail
