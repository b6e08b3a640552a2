// RemoteAgent with answers that come as streams, of both vendors.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "health_agent/errors.h"
#include "tests/unit/health_agent/agent_world.h"

namespace health_agent::agent {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

json start(int input, int output) {
  return {{"type", "message_start"},
          {"message",
           {{"model", "claude-opus-5-5"},
            {"usage",
             {{"input_tokens", input},
              {"cache_read_input_tokens", 30},
              {"cache_creation_input_tokens", 10},
              {"output_tokens", output}}}}}};
}
json block(const json& content) {
  return {{"type", "content_block_start"}, {"content_block", content}};
}
json delta(const char* type, const char* field, const std::string& value) {
  return {{"type", "content_block_delta"}, {"delta", {{"type", type}, {field, value}}}};
}
json words(const std::string& text) {
  return delta("text_delta", "text", text);
}
json end(const char* stop, int output) {
  return {{"type", "message_delta"},
          {"delta", {{"stop_reason", stop}}},
          {"usage", {{"output_tokens", output}}}};
}
const json kTextBlock = block({{"type", "text"}, {"text", ""}});
const json kPing{{"type", "ping"}};
const json kStop{{"type", "message_stop"}};

json chunk(const json& delta, const json& finish = nullptr) {
  return {{"model", "gpt-5.4"},
          {"choices", {{{"index", 0}, {"delta", delta}, {"finish_reason", finish}}}}};
}
json gpt_usage(int input, int output) {
  return {{"model", "gpt-5.4"},
          {"choices", json::array()},
          {"usage",
           {{"prompt_tokens", input},
            {"completion_tokens", output},
            {"prompt_tokens_details", {{"cached_tokens", 40}}},
            {"completion_tokens_details", {{"reasoning_tokens", 5}}}}}};
}

class StreamTest : public ::testing::Test {
 public:
  AgentReply ask(Endpoint endpoint) {
    RemoteAgent agent{std::move(endpoint), 30s, std::make_shared<Prices>(), world_.world()};
    AgentRequest request;
    request.message = "an egg";
    return agent.reply(request, [this](std::string_view piece) {
      heard_ += piece;
      return heard_.size() < leave_at_;
    });
  }
  AgentReply claude() { return ask(anthropic_endpoint("claude-opus-5-5", "http://model", "k")); }
  AgentReply gpt() { return ask(openai_endpoint("gpt-5.4", "http://model/v1", "k")); }
  std::string failure(AgentReply (StreamTest::*who)()) {
    try {
      ADD_FAILURE() << "it answered: " << (this->*who)().text;
    } catch (const AgentError& error) {
      return error.what();
    }
    return {};
  }

