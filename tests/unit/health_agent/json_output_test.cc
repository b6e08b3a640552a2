#include "health_agent/api/json_output.h"

#include <gtest/gtest.h>

#include <string>

namespace health_agent::api {
namespace {

using nlohmann::json;

// A text without escapes takes another way than the rest, and must come out as from the parser.
TEST(JsonOutput, AFieldIsWhatTheParserMakesOfIt) {
  for (const std::string text : {
           R"("")",       R"("vegan")",   R"("a b~!#$%")", R"("a\"b")",  R"("a\\")",
           R"("\u00e9")", "\"\xC3\xA9\"", "\"\xFF\"",      "\"a\nb\"",   "\"a\x7F\"",
           R"("a"b")",    R"(")",         R"("a)",         R"(a")",      "",
           R"("a" )",     R"( "a")",      R"(["a","b"])",  R"({"a":1})", "12.5",
           R"("a","b")",  "true",         "null",          "vegan",
       }) {
    const json parsed = json::parse(text, nullptr, false);
    EXPECT_EQ(dump(to_json(Fields{{"field", text}})), dump({{"field", parsed}})) << text;
  }
}

}  // namespace
}  // namespace health_agent::api
