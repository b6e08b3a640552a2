#include "health_agent/agent/remote/remote_agent.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "health_agent/agent/local/local_agent.h"
#include "health_agent/agent/remote/food_tool.h"
#include "health_agent/errors.h"
#include "health_agent/time.h"
#include "tests/unit/health_agent/agent_world.h"
#include "vitals/metrics/registry.h"
#include "vitals/testing/snapshot.h"

namespace health_agent::agent {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using Kind = HttpError::Kind;

constexpr const char* kKey = "sk-ant-secret";
const json kUsage{{"input_tokens", 100}, {"output_tokens", 7}};

/// A whole answer of Anthropic's.
std::string message(const json& content, const char* stop = "end_turn",
                    const json& usage = kUsage) {
  return json{{"model", "claude-opus-5-5"},
              {"content", content.is_object() ? json::array({content}) : content},
              {"stop_reason", stop},
              {"usage", usage}}
      .dump();
}
std::string text(const char* words) {
  return message({{{"type", "text"}, {"text", words}}});
}
json food_call(const json& input, const char* id = "t1") {
  return {{"type", "tool_use"}, {"id", id}, {"name", "log_food"}, {"input", input}};
}
const json kEgg{
    {"meal_type", "lunch"},
    {"foods", {{{"name", "egg"}, {"quantity", 1}, {"unit", "piece"}, {"calories", 72}}}}};
const json kBad{{"meal_type", "lunch"}, {"foods", "an egg"}};

class RemoteAgentTest : public ::testing::Test {
 protected:
  AgentReply ask(const OnText& on_text = {}, std::chrono::milliseconds timeout = 30s) {
    RemoteAgent agent{anthropic_endpoint("claude-opus-5-5", "http://model", kKey), timeout,
                      std::make_shared<Prices>(), world_.world()};
    AgentRequest request;
    request.user_id = "ann";
    request.message = "an egg";
    request.now = 1'795'537'184;
    return agent.reply(request, on_text);
  }
  std::string failure(const OnText& on_text = {}, std::chrono::milliseconds timeout = 30s) {
    try {
      const AgentReply reply = ask(on_text, timeout);
      ADD_FAILURE() << "it answered: " << reply.text;
    } catch (const AgentError& error) {
      return error.what();
    }
    return {};
  }

