// What both vendors' languages share: addresses, errors, the part of a text that is for the user.

#include "health_agent/agent/remote/dialogue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "health_agent/agent/remote/answer_text.h"
#include "health_agent/agent/remote/json.h"

namespace health_agent::agent {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::Not;
using ::testing::StartsWith;

TEST(ModelAddress, APathIsLeftAsItIs) {
  const std::pair<const char*, const char*> all[]{
      {"https://api.openai.com", "https://api.openai.com/v1/chat/completions"},
      {"https://api.openai.com/", "https://api.openai.com/v1/chat/completions"},
      {"http://localhost:11434/v1", "http://localhost:11434/v1/chat/completions"},
      {"http://localhost:11434/v1/", "http://localhost:11434/v1/chat/completions"},
      {"https://generativelanguage.googleapis.com/v1beta/openai/",
       "https://generativelanguage.googleapis.com/v1beta/openai/chat/completions"},
      {"https://api.groq.com/openai/v1", "https://api.groq.com/openai/v1/chat/completions"},
      {"https://h/api/v3/chat/completions", "https://h/api/v3/chat/completions"},
      {"https://x.openai.azure.com", "https://x.openai.azure.com/openai/v1/chat/completions"},
      {"https://x.openai.azure.com/openai/v1/",
       "https://x.openai.azure.com/openai/v1/chat/completions"},
      {"https://x.openai.azure.com?api-version=2024-10-21",
       "https://x.openai.azure.com/openai/deployments/m/chat/completions?api-version=2024-10-21"},
      {"https://gate/openai/deployments/d/?api-version=2024-10-21",
       "https://gate/openai/deployments/d/chat/completions?api-version=2024-10-21"},
  };
  for (const auto& [base, url] : all)
    EXPECT_EQ(openai_endpoint("m", base, "k").url, url);
  EXPECT_EQ(anthropic_endpoint("m", "https://h/anthropic", "k").url,
            "https://h/anthropic/v1/messages");
}

TEST(ModelAddress, TheKeyGoesWhereTheServerLooksForIt) {
  const auto headers = [](const char* base, const char* key) {
    return openai_endpoint("m", base, key).headers;
  };
  EXPECT_THAT(headers("https://api.openai.com", "k"), Contains("Authorization: Bearer k"));
  for (const char* azure :
       {"https://x.openai.azure.com/openai/v1", "https://gate/o?api-version=1"}) {
    EXPECT_THAT(headers(azure, "k"), Contains("api-key: k"));
    EXPECT_THAT(headers(azure, "k"), Each(Not(StartsWith("Authorization"))));
  }
  EXPECT_THAT(headers("http://localhost:8000", ""), Each(Not(StartsWith("Authorization"))));
  EXPECT_THAT(anthropic_endpoint("m", "http://localhost", "").headers,
              Each(Not(StartsWith("x-api-key"))));
  EXPECT_FALSE(may_lack_key("https://api.openai.com/v1"));
  EXPECT_FALSE(may_lack_key("https://API.anthropic.com"));
  EXPECT_TRUE(may_lack_key("http://localhost:11434/v1"));
  EXPECT_TRUE(may_lack_key("https://api.openai.com.proxy.local"));
}

struct ErrorRow {
  int status;
  const char* body;
  const char* what;
  bool passes = false;
  bool refuses = false;
};

TEST(VendorError, IsToldInTheVendorsWordsOnOneLine) {
  const ErrorRow all[]{
      {422, R"({"detail":[{"loc":["body","messages",0],"msg":"field required","type":"missing"}]})",
       "HTTP 422 body.messages.0: field required"},
      {422, R"({"detail":"Not good"})", "HTTP 422 Not good"},
      {422,
       R"({"object":"error","message":{"detail":[{"loc":["body","x"],"msg":"no"}]},"type":"invalid_request_error"})",
       "HTTP 422 invalid_request_error: body.x: no"},
      {422,
       R"({"message":"{\"detail\":[{\"loc\":[\"body\",\"x\"],\"msg\":\"no\"}]}","type":"proxy"})",
       "HTTP 422 proxy: body.x: no"},
      {400, R"([{"error":{"code":400,"message":"bad","status":"INVALID_ARGUMENT"}}])",
       "HTTP 400 INVALID_ARGUMENT: bad"},
      {400, R"({"code":"invalid argument","error":"no such model"})",
       "HTTP 400 invalid argument: no such model"},
      {404, R"({"error":"model 'x' not found"})", "HTTP 404 model 'x' not found"},
      {500, "two\nlines\r\n\x1b[31m", "HTTP 500 two\\nlines\\n[31m"},
      {400, R"({"error":{"type":"t","message":"a\nforged line"}})", "HTTP 400 t: a\\nforged line"},
      {498, "{}", "HTTP 498 {}", true},
      {400, R"({"error":{"code":"tool_use_failed","message":"m"}})", "HTTP 400 tool_use_failed: m",
       true},
      {0, R"({"error":{"code":429,"message":"slow down"}})", "429: slow down", true},
      {0, R"({"error":{"code":"503","type":"None","message":"m"}})", "503: m", true},
      {0, R"({"error":{"code":402,"message":"no credits"}})", "402: no credits"},
      {0, R"({"error":{"code":429,"type":"insufficient_quota","message":"m"}})",
       "insufficient_quota: m"},
      {0,
       R"({"error":{"code":502,"message":"Provider returned error","metadata":{"raw":"it is \ud83c"}}})",
       "502: Provider returned error (it is \uFFFD)", true},
      {0, R"({"message":"m","type":"InternalServerError","code":500})", "InternalServerError: m",
       true},
      {400, R"({"error":{"message":"filtered","code":"content_filter"}})",
       "HTTP 400 content_filter: filtered", false, true},
      {400,
       R"({"error":{"message":"Output blocked by content filtering policy","type":"invalid_request_error"}})",
       "HTTP 400 invalid_request_error: Output blocked by content filtering policy", false, true},
      {0, R"({"error":{"message":"litellm.ContentPolicyViolationError","code":"400"}})",
       "400: litellm.ContentPolicyViolationError", false, true},
      {500, R"({"error":{"message":"m","code":"content_filter"}})", "HTTP 500 content_filter: m"},
      {400, "[]", "HTTP 400 []"},
      {400, R"({"error":{}})", "HTTP 400 "},
      {400, "", "HTTP 400 "},
  };
  for (const ErrorRow& row : all) {
    const VendorFailure failure = failure_of(row.status, row.body);
    EXPECT_EQ(failure.what, row.what);
    EXPECT_EQ(failure.passes, row.passes) << row.body;
    EXPECT_EQ(failure.refuses, row.refuses) << row.body;
  }
}