  ScriptedWorld world_;
  std::string heard_;
  std::size_t leave_at_ = 1'000'000;
};

TEST_F(StreamTest, OfClaudeIsToldAsItComesAndTheLastUsageCounts) {
  world_.answers(200, stream({start(60, 3), kPing, kTextBlock, words("Hello, "), words("Änn!"),
                              end("end_turn", 17), kStop}));
  const AgentReply reply = claude();
  EXPECT_EQ(heard_, "Hello, Änn!");
  EXPECT_EQ(reply.text, heard_);
  EXPECT_EQ(reply.usage.input_tokens, 100) << "cached tokens are input too";
  EXPECT_EQ(reply.usage.cached_input_tokens, 30);
  EXPECT_EQ(reply.usage.cache_write_tokens, 10);
  EXPECT_EQ(reply.usage.output_tokens, 17);
  EXPECT_EQ(reply.cost_usd,
            (60 * 4'000'000 + 30 * 200'000 + 10 * 5'000'000 + 17 * 20'000'000) / 1e12);
  EXPECT_EQ(world_.asked[0]["stream"], true);
}

TEST_F(StreamTest, OfGptIsToldAsItComesAndTheLastUsageCounts) {
  world_.answers(
      200, stream({chunk({{"role", "assistant"}}), chunk({{"content", "Hello, "}}),
                   chunk({{"content", "Änn!"}}), chunk(json::object(), "stop"), gpt_usage(100, 17)},
                  "data: [DONE]\n\n"));
  const AgentReply reply = gpt();
  EXPECT_EQ(heard_, "Hello, Änn!");
  EXPECT_EQ(reply.text, heard_);
  EXPECT_EQ(reply.usage.input_tokens, 100);
  EXPECT_EQ(reply.usage.cached_input_tokens, 40);
  EXPECT_EQ(reply.usage.output_tokens, 17);
  EXPECT_EQ(reply.usage.reasoning_tokens, 5);
  EXPECT_EQ(reply.cost_usd, (60 * 2'500'000 + 40 * 250'000 + 17 * 15'000'000) / 1e12);
  EXPECT_EQ(world_.asked[0]["stream_options"]["include_usage"], true);
  EXPECT_EQ(world_.requests[0].url, "http://model/v1/chat/completions");
}

TEST_F(StreamTest, AToolCallInPiecesIsPutTogetherAndItsThinkingGoesBack) {
  world_.answers(
      200,
      stream(
          {start(60, 1), block({{"type", "thinking"}, {"thinking", ""}, {"signature", ""}}),
           delta("thinking_delta", "thinking", "an egg, "),
           delta("thinking_delta", "thinking", "so."),
           delta("signature_delta", "signature", "signed"), kTextBlock, words("Let me log that."),
           block({{"type", "tool_use"},
                  {"id", "t1"},
                  {"name", "log_food"},
                  {"input", json::object()}}),
           delta("input_json_delta", "partial_json", R"({"meal_type":"lunch","foods":[{"name":)"),
           delta("input_json_delta", "partial_json",
                 R"("egg","quantity":1,"unit":"piece","calories":72}]})"),
           end("tool_use", 40), kStop}));
  world_.answers(200, stream({start(90, 1), kTextBlock, words("Done: "), words("72 kcal."),
                              end("end_turn", 9), kStop}));
  const AgentReply reply = claude();
  ASSERT_EQ(reply.food_entries.size(), 1U);
  EXPECT_EQ(reply.food_entries[0].foods[0].calories, 72);
  EXPECT_EQ(heard_, "Let me log that.\n\nDone: 72 kcal.");
  EXPECT_EQ(reply.text, heard_) << "the pieces put together are the answer";
  EXPECT_EQ(reply.usage.output_tokens, 49);
  const json& said = world_.asked[1]["messages"][1]["content"];
  EXPECT_EQ(said[0]["thinking"], "an egg, so.");
  EXPECT_EQ(said[0]["signature"], "signed");
  EXPECT_EQ(said[2]["input"]["meal_type"], "lunch");
}

TEST_F(StreamTest, AToolCallOfGptInPiecesIsPutTogether) {
  const auto part = [](const json& call) { return chunk({{"tool_calls", json::array({call})}}); };
  world_.answers(
      200,
      stream({part({{"index", 0},
                    {"id", "c1"},
                    {"function", {{"name", "log_food"}, {"arguments", ""}}}}),
              part({{"index", 0},
                    {"function", {{"arguments", R"({"meal_type":"lunch","foods":[{"name":)"}}}}),
              part({{"index", 0},
                    {"function",
                     {{"arguments", R"("egg","quantity":1,"unit":"piece","calories":72}]})"}}}}),
              chunk(json::object(), "tool_calls"), gpt_usage(100, 20)},
             "data: [DONE]\n\n"));
  world_.answers(
      200, stream({chunk({{"content", "Done."}}), chunk(json::object(), "stop"), gpt_usage(120, 2)},
                  "data: [DONE]\n\n"));
  const AgentReply reply = gpt();
  ASSERT_EQ(reply.food_entries.size(), 1U);
  EXPECT_EQ(reply.text, "Done.");
  EXPECT_EQ(reply.usage.input_tokens, 220);
  const json& messages = world_.asked[1]["messages"];
  EXPECT_EQ(messages[2]["tool_calls"][0]["id"], "c1");
  EXPECT_EQ(messages[2]["content"], nullptr);
  EXPECT_EQ(messages[3]["role"], "tool");
  EXPECT_EQ(messages[3]["tool_call_id"], "c1");
}

TEST_F(StreamTest, IsNeverBegunAgainAfterTextWasTold) {
  world_.answers(200, stream({start(60, 1), kTextBlock, words("Hello, ")}));
  EXPECT_THAT(failure(&StreamTest::claude), HasSubstr("in the middle"));
  EXPECT_EQ(heard_, "Hello, ");
  EXPECT_THAT(world_.requests, SizeIs(1));
}

TEST_F(StreamTest, IsBegunAgainWhenNothingWasTold) {
  world_.answers(200, stream({start(60, 1), kTextBlock}));
  world_.answers(200, stream({{{"type", "error"}, {"error", {{"type", "overloaded_error"}}}}}));
  world_.answers(200,
                 stream({start(60, 1), kTextBlock, words("Hello!"), end("end_turn", 5), kStop}));
  EXPECT_EQ(claude().text, "Hello!");
  EXPECT_EQ(heard_, "Hello!");
}

TEST_F(StreamTest, NonsenseInItIsAFailureAndNotAskedAgain) {
  for (const char* nonsense :
       {"data: {\"type\":\n\n", "data: 7\n\n", "data: [[[[\n\n",
        "data: {\"type\":\"content_block_delta\",\"delta\":{}}\n\n",
        "data: {\"type\":\"content_block_start\",\"content_block\":7}\n\n"}) {
    world_.answers(200, nonsense);
    EXPECT_THAT(failure(&StreamTest::claude), HasSubstr("anthropic claude-opus-5-5: the stream"))
        << nonsense;
  }
  world_.answers(200,
                 "data: {\"error\":{\"type\":\"invalid_request_error\",\"message\":\"no\"}}\n\n");
  EXPECT_THAT(failure(&StreamTest::gpt),
              HasSubstr("an error in the stream: invalid_request_error: no"));
  world_.answers(200, "data: " + std::string(2'000'000, 'x'));
  EXPECT_THAT(failure(&StreamTest::gpt), HasSubstr("huge event"));
}

TEST_F(StreamTest, EndsWhenTheListenerLeavesWithWhatIsKnown) {
  leave_at_ = 3;
  world_.answers(200, stream({start(60, 2), kTextBlock, words("He"), words("llo, "), words("Ann!"),
                              end("end_turn", 17), kStop}));
  const AgentReply reply = claude();
  EXPECT_TRUE(reply.cancelled);
  EXPECT_EQ(reply.text, "Hello, ");
  EXPECT_EQ(reply.usage.input_tokens, 100);
  EXPECT_EQ(reply.usage.output_tokens, 2);
  EXPECT_TRUE(reply.food_entries.empty());
}

TEST_F(StreamTest, TheListenerMayLeaveWhileTheModelIsSilentOrAwaited) {
  leave_at_ = 0;
  world_.then([](const HttpRequest& request, const OnBody&) -> HttpAnswer {
    EXPECT_FALSE(request.on_wait());
    return {.abandoned = true};
  });
  EXPECT_TRUE(claude().cancelled);
  world_.answers(503, "");
  EXPECT_TRUE(claude().cancelled);
  EXPECT_THAT(world_.requests, SizeIs(2)) << "it was not asked again for nobody";
}

TEST_F(StreamTest, ToolsWithoutReasoningAreLearntFromTheRefusal) {
  const auto endpoint = openai_endpoint("gpt-5.4", "http://model", "k");
  const std::string done = stream({chunk({{"content", "Hi"}}, "stop")}, "data: [DONE]\n\n");
  world_.answers(
      400, R"({"error":{"message":"Function tools with reasoning_effort are not supported"}})");
  world_.answers(200, done);
  EXPECT_EQ(ask(endpoint).text, "Hi");
  EXPECT_FALSE(world_.asked[0].contains("reasoning_effort"));
  EXPECT_EQ(world_.asked[1]["reasoning_effort"], "none");
  world_.answers(200, done);
  EXPECT_EQ(ask(endpoint).text, "Hi");
  EXPECT_EQ(world_.asked[2]["reasoning_effort"], "none") << "learnt for the next conversation";
}

// Servers of models that think may put the first tag into the prompt.
TEST_F(StreamTest, ThoughtsWithoutTheirFirstTagAreNoAnswer) {
  const auto endpoint = openai_endpoint("qwq", "http://model", "k");
  const std::string answer =
      stream({chunk({{"content", "An egg?</thi"}}), chunk({{"content", "nk>\n\nHi"}}, "stop")},
             "data: [DONE]\n\n");
  world_.answers(200, answer);
  EXPECT_EQ(ask(endpoint).text, "Hi");
  EXPECT_THAT(endpoint.learnt(), ElementsAre("with thoughts before the answer"));
  heard_.clear();
  world_.answers(200, answer);
  EXPECT_EQ(ask(endpoint).text, "Hi");
  EXPECT_EQ(heard_, "Hi") << "once it is known nobody hears them";
  heard_.clear();
  world_.answers(200, stream({chunk({{"content", "No thought"}}, "stop")}, "data: [DONE]\n\n"));
  EXPECT_EQ(ask(endpoint).text, "No thought");

  world_.answers(200, stream({start(60, 3), kTextBlock, words("An egg?</think>"), words("Hi"),
                              end("end_turn", 17), kStop}));
  EXPECT_EQ(claude().text, "Hi");
}

TEST_F(StreamTest, CallsWithoutIdsOfDifferentNamesAreDifferentCalls) {
  const auto call = [](const char* name, const char* arguments) {
    return chunk({{"tool_calls",
                   {{{"index", 0}, {"function", {{"name", name}, {"arguments", arguments}}}}}}});
  };
  const auto endpoint = openai_endpoint("gemini", "http://model", "k");
  const auto dialogue = endpoint.open({.system = "s", .conversation = {}});
  dialogue->begin_turn();
  const auto hear = [](std::string_view) { return true; };
  dialogue->take_event(call("undo_food", "{}").dump(), hear);
  dialogue->take_event(call("log_food", R"({"foods":[]})").dump(), hear);
  dialogue->take_event(chunk(json::object(), "tool_calls").dump(), hear);
  const ModelTurn turn = dialogue->end_turn();
  ASSERT_THAT(turn.calls, SizeIs(2));
  EXPECT_EQ(turn.calls[0].name, "undo_food");
  EXPECT_EQ(turn.calls[0].arguments, "{}");
  EXPECT_EQ(turn.calls[1].arguments, R"({"foods":[]})");
}

TEST_F(StreamTest, ARefusalThatRepeatsTheRequestTeachesNothingOfItsFields) {
  const auto endpoint = openai_endpoint("m", "http://model", "k");
  const auto dialogue = endpoint.open({.system = "s", .conversation = {}});
  const std::string request = dialogue->body({.streamed = true, .tools_allowed = true});
  json refusal{{"detail",
                {{{"type", "value_error"},
                  {"loc", {"body", "messages"}},
                  {"msg", "Value error, a message is too long"},
                  {"input", json::parse(request)}}}}};
  EXPECT_FALSE(dialogue->adapt(422, refusal.dump()));
  EXPECT_THAT(endpoint.learnt(), IsEmpty());
  refusal["detail"][0]["loc"][1] = "stream_options";
  EXPECT_TRUE(dialogue->adapt(422, refusal.dump()));
  EXPECT_THAT(endpoint.learnt(), ElementsAre("without stream_options"));
}

TEST_F(StreamTest, TwoThatAreRefusedAtTheSameTimeBothAskAgain) {
  const auto endpoint = openai_endpoint("gpt-5.4", "http://model", "k");
  const Prompt prompt{.system = "s", .conversation = {{.by_user = true, .text = "hi"}}};
  const auto first = endpoint.open(prompt);
  const auto second = endpoint.open(prompt);
  const Asking asking{.streamed = true, .tools_allowed = true};
  (void)first->body(asking);
  (void)second->body(asking);
  constexpr const char* kRefusal = R"({"error":{"message":"reasoning_effort is not supported"}})";
  EXPECT_TRUE(first->adapt(400, kRefusal));
  EXPECT_TRUE(second->adapt(400, kRefusal));
  (void)second->body(asking);
  EXPECT_FALSE(second->adapt(400, kRefusal)) << "it was asked without reasoning already";
}

TEST_F(StreamTest, WhatIsCutOrHangsAfterItsLastWordIsWhole) {
  const std::string whole = stream({start(60, 1), kTextBlock, words("Hello!"), end("end_turn", 5)});
  const auto tell = [&whole](const OnBody& on_body) {
    for (std::size_t at = 0; at < whole.size(); at += 7)
      on_body(std::string_view{whole}.substr(at, 7));
  };
  world_.then([&](const HttpRequest&, const OnBody& on_body) -> HttpAnswer {
    tell(on_body);
    throw HttpError(HttpError::Kind::kCut, "cut");
  });
  EXPECT_EQ(claude().text, "Hello!");
  world_.then([&](const HttpRequest& request, const OnBody& on_body) -> HttpAnswer {
    tell(on_body);
    EXPECT_TRUE(request.on_wait()) << "its end mark may still come";
    on_body("data: {\"type\":\"message_stop\"}\n\n");
    EXPECT_FALSE(request.on_wait()) << "nothing more is of interest";
    return {.status = 200, .abandoned = true};
  });
  const AgentReply reply = claude();
  EXPECT_EQ(reply.text, "Hello!");
  EXPECT_FALSE(reply.cancelled);
  EXPECT_EQ(reply.usage.output_tokens, 5);
}

TEST_F(StreamTest, AServerThatAlwaysStreamsIsUnderstoodWhereNobodyListens) {
  for (const char* before : {"", ": hello\n\n", "\n", "\xEF\xBB\xBF"}) {
    RemoteAgent agent{openai_endpoint("gpt-5.4", "http://model", ""), 30s,
                      std::make_shared<Prices>(), world_.world()};
    std::string body{before};
    for (const json& event : {chunk({{"content", "Hel"}}), chunk({{"content", "lo!"}}, "stop")})
      body += "data: " + event.dump() + "\n\n";
    world_.answers(200, body + "data: [DONE]\n\n");
    EXPECT_EQ(agent.reply({}, {}).text, "Hello!") << before;
  }
}

TEST_F(StreamTest, WhatComesAfterTheEndIsOfNoInterest) {
  for (const char* more : {"data: [DONE]\n\n", "data:\n\n", "data:  \n\n", "data: nonsense\n\n",
                           "event: done\ndata: 7\n\n", ": bye\n\n"}) {
    world_.answers(
        200, stream({start(60, 1), kTextBlock, words("Hello!"), end("end_turn", 5), kStop}, more));
    EXPECT_EQ(claude().text, "Hello!") << more;
    world_.answers(200,
                   stream({chunk({{"content", "Hello!"}}, "stop")}, "data: [DONE]\n\n") + more);
    EXPECT_EQ(gpt().text, "Hello!") << more;
  }
}

TEST_F(StreamTest, ARefusalAfterSomeWordsIsToldToBeOne) {
  world_.answers(200,
                 stream({start(60, 1), kTextBlock, words("Well, "), end("refusal", 5), kStop}));
  const AgentReply reply = claude();
  EXPECT_TRUE(reply.refused);
  EXPECT_EQ(heard_, "Well, ");
  EXPECT_THAT(reply.text, ::testing::StartsWith("Well, \n\nI would rather not"));
}

TEST_F(StreamTest, ATextThatTheLimitCutSaysSo) {
  world_.answers(200, stream({chunk({{"content", "Half an ans"}}, "length")}));
  EXPECT_EQ(gpt().text, "Half an ans […]");
  EXPECT_EQ(heard_, "Half an ans […]");
}

TEST_F(StreamTest, ARefusalInItsOwnFieldIsTheAnswer) {
  world_.answers(200, stream({chunk({{"refusal", "I will not."}}), chunk(json::object(), "stop")}));
  EXPECT_EQ(gpt().text, "I will not.");
  world_.answers(200, stream({chunk(json::object(), "content_filter")}));
  EXPECT_THAT(gpt().text, HasSubstr("rather not"));
}

}  // namespace
}  // namespace health_agent::agent
