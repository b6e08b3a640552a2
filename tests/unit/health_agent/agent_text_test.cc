#include "health_agent/agent/food/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "health_agent/agent/food/numbers.h"

namespace health_agent::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  for (const Token& token : tokenize(text))
    words.push_back(token.text);
  return words;
}

double number_in(std::string_view text) {
  return number_at(tokenize(text), 0).value;
}

TEST(Tokenizer, LowersLettersAndTakesAccentsOff) {
  EXPECT_THAT(words_of("Cr\xC3\xA8me BR\xC3\x9BL\xC3\x89"
                       "E"),
              ElementsAre("creme", "brulee"));
  EXPECT_THAT(words_of("c\xC5\x93ur Stra\xC3\x9F"
                       "e sm\xC3\xB8r \xC5\xBBurek"),
              ElementsAre("coeur", "strasse", "smor", "zurek"));
  EXPECT_THAT(words_of("cafe\xCC\x81"), ElementsAre("cafe"));
}

TEST(Tokenizer, ReadsWhatIsNotUtf8AsSpaces) {
  EXPECT_THAT(words_of("egg\xFFtoast"), ElementsAre("egg", "toast"));
  EXPECT_THAT(words_of("egg\xC3"), ElementsAre("egg"));
  EXPECT_THAT(words_of("\xED\xA0\x80\xF5\x80\x80\x80\xC0\x80"), IsEmpty());
  EXPECT_THAT(words_of(std::string_view{"a\0b\x01", 4}), ElementsAre("a", "b"));
}

TEST(Tokenizer, CutsAWordWithinItsCharacters) {
  std::string word;
  for (int i = 0; i < 50; ++i)
    word += "\xD1\x8F";
  const std::vector<Token> tokens = tokenize(word);
  ASSERT_EQ(tokens.size(), 1U);
  EXPECT_EQ(tokens[0].text, word.substr(0, 64));
}

TEST(Tokenizer, ReadsNumbersAsPeopleWriteThem) {
  EXPECT_DOUBLE_EQ(number_in("2"), 2);
  EXPECT_DOUBLE_EQ(number_in("1.5"), 1.5);
  EXPECT_DOUBLE_EQ(number_in("1,5"), 1.5);
  EXPECT_DOUBLE_EQ(number_in(".5"), 0.5);
  EXPECT_DOUBLE_EQ(number_in("1,000"), 1000);
  EXPECT_DOUBLE_EQ(number_in("1,234,567.5"), 1234567.5);
  EXPECT_DOUBLE_EQ(number_in("1e3"), 1000);
  EXPECT_DOUBLE_EQ(number_in("3/4"), 0.75);
  EXPECT_DOUBLE_EQ(number_in("1 1/2"), 1.5);
  EXPECT_DOUBLE_EQ(number_in("\xC2\xBE"), 0.75);
  EXPECT_DOUBLE_EQ(number_in("2\xC2\xBD"), 2.5);
  EXPECT_DOUBLE_EQ(number_in("1\xE2\x81\x84"
                             "2"),
                   0.5);
  EXPECT_DOUBLE_EQ(number_in("-2"), -2);
  EXPECT_TRUE(std::isinf(number_in("1/0")));
  EXPECT_TRUE(std::isinf(number_in("1e999")));
}

TEST(Numbers, ReadsNumbersAsPeopleSayThem) {
  EXPECT_DOUBLE_EQ(number_in("seven"), 7);
  EXPECT_DOUBLE_EQ(number_in("twenty five"), 25);
  EXPECT_DOUBLE_EQ(number_in("two hundred"), 200);
  EXPECT_DOUBLE_EQ(number_in("half"), 0.5);
  EXPECT_DOUBLE_EQ(number_in("two thirds"), 2.0 / 3);
  EXPECT_DOUBLE_EQ(number_in("a quarter of a"), 0.25);
  EXPECT_DOUBLE_EQ(number_in("one and a half"), 1.5);
  EXPECT_DOUBLE_EQ(number_in("2 and 1/2"), 2.5);
  EXPECT_DOUBLE_EQ(number_in("half a dozen"), 6);
  EXPECT_DOUBLE_EQ(number_in("a couple"), 2);
  EXPECT_DOUBLE_EQ(number_in("2-4"), 3);
  EXPECT_DOUBLE_EQ(number_in("two or three"), 2.5);
  EXPECT_TRUE(std::isnan(number_in("NaN")));
}

TEST(Numbers, AWordThatIsNoneTakesNoToken) {
  EXPECT_EQ(number_at(tokenize("egg"), 0).tokens, 0U);
  EXPECT_EQ(number_at(tokenize("third"), 0).tokens, 0U);
  EXPECT_EQ(number_at({}, 0).tokens, 0U);
}

TEST(Stems, PluralAndSingularMeet) {
  for (const std::string_view word :
       {"egg", "tomato", "berry", "cookie", "sandwich", "quiche", "loaf", "glass", "fish", "slice",
        "pie", "mango", "box", "leaf", "curry", "smoothie", "cheese", "potato", "radish"})
    EXPECT_EQ(stem_of(plural_of(word)), stem_of(word)) << word;
}

TEST(Stems, DifferentWordsStayApart) {
  EXPECT_NE(stem_of("wine"), stem_of("win"));
  EXPECT_NE(stem_of("pate"), stem_of("pat"));
  EXPECT_NE(stem_of("cod"), stem_of("code"));
  EXPECT_NE(stem_of("glass"), stem_of("glas"));
}

TEST(Words, AreWhatSpacesDivide) {
  EXPECT_EQ(count_words(""), 0);
  EXPECT_EQ(count_words("  two\twords\n"), 2);
}

TEST(FormatNumber, ShowsWhatAReaderNeeds) {
  EXPECT_EQ(format_number(2), "2");
  EXPECT_EQ(format_number(1.5), "1.5");
  EXPECT_EQ(format_number(0.25), "0.25");
  EXPECT_EQ(format_number(143.4), "143");
  EXPECT_EQ(format_number(1e9), "1000000000");
  EXPECT_EQ(format_number(0), "0");
  EXPECT_EQ(format_number(-0.001), "0");
}

}  // namespace
}  // namespace health_agent::agent
