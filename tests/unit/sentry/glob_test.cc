#include "sentry/grouping/glob.h"

#include <gtest/gtest.h>

#include <string>

namespace vitals::sentry::detail {
namespace {

bool match(std::string_view pattern, std::string_view text, Glob::Kind kind = Glob::Kind::kExact) {
  const Result<Glob> glob = Glob::compile(pattern, kind);
  EXPECT_TRUE(glob) << pattern;
  return glob && glob->matches(Glob::subject(text, kind));
}

TEST(Glob, MatchesTheWholeText) {
  EXPECT_TRUE(match("abc", "abc"));
  EXPECT_FALSE(match("abc", "abcd"));
  EXPECT_FALSE(match("abc", "xabc"));
  EXPECT_TRUE(match("", ""));
  EXPECT_FALSE(match("", "a"));
}

TEST(Glob, StarsStandForAnythingNewlinesToo) {
  EXPECT_TRUE(match("*", ""));
  EXPECT_TRUE(match("*timeout*", "a timeout\nof 5 s"));
  EXPECT_TRUE(match("a*b*c", "a-b-b-c"));
  EXPECT_FALSE(match("a*b*c", "a-c-b"));
  EXPECT_TRUE(match("*aab", "aaaab"));
  EXPECT_TRUE(match("a***b", "ab"));
  EXPECT_FALSE(match("ab*ba", "aba"));
}

TEST(Glob, QuestionMarksStandForOneCharacterNotOneByte) {
  EXPECT_TRUE(match("?", "é"));
  EXPECT_FALSE(match("??", "é"));
  EXPECT_TRUE(match("*?x", "éx"));
  EXPECT_FALSE(match("?", ""));
}

TEST(Glob, SetsAndRanges) {
  EXPECT_TRUE(match("1.[0-4].x", "1.3.x"));
  EXPECT_FALSE(match("1.[0-4].x", "1.5.x"));
  EXPECT_TRUE(match("[!0-4]", "5"));
  EXPECT_FALSE(match("[!0-4]", "4"));
  EXPECT_TRUE(match("[]x]", "]"));
  EXPECT_TRUE(match("[а-я]", "ж"));
  EXPECT_FALSE(Glob::compile("a[b", Glob::Kind::kExact));
}

TEST(Glob, ABackslashMakesTheNextCharacterPlain) {
  EXPECT_TRUE(match(R"(\*\[\\)", R"(*[\)"));
  EXPECT_FALSE(match(R"(\*)", "x"));
}

TEST(Glob, CaseCountsWhereItIsSaid) {
  EXPECT_FALSE(match("Timeout", "timeout"));
  EXPECT_TRUE(match("*TimeOut", "a tImeout", Glob::Kind::kAnyCase));
}

TEST(Glob, StarsOfAPathStopAtASlashAndTwoDoNot) {
  const auto path = [](std::string_view pattern, std::string_view text) {
    return match(pattern, text, Glob::Kind::kPath);
  };
  EXPECT_TRUE(path("*.cc", "a.cc"));
  EXPECT_FALSE(path("*.cc", "src/a.cc"));
  EXPECT_TRUE(path("**/*.cc", "src/A.CC"));
  EXPECT_TRUE(path("**/*.cc", "a.cc"));
  EXPECT_TRUE(path("/src/**/a.cc", "/src/a.cc"));
  EXPECT_TRUE(path("/src/**/a.cc", "/src/x/y/a.cc"));
  EXPECT_FALSE(path("/src/**/a.cc", "/src/xa.cc"));
  EXPECT_TRUE(path("/src/**", "/src/x/y"));
  EXPECT_FALSE(path("/src/?", "/src//"));
  EXPECT_TRUE(path("c:\\src\\*.cc", "C:/src/a.cc"));
  // The first place where `a` fits is not the right one.
  EXPECT_TRUE(path("**/a*b/c", "/a/x/ab/c"));
}

TEST(Glob, HostilePatternsEndInTime) {
  std::string stars;
  for (int i = 0; i < 60; ++i)
    stars += "a*";
  const std::string text(8000, 'a');
  EXPECT_FALSE(match(stars + "b", text));
  EXPECT_FALSE(match(stars + "[b]", text));
  std::string folders;
  for (int i = 0; i < 30; ++i)
    folders += "**/a*";
  EXPECT_FALSE(match(folders + "b?", text, Glob::Kind::kPath));
}

}  // namespace
}  // namespace vitals::sentry::detail
