#include "health_agent/api/target.h"

#include <gtest/gtest.h>

#include <string>

namespace health_agent::api {
namespace {

TEST(Target, IsTakenApartOnce) {
  struct Case {
    const char* text;
    const char* authority;
    const char* path;
    const char* query;
  };
  for (const Case& c : {Case{"/", "", "/", ""},
                        {"/a/b?c=d?e", "", "/a/b", "c=d?e"},
                        {"/a%40b/%25zz", "", "/a%40b/%25zz", ""},
                        {"/a?", "", "/a", ""},
                        {"/a/", "", "/a/", ""},
                        {"//a", "", "//a", ""},
                        {"/.../..a/a..", "", "/.../..a/a..", ""},
                        {"/%E2%82%AC/%f0%9f%8d%8e", "", "/%E2%82%AC/%f0%9f%8d%8e", ""},
                        {"*", "", "*", ""},
                        {"http://h:1/a?b", "h:1", "/a", "b"},
                        {"HTTP://h", "h", "", ""},
                        {"https://h?q", "h", "", "q"}}) {
    const Target target = parse_target(c.text);
    EXPECT_EQ(target.fault, nullptr) << c.text;
    EXPECT_EQ(target.authority, c.authority) << c.text;
    EXPECT_EQ(target.path, c.path) << c.text;
    EXPECT_EQ(target.query, c.query) << c.text;
  }
}

TEST(Target, WithTwoReadingsIsRefused) {
  for (const char* text : {"",
                           "a",
                           "?a",
                           "**",
                           "*?a",
                           "/a#b",
                           "/a?b#c",
                           "#",
                           "/%",
                           "/%4",
                           "/%zz",
                           "/a%",
                           "/%4/1",
                           "/%2f",
                           "/a%2Fb",
                           "/%5c",
                           "/a%5Cb",
                           "/a\\b",
                           "\\a",
                           "/%00",
                           "/a%00b",
                           "/%0a",
                           "/%0D%0A",
                           "/%1f",
                           "/%7f",
                           "/\x7f",
                           "/a b",
                           "/a\tb",
                           "/\xc3\xa9",
                           "/.",
                           "/..",
                           "/./a",
                           "/../a",
                           "/a/.",
                           "/a/..",
                           "/%2e",
                           "/%2E%2e",
                           "/.%2e/a",
                           "/a/%2e./b",
                           "/%2e/",
                           "/a;b",
                           "/;",
                           "/a/..;/b",
                           "/%c0%af",
                           "/%c0%ae%c0%ae/",
                           "/%e0%80%af",
                           "/%f0%80%80%af",
                           "/%c1%9c",
                           "/%80",
                           "/%ff",
                           "/%c3",
                           "/%c3/a",
                           "/%c3a",
                           "/%e2%82",
                           "/%ed%a0%80",
                           "/%f4%90%80%80",
                           "/%f5%80%80%80",
                           "/a|b",
                           "/a^b",
                           "/a`b",
                           "/a{b}",
                           "/a\"b",
                           "/<a>",
                           "/[a]",
                           "http://",
                           "http:///a",
                           "http://u@h/a",
                           "http://h#f",
                           "http://h/a/../b",
                           "http:/a",
                           "ftp://h/a",
                           "h:443",
                           "javascript:x",
                           "http:\\\\h/a"}) {
    EXPECT_NE(parse_target(text).fault, nullptr) << text;
  }
  EXPECT_NE(parse_target(std::string_view{"/a\0b", 4}).fault, nullptr);
}

TEST(Target, EveryByteIsEitherPlainOrRefused) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,=:@/?";
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const std::string text = std::string{"/a"} + c + "b";
    EXPECT_EQ(parse_target(text).fault == nullptr, kPlain.find(c) != std::string_view::npos)
        << byte;
  }
}

}  // namespace
}  // namespace health_agent::api
