#include "vitals/base/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace vitals::base {
namespace {

bool is_character(char32_t code) {
  return code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
}

TEST(Utf8, ReadsBackEveryCharacterThatItWrites) {
  for (char32_t code = 0; code <= 0x10FFFF; ++code) {
    if (!is_character(code)) continue;
    std::string text;
    append_utf8(text, code);
    const CodePoint read = decode_utf8(text);
    ASSERT_EQ(read.code, code);
    ASSERT_EQ(read.length, text.size());
    ASSERT_TRUE(is_utf8(text));
  }
}

TEST(Utf8, RefusesLongFormsSurrogatesAndWhatIsPastTheLast) {
  for (const std::string_view bad : {"\x80",
                                     "\xBF",
                                     "\xC0\xAF",
                                     "\xC1\xBF",
                                     "\xE0\x80\xAF",
                                     "\xE0\x9F\xBF",
                                     "\xED\xA0\x80",
                                     "\xED\xBF\xBF",
                                     "\xF0\x80\x80\xAF",
                                     "\xF0\x8F\xBF\xBF",
                                     "\xF4\x90\x80\x80",
                                     "\xF5\x80\x80\x80",
                                     "\xFE",
                                     "\xFF",
                                     "\xC3",
                                     "\xE2\x82",
                                     "\xF0\x9F\x98",
                                     "\xC3(",
                                     "\xE2\x28\xA1",
                                     "\xF0\x28\x8C\xBC"}) {
    EXPECT_EQ(utf8_length(bad), 0U) << bad.size();
    EXPECT_EQ(decode_utf8(bad).length, 0U);
    EXPECT_FALSE(is_utf8(std::string{"a"} + std::string{bad}));
  }
  EXPECT_EQ(utf8_length(""), 0U);
  EXPECT_TRUE(is_utf8(""));
}

TEST(Utf8, MendsByteByByteOrRunByRun) {
  EXPECT_EQ(mend_utf8("a\xFF\xFEz"), "a\xEF\xBF\xBD\xEF\xBF\xBDz");
  EXPECT_EQ(mend_utf8("a\xFF\xFEz\xC3", Mend::kEachRun), "a\xEF\xBF\xBDz\xEF\xBF\xBD");
  EXPECT_EQ(mend_utf8("\xF0\x9F\x98\x80"), "\xF0\x9F\x98\x80");
}

TEST(Utf8, IsNotCutInTheMiddleOfACharacter) {
  const std::string text = "a\xC3\xA9\xF0\x9F\x98\x80";  // of 1, 2 and 4 bytes
  const std::size_t ends[] = {0, 1, 1, 3, 3, 3, 3, 7};
  for (std::size_t limit = 0; limit <= text.size(); ++limit)
    EXPECT_EQ(cut(text, limit).size(), ends[limit]) << limit;
  EXPECT_EQ(cut(text, 100), text);
}

}  // namespace
}  // namespace vitals::base
