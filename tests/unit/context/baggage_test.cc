#include "context/baggage.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace vitals::context::detail {
namespace {

std::string passed_on(const HeaderLines& lines) {
  return members_to_pass_on(lines, SentrysMembers::kLeaveOut);
}

TEST(PassedOnBaggage, IsWhatIsNotSentrysAsItCame) {
  struct Case {
    std::string came;
    std::string goes;
  };
  for (const Case& one : std::vector<Case>{
           {"key1=value1;property1;property2, key2 = value2, key3=value3; "
            "propertyKey=propertyValue",
            "key1=value1;property1;property2,key2 = value2,key3=value3; propertyKey=propertyValue"},
           {"a=1,sentry-release=r,b=2", "a=1,b=2"},
           {"a=1,a=2", "a=1,a=2"},
           {"a=,b=x=y", "a=,b=x=y"},
           {"tenant=J%C3%BCrgen", "tenant=J%C3%BCrgen"},
           // What is no member, or would break a header, is left out, and the others go on.
           {"a,b=2,=3,,", "b=2"},
           {"a=1\r\nEvil: 1,b=2", "b=2"},
           {"a=\xc3\xa9,b=\x01,c=\x7f,d=4", "d=4"},
           {std::string("a=\0,b=2", 7), "b=2"},
           {"", ""},
           {",,,", ""}}) {
    EXPECT_EQ(passed_on(one.came), one.goes) << one.came;
  }
}

TEST(PassedOnBaggage, KeepsSentrysMembersWhereNobodyReadsThem) {
  EXPECT_EQ(members_to_pass_on("a=1,sentry-release=r;p=1,b=2", SentrysMembers::kKeep),
            "a=1,sentry-release=r;p=1,b=2");
}

TEST(PassedOnBaggage, OfSeveralLinesIsOneList) {
  HeaderLines lines{"a=1"};
  lines.add("sentry-x=1");
  lines.add("b=2;p, c=3");
  EXPECT_EQ(passed_on(lines), "a=1,b=2;p,c=3");
}

TEST(PassedOnBaggage, IsBoundedByMembersAndBytes) {
  std::string many;
  for (int i = 0; i < 10000; ++i)
    many += "k" + std::to_string(i) + "=v,";
  const std::string kept = passed_on(many);
  EXPECT_EQ(count_members(kept), 64U);
  EXPECT_TRUE(kept.ends_with(",k63=v"));
  const std::string fits = "a=" + std::string(8190, 'x');
  EXPECT_EQ(passed_on(fits), fits);
  EXPECT_EQ(passed_on(fits + "x"), "");
  EXPECT_EQ(passed_on(fits + "x,b=2"), "b=2") << "a smaller one has room";
  HeaderLines lines;
  for (std::size_t i = 0; i < HeaderLines::kMaxLines; ++i)
    lines.add(fits);
  EXPECT_EQ(passed_on(lines), fits);
}

TEST(PassedOnBaggage, StandsBehindWhatTheRequestHasAndSaysNothingTwice) {
  EXPECT_EQ(with_passed_on("", "a=1,b=2"), "a=1,b=2");
  EXPECT_EQ(with_passed_on("a=9;p ,c=3", "a=1;x,b=2"), "a=9;p,c=3,b=2");
  EXPECT_EQ(with_passed_on("anything at all", ""), "anything at all") << "untouched";
  std::string many;
  for (int i = 0; i < 64; ++i)
    many += "k" + std::to_string(i) + "=v,";
  EXPECT_EQ(count_members(with_passed_on(many, "a=1")), 64U);
  EXPECT_EQ(with_passed_on("a=" + std::string(8190, 'x'), "b=1").size(), 8192U);
}

TEST(BaggageItem, IsAMembersDecodedValueWithoutItsProperties) {
  const std::string text = "a = x%20y ;p=1,b=2=3,c=;p=1,d;p=1,a=second,%61=no";
  EXPECT_EQ(value_in_baggage(text, "a"), "x y");
  EXPECT_EQ(value_in_baggage(text, "b"), "2=3");
  EXPECT_EQ(value_in_baggage(text, "c"), "");
  EXPECT_EQ(value_in_baggage(text, "d"), std::nullopt);
  EXPECT_EQ(value_in_baggage(text, ""), std::nullopt);
  EXPECT_EQ(value_in_baggage("", "a"), std::nullopt);
  EXPECT_EQ(value_in_baggage("a=%zz%4", "a"), "%zz%4");
}

}  // namespace
}  // namespace vitals::context::detail
