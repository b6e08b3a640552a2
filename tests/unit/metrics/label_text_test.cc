#include "metrics/label_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "vitals/metrics/definition_error.h"
#include "vitals/metrics/label.h"
#include "vitals/metrics/registry.h"
#include "vitals/metrics/sample_sink.h"

namespace vitals::metrics {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(LabelText, EscapesBackslashQuoteAndNewlineOnly) {
  std::string out;
  detail::append_escaped(out, "a\\b\"c\nd\te☃");
  EXPECT_EQ(out, "a\\\\b\\\"c\\nd\te☃");
}

TEST(LabelText, DecodesWhatWasRendered) {
  const std::string odd = "x=\"1\",y=\\n\n\"\\";
  const SeriesLabels labels{{"a", odd}, {"b", ""}, {"c", "plain"}};
  EXPECT_THAT(decode_labels(SeriesInfo(labels).labels),
              ElementsAre(Pair("a", odd), Pair("b", ""), Pair("c", "plain")));
  EXPECT_TRUE(decode_labels("").empty());
}

TEST(LabelText, RefusesWhatIsNotARenderedText) {
  for (const char* text :
       {"a", "a=", "a=\"", "a=\"x", "a=\"x\",", "a=\"x\"b=\"y\"", "a=\"\\x\"", "1=\"x\"",
        "le=\"1\"", "a=\"x\ny\"", "a=\"\\", "a=\"\xFF\"", ",a=\"x\""}) {
    EXPECT_THROW((void)decode_labels(text), DefinitionError) << text;
  }
}

TEST(LabelText, TellsUtf8FromOtherBytes) {
  for (const char* text : {"", "plain", "é", "☃", "😀", "\uFFFD", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(base::is_utf8(text)) << text;
    EXPECT_EQ(detail::mended(text), text);
  }
  for (const char* text :
       {"\x80", "\xC3", "\xC0\xAF", "\xE0\x80\xAF", "\xED\xA0\x80", "\xF0\x80\x80\x80",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xE2\x98", "\xFF"}) {
    EXPECT_FALSE(base::is_utf8(text)) << text;
    EXPECT_TRUE(base::is_utf8(detail::mended(text)));
  }
  EXPECT_EQ(detail::mended("a\xFF\xFE"
                           "b\x80"),
            "a\uFFFDb\uFFFD");
}

TEST(LabelName, IsCheckedByTheRulesOfPrometheus) {
  for (const char* name : {"a", "_a", "A9", "method", "Le", "quantiles"}) {
    EXPECT_TRUE(detail::valid_label_name(name)) << name;
  }
  for (const char* name : {"", "9a", "a-b", "a:b", "__a", "le", "quantile", "é", "a b"}) {
    EXPECT_FALSE(detail::valid_label_name(name)) << name;
  }
}

TEST(LabelName, OfUtf8IsNotReservedOnceItIsEscapedEither) {
  for (const char* name : {"http.method", ".x", "é", "éa", "_a.b", "1a", "a..b", "größe", "x.", ".",
                           "éé", "花火", ".é"}) {
    EXPECT_TRUE(detail::valid_utf8_label_name(name)) << name;
  }
  for (const char* name :
       {"..name..", "..x", "__x", "_.x", "._x", "1.x", ":_", "-- ", ". a", "9\n"}) {
    EXPECT_FALSE(detail::valid_utf8_label_name(name)) << name;
    EXPECT_TRUE(detail::underscored(name).starts_with("__")) << name;
    EXPECT_THROW((void)SeriesLabels::utf8({{name, "v"}}), DefinitionError) << name;
    EXPECT_THROW((void)decode_labels("\"" + std::string(name) + "\"=\"v\""), DefinitionError)
        << name;
    Registry registry;
    registry.allow_utf8_names();
    EXPECT_THROW(registry.gauge(name, "L."), DefinitionError) << name;
  }
}

}  // namespace
}  // namespace vitals::metrics