  ScriptedWorld world_;
};

TEST_F(RemoteAgentTest, AsksByTheVendorsRules) {
  world_.answers(200, text("Hello!"));
  const AgentReply reply = ask();
  EXPECT_EQ(reply.text, "Hello!");
  EXPECT_EQ(reply.model, "claude-opus-5-5");
  EXPECT_EQ(reply.usage.input_tokens, 100);
  EXPECT_EQ(reply.usage.output_tokens, 7);
  EXPECT_EQ(reply.cost_usd, (100 * 4 + 7 * 20) / 1e6);
  ASSERT_THAT(world_.requests, SizeIs(1));
  EXPECT_EQ(world_.requests[0].url, "http://model/v1/messages");
  EXPECT_THAT(world_.requests[0].headers,
              ::testing::IsSupersetOf({std::string{"x-api-key: "} + kKey,
                                       std::string{"anthropic-version: 2023-06-01"}}));
  const json& body = world_.asked[0];
  EXPECT_EQ(body["stream"], false);
  EXPECT_EQ(body["tools"][0]["name"], "log_food");
  EXPECT_EQ(body["messages"], json::parse(R"([{"role":"user","content":"an egg"}])"));
}

TEST_F(RemoteAgentTest, AsksAgainAfterTheTimeThatIsAskedFor) {
  world_.answers(429, R"({"error":{"type":"rate_limit_error"}})", {{"retry-after", "2"}});
  world_.answers(529, "");
  world_.answers(200, text("Hello!"));
  EXPECT_EQ(ask().text, "Hello!");
  EXPECT_THAT(world_.pauses, ElementsAre(0ms, 2250ms, 500ms));
}

TEST_F(RemoteAgentTest, AsksAgainWhenNobodyIsThereButNotForEver) {
  world_.fails(Kind::kConnect);
  world_.fails(Kind::kTimeout);
  world_.fails(Kind::kCut);
  EXPECT_THAT(failure(), AllOf(HasSubstr("anthropic claude-opus-5-5"), HasSubstr("it is away"),
                               HasSubstr("at attempt 3")));
}

TEST_F(RemoteAgentTest, WhatCannotPassIsNotAskedAgain) {
  for (const int status : {400, 401, 403, 404}) {
    world_.answers(status,
                   R"({"type":"error","error":{"type":"some_error","message":"it is so"}})");
    EXPECT_THAT(failure(), HasSubstr("HTTP " + std::to_string(status) + " some_error: it is so"));
  }
  world_.answers(200, "<html>nonsense</html>");
  EXPECT_THAT(failure(), HasSubstr("no message in JSON"));
  world_.answers(200, std::string(100'000, '['));
  EXPECT_THAT(failure(), HasSubstr("no message in JSON"));
}

TEST_F(RemoteAgentTest, AWaitPastTheDeadlineIsNotBegun) {
  world_.answers(429, "{}", {{"retry-after", "31"}});
  EXPECT_THAT(failure(), HasSubstr("no time to try again"));
  EXPECT_THAT(world_.requests, SizeIs(1));
}

TEST_F(RemoteAgentTest, SilenceIsGivenUpWhileThereIsTimeForAnotherAttempt) {
  const auto silence = [this](const HttpRequest& request, const OnBody&) -> HttpAnswer {
    while (request.on_wait()) {
      world_.now += 100ms;
      if (world_.now > World::Time{1h} + 30s) throw HttpError(Kind::kTimeout, "timed out");
    }
    return {.abandoned = true};
  };
  world_.then(silence);
  world_.answers(200, text("Hello!"));
  EXPECT_EQ(ask().text, "Hello!");
  EXPECT_LT(world_.now - World::Time{1h}, 21s);
  EXPECT_LE(world_.requests[1].timeout, 10s);
}

TEST_F(RemoteAgentTest, AKeyIsNeverInAnError) {
  world_.answers(401, R"({"error":{"message":"bad key sk-ant-secret, was it sk-proj-abc123?"}})");
  EXPECT_THAT(failure(),
              AllOf(HasSubstr("bad key ***"), Not(HasSubstr("secret")), Not(HasSubstr("abc123"))));
  world_.answers(400, std::string(100'000, 'x'));
  EXPECT_LT(failure().size(), 400U);
}

TEST_F(RemoteAgentTest, AToolCallBecomesAnEntryAndIsAnswered) {
  const json thinking{{"type", "thinking"}, {"thinking", ""}, {"signature", "signed"}};
  world_.answers(200, message({thinking, food_call(kEgg)}, "tool_use"));
  world_.answers(200, text("Logged."));
  const AgentReply reply = ask();
  EXPECT_EQ(reply.text, "Logged.");
  ASSERT_EQ(reply.food_entries.size(), 1U);
  EXPECT_EQ(reply.food_entries[0].user_id, "ann");
  EXPECT_EQ(reply.food_entries[0].timestamp, 1'795'537'184);
  EXPECT_EQ(reply.food_entries[0].foods[0].name, "egg");
  EXPECT_EQ(reply.usage.input_tokens, 200) << "the rounds of one answer are summed";
  EXPECT_EQ(reply.usage.output_tokens, 14);
  const json& messages = world_.asked[1]["messages"];
  ASSERT_EQ(messages.size(), 3U);
  EXPECT_EQ(messages[1]["content"][0], thinking) << "what is signed goes back as it came";
  EXPECT_EQ(messages[1]["content"][1]["input"], kEgg);
  EXPECT_EQ(messages[2]["content"][0]["tool_use_id"], "t1");
  EXPECT_FALSE(messages[2]["content"][0].contains("is_error"));
}

TEST_F(RemoteAgentTest, AFaultyToolCallMayBeMendedOnce) {
  world_.answers(200, message({food_call(kBad)}, "tool_use"));
  world_.answers(200, message({food_call(kEgg, "t2")}, "tool_use"));
  world_.answers(200, text("Logged."));
  EXPECT_FALSE(ask().food_entries.empty());
  const json& result = world_.asked[1]["messages"][2]["content"][0];
  EXPECT_EQ(result["is_error"], true);
  EXPECT_THAT(result["content"].get<std::string>(), HasSubstr("foods: an array"));
  EXPECT_EQ(world_.asked[2]["tool_choice"]["type"], "none") << "the last round is for words";

  world_.answers(200, message({food_call(kBad)}, "tool_use"));
  world_.answers(200, message({food_call(kBad)}, "tool_use"));
  EXPECT_THAT(failure(), HasSubstr("called its tool wrongly twice: foods: an array"));
}

TEST_F(RemoteAgentTest, SeveralGoodCallsAreOneEntryAndOneBadSpoilsThemAll) {
  world_.answers(200, message({food_call(kEgg, "a"), food_call(kEgg, "b")}, "tool_use"));
  world_.answers(200, text("Logged."));
  EXPECT_THAT(ask().food_entries.at(0).foods, SizeIs(2));

  json stranger = food_call(kEgg, "b");
  stranger["name"] = "delete_user";
  world_.answers(200, message({food_call(kEgg, "a"), stranger}, "tool_use"));
  world_.answers(200, text("I could not log that."));
  const AgentReply reply = ask();
  EXPECT_TRUE(reply.food_entries.empty());
  for (const json& result : world_.asked.back()["messages"][2]["content"])
    EXPECT_EQ(result["is_error"], true) << result;
}

TEST_F(RemoteAgentTest, AnEntryWithoutLastWordsIsConfirmed) {
  world_.answers(200, message({food_call(kEgg)}, "tool_use"));
  world_.answers(200, message(json::array()));
  EXPECT_EQ(ask().text, "Logged for lunch: 1 egg. Together 72 kcal.");
}

TEST_F(RemoteAgentTest, EndsThatAreNoAnswers) {
  world_.answers(200, message(json::array()));
  EXPECT_THAT(failure(), HasSubstr("an empty answer"));
  world_.answers(200, message(json::array(), "max_tokens"));
  EXPECT_THAT(failure(), HasSubstr("no answer within"));
  world_.answers(200, message({food_call(kEgg)}, "max_tokens"));
  EXPECT_THAT(failure(), HasSubstr("cut in the middle of a tool call"));
  world_.answers(200, message({{{"type", "text"}, {"text", "Half an ans"}}}, "max_tokens"));
  EXPECT_EQ(ask().text, "Half an ans […]") << "what was cut says so";
  world_.answers(200, message(json::array(), "refusal"));
  EXPECT_THAT(ask().text, HasSubstr("rather not"));
}

TEST_F(RemoteAgentTest, ALastWordThatFailsLosesNoMeal) {
  for (const int status : {400, 401, 500}) {
    world_.answers(200, message({food_call(kEgg)}, "tool_use"));
    for (int i = 0; i < (status == 500 ? 3 : 1); ++i)
      world_.answers(status, R"({"error":{"type":"t","message":"m"}})");
    const AgentReply reply = ask();
    EXPECT_THAT(reply.food_entries, SizeIs(1));
    EXPECT_EQ(reply.text, "Logged for lunch: 1 egg. Together 72 kcal.");
  }
  world_.answers(200, message({food_call(kEgg)}, "tool_use"));
  world_.answers(200, message(json::array(), "refusal"));
  const AgentReply reply = ask();
  EXPECT_THAT(reply.food_entries, SizeIs(1));
  EXPECT_TRUE(reply.refused) << "it is not remembered all the same";
  EXPECT_EQ(reply.text, "Logged for lunch: 1 egg. Together 72 kcal.");
}

TEST_F(RemoteAgentTest, AModelThatLogsOneMealAtATimeMayGoOn) {
  const char* meals[]{"breakfast", "lunch", "dinner", "snack"};
  for (const char* meal : meals) {
    json call = kEgg;
    call["meal_type"] = meal;
    world_.answers(200, message({food_call(call)}, "tool_use"));
  }
  world_.answers(200, text("All four."));
  const AgentReply reply = ask();
  EXPECT_THAT(reply.food_entries, SizeIs(4));
  EXPECT_EQ(reply.text, "All four.");
}

TEST_F(RemoteAgentTest, CallsThatNeverEndAreConfirmedAsFarAsTheyWereCarriedOut) {
  for (int i = 0; i < 6; ++i) {
    json call = kEgg;
    call["notes"] = std::to_string(i);
    world_.answers(200,
                   message({{{"type", "text"}, {"text", "More."}}, food_call(call)}, "tool_use"));
  }
  const AgentReply reply = ask();
  EXPECT_THAT(reply.food_entries.at(0).foods, SizeIs(5));
  EXPECT_THAT(reply.text, HasSubstr("Logged for lunch: 1 egg, 1 egg, 1 egg, 1 egg, 1 egg."));
}

TEST_F(RemoteAgentTest, AChangeIsOfAnEntryThatTheRequestHas) {
  RemoteAgent agent{anthropic_endpoint("claude-opus-5-5", "http://model", kKey), 30s,
                    std::make_shared<Prices>(), world_.world()};
  AgentRequest request;
  request.message = "make it 3";
  request.now = 1'795'537'184;
  FoodEntry eaten;
  eaten.id = 7;
  eaten.meal_type = "lunch";
  eaten.foods.push_back({"egg", 1, "piece", 72, {}, {}, {}});
  request.recent = {eaten};
  json change = food_call({{"entry_id", 8}, {"meal_type", "dinner"}});
  change["name"] = "change_food";
  world_.answers(200, message({change}, "tool_use"));
  change["input"]["entry_id"] = 7;
  world_.answers(200, message({change}, "tool_use"));
  world_.answers(200, text("It is your dinner now."));
  const AgentReply reply = agent.reply(request, {});
  ASSERT_THAT(reply.changes, SizeIs(1));
  EXPECT_EQ(reply.changes[0].after->meal_type, "dinner");
  EXPECT_THAT(reply.food_entries, IsEmpty());
  EXPECT_THAT(world_.asked[1]["messages"][2]["content"][0]["content"].get<std::string>(),
              HasSubstr("there is no entry 8"));
  EXPECT_THAT(world_.asked[0]["system"].get<std::string>(), HasSubstr(R"("id":7)"));
}

TEST_F(RemoteAgentTest, ATurnOfUnknownUsageMakesTheWholeUnpriced) {
  world_.answers(200, message({food_call(kEgg)}, "tool_use"));
  world_.answers(200, json{{"content", {{{"type", "text"}, {"text", "Done."}}}}}.dump());
  const AgentReply reply = ask();
  EXPECT_EQ(reply.usage.input_tokens, 100);
  EXPECT_EQ(reply.cost_usd, std::nullopt);
}

TEST_F(RemoteAgentTest, AServerThatRefusesEveryWayIsGivenUp) {
  RemoteAgent agent{openai_endpoint("m", "http://model", ""), 30s, std::make_shared<Prices>(),
                    world_.world()};
  for (int i = 0; i < 3; ++i) {
    world_.answers(
        422, R"({"detail":"max_tokens, max_completion_tokens, stream_options, tool_choice"})");
  }
  EXPECT_THROW(static_cast<void>(agent.reply({}, {})), AgentError);
  EXPECT_THAT(world_.requests, SizeIs(3));
  const json& last = world_.asked.back();
  for (const char* field : {"max_tokens", "max_completion_tokens", "stream_options", "tool_choice"})
    EXPECT_FALSE(last.contains(field)) << field;
  EXPECT_THAT(world_.pauses, ElementsAre(0ms, 0ms, 0ms)) << "asking differently needs no pause";
}

TEST_F(RemoteAgentTest, AProbeTellsHowTheServerWantsToBeAsked) {
  RemoteAgent agent{openai_endpoint("m", "http://model", ""), 30s, std::make_shared<Prices>(),
                    world_.world()};
  world_.answers(422, R"({"detail":[{"loc":["body","stream_options"],"msg":"extra"}]})");
  world_.answers(400, R"({"error":{"message":"unknown: max_completion_tokens"}})");
  world_.answers(200, "data: {}\n\n");
  EXPECT_THAT(agent.probe(), ElementsAre("without stream_options", "with max_tokens"));
  EXPECT_EQ(world_.asked.back()["max_tokens"], 16);
  world_.answers(200, json{{"choices", {{{"message", {{"content", "Hi"}}}}}}}.dump());
  EXPECT_EQ(agent.reply({}, {}).text, "Hi");
  EXPECT_TRUE(world_.asked.back().contains("max_tokens"));
}

TEST_F(RemoteAgentTest, TokensOfACallThatFailedAreCounted) {
  enable_metrics_once();
  const auto tokens = [] {
    return vitals::testing::Snapshot{vitals::metrics::default_registry()}.total(
        "agent_tokens_used_total", {{"agent_type", "claude"}, {"token_type", "input"}});
  };
  const double before = tokens();
  world_.answers(200, message({food_call(kBad)}, "tool_use"));
  world_.answers(200, message({food_call(kBad)}, "tool_use"));
  failure();
  EXPECT_EQ(tokens() - before, 200);
}

TEST_F(RemoteAgentTest, AnUnknownModelAndUnknownUsageHaveNoPrice) {
  world_.answers(200, json{{"content", {{{"type", "text"}, {"text", "Hi"}}}}}.dump());
  EXPECT_EQ(ask().cost_usd, std::nullopt);
  RemoteAgent agent{anthropic_endpoint("claude-none-9", "http://model/v1/", kKey), 30s,
                    std::make_shared<Prices>(), world_.world()};
  world_.answers(200, json{{"model", "claude-none-9"},
                           {"content", {{{"type", "text"}, {"text", "Hi"}}}},
                           {"usage", kUsage}}
                          .dump());
  EXPECT_EQ(agent.reply({}, {}).cost_usd, std::nullopt);
  EXPECT_EQ(world_.requests.back().url, "http://model/v1/messages");
}

TEST_F(RemoteAgentTest, AProbeAsksOnceAndSaysWhatIsWrong) {
  const RemoteAgent agent{anthropic_endpoint("claude-opus-5-5", "http://model", kKey), 30s,
                          std::make_shared<Prices>(), world_.world()};
  world_.answers(200, text("H"));
  agent.probe();
  EXPECT_EQ(world_.asked[0]["max_tokens"], 1);
  world_.answers(401, R"({"error":{"type":"authentication_error","message":"invalid x-api-key"}})");
  try {
    agent.probe();
    FAIL();
  } catch (const AgentError& error) {
    EXPECT_THAT(error.what(), HasSubstr("HTTP 401 authentication_error: invalid x-api-key"));
  }
  EXPECT_THAT(world_.requests, SizeIs(2));
}

/// The data of the system prompt, wherever the vendor's language has it.
json data_of_prompt(const json& body) {
  const json& system = body.contains("system") ? body["system"] : body["messages"][0]["content"];
  const std::string prompt =
      system.is_string() ? system.get<std::string>() : system[0]["text"].get<std::string>();
  const std::size_t at = prompt.rfind("\n{");
  return json::parse(prompt.substr(at, prompt.find('\n', at + 1) - at));
}

/// A model that knows of the calendar what its prompt tells it: it answers with log_food for `day`
/// ("yesterday" is a name of the data) and `time`, and then with words.
void obeys(ScriptedWorld& world, bool claude, const std::string& day, const std::string& time) {
  world.then([=](const HttpRequest& request, const OnBody& on_body) {
    const json data = data_of_prompt(json::parse(request.body));
    json call{
        {"meal_type", "breakfast"},
        {"foods", {{{"name", "egg"}, {"quantity", 2}, {"unit", "piece"}, {"calories", 143}}}}};
    if (!day.empty()) call["day"] = data[day];
    if (!time.empty()) call["time"] = time;
    HttpAnswer answer{.status = 200};
    answer.body =
        claude
            ? message(food_call(call), "tool_use")
            : json{{"model", "gpt-5.4"},
                   {"choices",
                    {{{"index", 0},
                      {"finish_reason", "tool_calls"},
                      {"message",
                       {{"role", "assistant"},
                        {"content", nullptr},
                        {"tool_calls",
                         {{{"id", "c1"},
                           {"type", "function"},
                           {"function", {{"name", "log_food"}, {"arguments", call.dump()}}}}}}}}}}}}
                  .dump();
    if (on_body) on_body(answer.body);
    return answer;
  });
  world.answers(200, claude
                         ? text("Logged.")
                         : json{{"model", "gpt-5.4"},
                                {"choices",
                                 {{{"index", 0},
                                   {"finish_reason", "stop"},
                                   {"message", {{"role", "assistant"}, {"content", "Logged."}}}}}}}
                               .dump());
}

TEST(SameWords, MeanTheSameDayAndTimeWithEveryAgent) {
  struct Case {
    const char* words;
    const char* day;   // as a model takes it from the data of its prompt
    const char* time;  // as a model understands it
  };
  for (const Case& said : {Case{"yesterday I had 2 eggs", "yesterday", ""},
                           Case{"I had 2 eggs yesterday at 8am", "yesterday", "08:00"},
                           Case{"at 7:30am I had 2 eggs", "", "07:30"},
                           Case{"last night at 11pm I ate 2 eggs", "yesterday", "23:00"}}) {
    AgentRequest request;
    request.user_id = "ann";
    request.message = said.words;
    // 21:30 of the 24th there, when the 25th has begun by UTC.
    request.zone = TimeZone::find("America/New_York").value();
    request.now = request.zone.at(parse_date("2026-11-24").value(), 21 * 3600 + 1800);
    LocalAgent local;
    const auto locally = local.reply(request, {}).food_entries;
    ASSERT_THAT(locally, SizeIs(1)) << said.words;
    const std::int64_t day = request.zone.day_of(locally[0].timestamp);
    EXPECT_EQ(format_date(day), *said.day ? "2026-11-23" : "2026-11-24") << said.words;
    for (const bool claude : {true, false}) {
      ScriptedWorld world;
      obeys(world, claude, said.day, said.time);
      RemoteAgent agent{claude ? anthropic_endpoint("claude-opus-5-5", "http://model", kKey)
                               : openai_endpoint("gpt-5.4", "http://model", kKey),
                        30s, std::make_shared<Prices>(), world.world()};
      const auto remotely = agent.reply(request, {}).food_entries;
      ASSERT_THAT(remotely, SizeIs(1)) << said.words;
      EXPECT_EQ(request.zone.day_of(remotely[0].timestamp), day) << said.words;
      if (*said.time) {
        EXPECT_EQ(remotely[0].timestamp, locally[0].timestamp) << said.words;
      }
    }
  }
}

TEST(SameWords, MeanTheSameAfterMidnightALittleAheadAndFarBack) {
  struct Case {
    const char* words;
    const char* call;  // what a model makes of them, all else as in `foods`
    const char* when;  // empty: refused by all
  };
  const json foods{{{"name", "egg"}, {"quantity", 2}, {"unit", "piece"}, {"calories", 143}}};
  const TimeZone zone = TimeZone::find("America/New_York").value();
  const std::int64_t now = zone.at(parse_date("2026-11-24").value(), 1800);
  for (const Case& said :
       {Case{"had 2 eggs for dinner", R"({"meal_type":"dinner"})", "2026-11-23 19:00"},
        Case{"had 2 eggs", R"({"meal_type":"snack"})", "2026-11-24 00:30"},
        Case{"had 2 eggs for lunch yesterday", R"({"meal_type":"lunch","day":"2026-11-23"})",
             "2026-11-23 12:30"},
        Case{"I had 2 eggs at 00:35", R"({"meal_type":"snack","time":"00:35"})",
             "2026-11-24 00:30"},
        Case{"2 eggs at 00:55", R"({"meal_type":"snack","time":"00:55"})", ""},
        Case{"on 2026-05-28 I had 2 eggs for lunch", R"({"meal_type":"lunch","day":"2026-05-28"})",
             "2026-05-28 12:30"},
        Case{"on 2026-05-27 I had 2 eggs for lunch", R"({"meal_type":"lunch","day":"2026-05-27"})",
             ""},
        Case{"I had 2 eggs at 8am for dinner yesterday",
             R"({"meal_type":"dinner","day":"2026-11-23","time":"08:00"})", "2026-11-23 08:00"}}) {
    SCOPED_TRACE(said.words);
    AgentRequest request;
    request.user_id = "ann";
    request.message = said.words;
    request.zone = zone;
    request.now = now;
    LocalAgent local;
    const auto locally = local.reply(request, {}).food_entries;
    json call = json::parse(said.call);
    call["foods"] = foods;
    const auto remotely = read_food_call(call.dump(), {now, zone});
    ASSERT_EQ(locally.size(), *said.when ? 1U : 0U);
    ASSERT_EQ(bool{remotely}, *said.when != 0);
    if (!*said.when) continue;
    EXPECT_EQ(local_time(locally[0].timestamp, zone), said.when);
    EXPECT_EQ(local_time(remotely->timestamp, zone), said.when);
  }
}

}  // namespace
}  // namespace health_agent::agent