/// The text that is left in the end, of pieces of each length.
std::string shown_of(std::string_view text, std::size_t length, AnswerText answer = {}) {
  std::string shown;
  for (; !text.empty(); text.remove_prefix(std::min(length, text.size()))) {
    const std::string piece = answer.take(text.substr(0, length));
    if (answer.starts_over()) shown.clear();
    shown += piece;
  }
  return shown + answer.end();
}

TEST(AnswerText, LeavesThoughtsOutWhereverItIsCut) {
  const std::pair<const char*, const char*> all[]{
      {"Hello!", "Hello!"},
      {"<think>hm</think>\n\nHello!", "Hello!"},
      {"<thinking>a < b</thinking>Hello!", "Hello!"},
      {"<think></think>Hello <b>!", "Hello <b>!"},
      {"Well, <reasoning>no</reasoning> yes", "Well, yes"},
      {"<think>never ends", ""},
      {"1 < 2 <thi", "1 < 2 <thi"},
      {"<thinkers>", "<thinkers>"},
      {"<<think>x</think>", "<"},
      {"thoughts that lost their tag</think>\nHello!", "Hello!"},
      {"a < b </thoughts </thought>Hello!", "Hello!"},
      {"<think>hm</think>The tag </think> ends it", "The tag </think> ends it"},
      {"", ""},
  };
  for (const auto& [text, shown] : all) {
    for (std::size_t length = 1; length < 12; ++length)
      EXPECT_EQ(shown_of(text, length), shown) << length;
    EXPECT_EQ(answer_text_of(text), shown);
  }
}

TEST(AnswerText, ShowsNothingOfThoughtsThatAreExpected) {
  const std::pair<const char*, const char*> all[]{
      {"hm</think>\n\nHello!", "Hello!"},
      {"<think>hm</think>Hello!", "Hello!"},
      {"Hello!", "Hello!"},
      {"1 < 2", "1 < 2"},
      {"", ""},
  };
  for (const auto& [text, shown] : all) {
    for (std::size_t length = 1; length < 12; ++length)
      EXPECT_EQ(shown_of(text, length, AnswerText{true}), shown) << text << length;
  }
  AnswerText answer{true};
  EXPECT_EQ(answer.take("An egg, so 78 kcal"), "");
  EXPECT_EQ(answer.take("</think>"), "");
  EXPECT_EQ(answer.take("Eggs!"), "Eggs!");
}

TEST(Halves, AreJoinedOrReplacedAndNothingElseIsTouched) {
  const auto joined = [](const std::vector<std::string>& pieces) {
    HalfJoiner halves;
    std::string text;
    for (const std::string& piece : pieces) {
      const auto value = parse_answer("\"" + piece + "\"");
      EXPECT_TRUE(value) << piece;
      if (value) text += halves.take(value->get<std::string>());
    }
    return text + halves.end();
  };
  const std::string apple = "\U0001F34E";
  EXPECT_EQ(joined({"\\ud83c", "\\udf4e"}), apple);
  EXPECT_EQ(joined({"\\uD83C\\uDF4E"}), apple);
  EXPECT_EQ(joined({"a\\ud83c", "", "\\udf4eb"}), "a" + apple + "b");
  EXPECT_EQ(joined({"\xF0", "\x9F", "\x8D", "\x8E!"}), apple + "!");
  EXPECT_EQ(joined({"\xC3", "\xA4"}), "ä");
  EXPECT_EQ(joined({"\\ud83c", "x"}), "\uFFFDx");
  EXPECT_EQ(joined({"\\udf4e"}), "\uFFFD");
  EXPECT_EQ(joined({"\\ud83c"}), "\uFFFD");
  EXPECT_EQ(joined({"\\ud83c\\ud83c", "\\udf4e"}), "\uFFFD" + apple);
  EXPECT_EQ(joined({"\xE2\x82", "a"}), "\uFFFDa");
  EXPECT_EQ(joined({"\xFF"}), "\uFFFD");
  EXPECT_EQ(joined({"\x80\x80"}), "\uFFFD\uFFFD");
  EXPECT_EQ(joined({"\\\\ud83c", "\\u00e4\\n" + apple}), "\\ud83cä\n" + apple);
  for (const char* broken : {"\\u", "\\ud8", "\\ud83", "\\x", "\\"})
    EXPECT_FALSE(parse_answer(std::string{"\""} + broken + "\"")) << broken;
}

}  // namespace
}  // namespace health_agent::agent
