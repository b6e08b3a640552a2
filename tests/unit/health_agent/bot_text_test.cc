#include "health_agent/bot/text.h"

#include <gmock/gmock.h>

#include <string>

namespace health_agent::bot {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const std::string kSmile = "\xF0\x9F\x98\x80";  // one code point, two UTF-16 units
const std::string kUmlaut = "\xC3\xA4";         // one unit, two bytes
const std::string kReplaced = "\xEF\xBF\xBD";

std::string repeated(const std::string& text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i)
    all += text;
  return all;
}

TEST(BotText, CountsAsTelegramDoes) {
  EXPECT_EQ(utf16_units(""), 0U);
  EXPECT_EQ(utf16_units("abc"), 3U);
  EXPECT_EQ(utf16_units(kUmlaut + kSmile), 3U);
}

TEST(BotText, APieceIsAsLongAsItMayBeAndNoLonger) {
  EXPECT_THAT(split_message(std::string(4096, 'x')), SizeIs(1));
  EXPECT_THAT(split_message(std::string(4097, 'x')),
              ElementsAre(std::string(4096, 'x'), std::string("x")));
  EXPECT_THAT(split_message(repeated(kUmlaut, 4096)), SizeIs(1));
  EXPECT_THAT(split_message(repeated(kSmile, 2048)), SizeIs(1));
}

TEST(BotText, NeverSplitsWithinACodePoint) {
  // 4,095 units and then two more, which do not fit.
  EXPECT_THAT(split_message(std::string(4095, 'x') + kSmile),
              ElementsAre(std::string(4095, 'x'), kSmile));
  for (std::size_t most = 2; most < 8; ++most) {
    std::string joined;
    for (const std::string& piece : split_message(repeated(kSmile + kUmlaut + "a", 20), most)) {
      EXPECT_LE(utf16_units(piece), most);
      EXPECT_EQ(clean_text(piece), piece) << "it is not valid any more";
      joined += piece;
    }
    EXPECT_EQ(joined, repeated(kSmile + kUmlaut + "a", 20));
  }
}

TEST(BotText, SplitsWhereAReaderWould) {
  EXPECT_THAT(split_message("one two three", 8), ElementsAre("one two", "three"));
  EXPECT_THAT(split_message("one two three", 7), ElementsAre("one two", "three"));
  EXPECT_THAT(split_message("one two\nthree", 10), ElementsAre("one two", "three"));
  EXPECT_THAT(split_message("one\ntwo\n\nthree four", 14), ElementsAre("one\ntwo", "three four"));
  EXPECT_THAT(split_message("a bbbbbbbbbbbb", 8), ElementsAre("a bbbbbb", "bbbbbb"))
      << "a piece that is nearly empty helps nobody";
}

TEST(BotText, NoPieceIsBlank) {
  EXPECT_THAT(split_message(""), IsEmpty());
  EXPECT_THAT(split_message(" \n\t \n"), IsEmpty());
  EXPECT_THAT(split_message("a" + std::string(10'000, ' ') + "b"), ElementsAre("a", "b"));
  EXPECT_THAT(split_message(std::string(5'000, '\n')), IsEmpty());
}

TEST(BotText, MakesValidTextOfAnyBytes) {
  EXPECT_EQ(clean_text("a\xFF"
                       "b"),
            "a" + kReplaced + "b");
  EXPECT_EQ(clean_text("\xED\xA0\x80"), repeated(kReplaced, 3)) << "a surrogate";
  EXPECT_EQ(clean_text("\xC0\xAF\xF5"), repeated(kReplaced, 3)) << "too long, too large";
  EXPECT_EQ(clean_text("\xF0\x9F\x98"), repeated(kReplaced, 3)) << "cut off";
  EXPECT_EQ(clean_text(std::string("a\0\x1B[1m\x7F\n\tb", 10)), "a[1m\n\tb");
  EXPECT_EQ(clean_text(kSmile + kUmlaut), kSmile + kUmlaut);
}

TEST(BotText, EscapesEverythingThatIsNoMarkupOfItsOwn) {
  EXPECT_EQ(to_html("a < b && c > d"), "a &lt; b &amp;&amp; c &gt; d");
  EXPECT_EQ(to_html("<b>&amp;</b>"), "&lt;b&gt;&amp;amp;&lt;/b&gt;");
  EXPECT_EQ(to_html("**bold <1>** and `x & y`"),
            "<b>bold &lt;1&gt;</b> and <code>x &amp; y</code>");
}

TEST(BotText, LeavesWhatOnlyLooksLikeMarkup) {
  for (const char* plain :
       {"**", "****", "** a **", "2 ** 3", "**a\nb**", "`", "``", "a*b*c", "**a", "a**"})
    EXPECT_EQ(to_html(plain), plain);
}

}  // namespace
}  // namespace health_agent::bot
