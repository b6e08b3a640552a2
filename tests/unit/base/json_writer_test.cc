#include "base/json_writer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

namespace vitals::base {
namespace {

std::string as_json(std::string_view text) {
  std::string out;
  JsonWriter{out}.string(text);
  return out;
}

TEST(JsonWriter, SetsCommasByItself) {
  std::string out = "before";
  JsonWriter json{out};
  json.begin_object().key("a").integer(-1).key("b").begin_array().string("x").string("y");
  json.end_array().key("c").begin_object().end_object().member("none", "").end_object();
  EXPECT_EQ(out, R"(before{"a":-1,"b":["x","y"],"c":{}})");
}

TEST(JsonWriter, EscapesWhatJsonDoesNotAllow) {
  EXPECT_EQ(as_json("a\"b\\c\n\r\t\x01\x7f"), R"("a\"b\\c\n\r\t\u0001\u007f")");
  EXPECT_EQ(as_json(std::string_view{"a\0b", 3}), R"("a\u0000b")");
}

TEST(JsonWriter, KeepsValidUtf8) {
  const std::string text = "é€𝄞\xef\xbf\xbf\xf4\x8f\xbf\xbf";
  EXPECT_EQ(as_json(text), '"' + text + '"');
}

TEST(JsonWriter, ReplacesInvalidUtf8) {
  const std::string bad = "\xef\xbf\xbd";
  EXPECT_EQ(as_json("a\xff!"), "\"a" + bad + "!\"");
  EXPECT_EQ(as_json("\xc0\xaf"), '"' + bad + bad + '"');            // longer than it need be
  EXPECT_EQ(as_json("\xed\xa0\x80"), '"' + bad + bad + bad + '"');  // half of a surrogate pair
  EXPECT_EQ(as_json("\xf4\x90\x80\x80"), '"' + bad + bad + bad + bad + '"');  // past the last
  EXPECT_EQ(as_json("x\xe2\x82"), "\"x" + bad + bad + '"');                   // cut short
}

TEST(JsonWriter, MakesJsonOfAnyBytes) {
  std::uint32_t state = 1;
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (int i = 0; i < 40; ++i) {
      state = state * 1664525U + 1013904223U;
      text += static_cast<char>(state >> 24);
    }
    EXPECT_TRUE(nlohmann::json::accept(as_json(text)));
  }
}

TEST(JsonWriter, EscapesTheSameWhereverItStands) {
  for (int byte = 0; byte < 0x80; ++byte) {
    for (std::size_t at = 0; at < 20; ++at) {
      std::string text(20, 'x');
      text[at] = static_cast<char>(byte);
      std::string out;
      JsonWriter{out}.string(text);
      ASSERT_EQ(nlohmann::json::parse(out).get<std::string>(), text) << byte << " at " << at;
      ASSERT_EQ(out.size() == text.size() + 2,
                byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\')
          << byte << " at " << at;
    }
  }
}

TEST(JsonWriter, WritesWhatIsNoNumberAsNull) {
  std::string out;
  JsonWriter json{out};
  json.begin_array().number(std::nan("")).number(std::numeric_limits<double>::infinity());
  json.number(0.1).number(1e300).end_array();
  EXPECT_EQ(out, "[null,null,0.1,1e+300]");
}

TEST(JsonWriter, KeepsTheMicrosecondsOfATimestamp) {
  std::string out;
  JsonWriter{out}.timestamp(Timestamp{std::chrono::nanoseconds{1'700'000'000'000'007'999}});
  EXPECT_EQ(out, "1700000000.000007");
}

TEST(JsonWriter, KeepsLargeIntegersWhole) {
  std::string out;
  JsonWriter json{out};
  json.begin_array().value(std::numeric_limits<std::uint64_t>::max());
  json.value(std::numeric_limits<std::int64_t>::min()).value(true).value(nullptr).end_array();
  EXPECT_EQ(out, "[18446744073709551615,-9223372036854775808,true,null]");
}

}  // namespace
}  // namespace vitals::base
