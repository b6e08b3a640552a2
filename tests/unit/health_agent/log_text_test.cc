#include "health_agent/log_text.h"

#include <gtest/gtest.h>

#include <string>

namespace health_agent {
namespace {

struct Line {
  std::string given;
  std::string shown;
};

TEST(LogText, WhatEndsColoursOrTurnsALineIsEscaped) {
  const Line all[]{
      {"plain words, 100 %", "plain words, 100 %"},
      {"café 🍎 日本語 عربى", "café 🍎 日本語 عربى"},
      {"👩\u200d👩\u200d👧", "👩\u200d👩\u200d👧"},
      {"a\nb\r\n\tc", "a\\nb\\r\\n\\tc"},
      {"\x1b[31mred\x1b[0m", "\\u001b[31mred\\u001b[0m"},
      {std::string("nul\0bell\a\b\x7f", 11), "nul\\u0000bell\\u0007\\u0008\\u007f"},
      {"\u0085\u009b31m", "\\u0085\\u009b31m"},
      {"\u2028\u2029", "\\u2028\\u2029"},
      {"\u202e\u2066\u200f\u061c", "\\u202e\\u2066\\u200f\\u061c"},
      {"\ufeff\u200b\u00ad", "\\ufeff\\u200b\\u00ad"},
      {"\U000e0041", "\\udb40\\udc41"},
      {"\xff\xc3", "\\xff\\xc3"},
      {"\xc0\x8a", "\\xc0\\x8a"},           // an overlong newline
      {"\xe0\x80\x8a", "\\xe0\\x80\\x8a"},  // the same, longer
      {"\xed\xa0\x80", "\\xed\\xa0\\x80"},  // half of a pair
      {"\xf5\x80\x80\x80", "\\xf5\\x80\\x80\\x80"},
      {"\xe2\x80", "\\xe2\\x80"},  // cut off
      {"\x9b"
       "31m",
       "\\x9b31m"},
  };
  for (const auto& [given, shown] : all)
    EXPECT_EQ(printable(given), shown);
}

TEST(LogText, NoByteOfControlIsLeftOfAnyTwoBytes) {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const std::string text{static_cast<char>(first), static_cast<char>(second)};
      const std::string shown = printable(text);
      for (const char c : shown)
        ASSERT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) << first << " " << second;
      ASSERT_EQ(printable(shown), shown) << first << " " << second;
    }
  }
}

TEST(LogText, WhatNobodySeesIsBlank) {
  for (const char* blank :
       {"", " ", "\t\r\n\v\f", "\xC2\xA0", "\xE2\x80\x8B\xE2\x80\x8D", "\xEF\xBB\xBF",
        "\xE3\x80\x80", "\xE3\x85\xA4", "\xE2\xA0\x80", "\xE2\x80\xAE", "\xEF\xB8\x8F",
        "\xE1\x85\x9F", "\xC2\xAD", "\xF3\xA0\x80\xA0", "\xE2\x80\xA9\xE2\x81\xA0"})
    EXPECT_TRUE(is_blank(blank)) << printable(blank);
  for (const char* seen : {"a", " a ", "0", ".", "\xC3\xA4", "\xF0\x9F\x8D\x8E",
                           "\xE2\x9D\xA4\xEF\xB8\x8F", "\xFF", "\xE2\x80\x8B\xE3\x81\x82"})
    EXPECT_FALSE(is_blank(seen)) << seen;
}

TEST(LogText, JsonStaysJson) {
  EXPECT_EQ(printable("{\"message\":\"\u2028\u202e\x7f\"}"),
            "{\"message\":\"\\u2028\\u202e\\u007f\"}");
}

}  // namespace
}  // namespace health_agent
