#include "context/tracestate.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace vitals::context::detail {
namespace {

std::string members(int count, const std::string& value = "1") {
  std::string text;
  for (int i = 0; i < count; ++i) {
    if (i > 0) text += ',';
    text += "k" + std::to_string(i) + '=' + value;
  }
  return text;
}

TEST(Tracestate, GoesOnInItsOrder) {
  struct Case {
    std::string came;
    std::string goes;
  };
  const std::string key(256, 'k');
  for (const Case& one : std::vector<Case>{
           {"rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"},
           {" b=2 ,\ta=1\t", "b=2,a=1"},
           {"a=1,,b=2, ,", "a=1,b=2"},
           {"tenant@vendor=x", "tenant@vendor=x"},
           {"0a_-*/@z9=v", "0a_-*/@z9=v"},
           {"a= leading", "a= leading"},
           {"a=in the middle ", "a=in the middle"},
           {"a=!\"#$%&'()*+-./:;<>?@[]^`{|}~", "a=!\"#$%&'()*+-./:;<>?@[]^`{|}~"},
           // Which of two of the same key is the newer one is not ours to say.
           {"a=1,a=2", "a=1,a=2"},
           {key + "=1", key + "=1"},
           {"a=" + std::string(256, 'v'), "a=" + std::string(256, 'v')},
           {members(32), members(32)},
           {",,,", ""},
           {"", ""}}) {
    EXPECT_EQ(read_tracestate(one.came), one.goes);
  }
}

TEST(Tracestate, WithAMemberThatIsNoneIsAsIfItWereNotThere) {
  for (const std::string& bad : std::vector<std::string>{"a",
                                                         "a=",
                                                         "=1",
                                                         "a=1,b",
                                                         "a=1,=2",
                                                         "a=1,b=",
                                                         "A=1",
                                                         "a=1,Bc=2",
                                                         "_a=1",
                                                         "@v=1",
                                                         "a b=1",
                                                         "a =1",
                                                         "a.b=1",
                                                         "a=b=c",
                                                         "a=1\x01",
                                                         "a=1\r\nEvil: 1",
                                                         "a=\xc3\xa9",
                                                         "\xc3\xa9=1",
                                                         "a=\x7f",
                                                         "a=x\ty",
                                                         "a=1;b=2=3",
                                                         std::string(257, 'k') + "=1",
                                                         "a=" + std::string(257, 'v'),
                                                         members(33),
                                                         members(100000),
                                                         std::string(1, '\0') + "=1",
                                                         std::string("a=1\0", 4)}) {
    EXPECT_EQ(read_tracestate(bad), "") << bad.substr(0, 80);
  }
}

TEST(Tracestate, OfSeveralLinesIsOneList) {
  HeaderLines lines{"a=1,b=2"};
  lines.add(" ");
  lines.add("c=3");
  EXPECT_EQ(read_tracestate(lines), "a=1,b=2,c=3");
  lines.add("D=4");
  EXPECT_EQ(read_tracestate(lines), "");
  const std::string first = members(20);
  const std::string second = members(12);
  HeaderLines many{first};
  many.add(second);
  EXPECT_EQ(read_tracestate(many), first + ',' + second);
  many.add("a=1");
  EXPECT_EQ(read_tracestate(many), "") << "33 members";
}

TEST(Tracestate, PastItsSizeLosesTheLargeMembersFirstAndThenTheLast) {
  const std::string value(100, 'v');
  const std::string large = "large=" + std::string(125, 'v');
  // 4 of 103 and their commas are 415 bytes, one more has room, and a sixth has not.
  EXPECT_EQ(read_tracestate(members(4, value) + ",last=1"), members(4, value) + ",last=1");
  EXPECT_EQ(read_tracestate(members(6, value)), members(4, value));
  EXPECT_EQ(read_tracestate(large + ',' + members(4, value)), members(4, value));
  EXPECT_EQ(read_tracestate(members(3, value) + ',' + large + ",x=1"),
            members(3, value) + ',' + large + ",x=1")
      << "it has room";
  std::string full = "a=" + std::string(254, 'v') + ",b=" + std::string(253, 'v');
  ASSERT_EQ(full.size(), 512U);
  EXPECT_EQ(read_tracestate(full), full);
  full += 'v';
  EXPECT_EQ(read_tracestate(full), full.substr(0, 256)) << "the last of the large ones";
  const std::string exactly = "a=" + std::string(126, 'v');
  EXPECT_EQ(read_tracestate(exactly + ",b=1," + members(4, value)),
            exactly + ",b=1," + members(3, value))
      << "128 bytes are not large";
}

TEST(Tracestate, IsBoundedWhateverComes) {
  HeaderLines lines;
  std::vector<std::string> texts;
  for (int i = 0; i < 8; ++i)
    texts.push_back(std::string(100'000, i % 2 == 0 ? ',' : ' ') + "k=" + std::string(200, 'v'));
  for (const std::string& text : texts)
    lines.add(text);
  EXPECT_LE(read_tracestate(lines).size(), kMaxTracestateSize);
}

}  // namespace
}  // namespace vitals::context::detail
