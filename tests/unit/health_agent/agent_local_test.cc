#include "health_agent/agent/local_agent.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "health_agent/agent/examples.h"
#include "health_agent/agent/text.h"
#include "health_agent/errors.h"

namespace health_agent::agent {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::int64_t kNoon = 1'790'000'000 / 86'400 * 86'400 + 12 * 3'600;

AgentRequest request_for(std::string message) {
  AgentRequest request;
  request.user_id = "anna";
  request.message = std::move(message);
  request.now = kNoon;
  return request;
}

AgentReply local_answer(std::string message) {
  LocalAgent agent;
  return agent.reply(request_for(std::move(message)), {});
}

TEST(LocalAgent, AnswersInWordsAndInData) {
  const AgentReply reply = local_answer("2 eggs and 150 g of rice for lunch");
  EXPECT_EQ(reply.text,
            "Logged for lunch:\n"
            "- 2 eggs (100 g): 143 kcal\n"
            "- 150 g of rice: 195 kcal\n"
            "Total: 338 kcal, protein 16.7 g, carbs 43 g, fat 10 g.");
  ASSERT_EQ(reply.food_entries.size(), 1U);
  EXPECT_EQ(reply.food_entries[0].id, 0);
  EXPECT_EQ(reply.food_entries[0].user_id, "anna");
  EXPECT_EQ(reply.food_entries[0].meal_type, "lunch");
  EXPECT_EQ(reply.food_entries[0].timestamp, kNoon);
  ASSERT_EQ(reply.food_entries[0].foods.size(), 2U);
  EXPECT_EQ(reply.food_entries[0].foods[1].name, "rice");
  EXPECT_EQ(reply.food_entries[0].foods[1].quantity, 150);
  EXPECT_EQ(reply.food_entries[0].foods[1].unit, "g");
  EXPECT_EQ(reply.model, "local");
  EXPECT_FALSE(reply.cancelled);
}

TEST(LocalAgent, TakesTheMealFromTheHourWhenNoneIsNamed) {
  EXPECT_EQ(local_answer("2 eggs").food_entries.at(0).meal_type, "lunch");
  EXPECT_EQ(local_answer("2 eggs for dinner").food_entries.at(0).meal_type, "dinner");
}

TEST(LocalAgent, PutsYesterdaysFoodIntoYesterday) {
  EXPECT_EQ(local_answer("2 eggs yesterday").food_entries.at(0).timestamp, kNoon - 86'400);
}

TEST(LocalAgent, AddsTheDaySoFarWhenItIsGiven) {
  LocalAgent agent;
  AgentRequest request = request_for("2 eggs");
  EXPECT_THAT(agent.reply(request, {}).text, Not(HasSubstr("Today")));
  request.today = Totals{.calories = 1000, .protein = 50, .carbs = 100, .fat = 40};
  EXPECT_THAT(agent.reply(request, {}).text, HasSubstr("Today: 1143 kcal."));
}

TEST(LocalAgent, NamesUnknownFoodsBack) {
  const AgentReply mixed = local_answer("3 blorks and an egg");
  EXPECT_THAT(mixed.text, HasSubstr("I do not know \"blorks\""));
  ASSERT_EQ(mixed.food_entries.size(), 1U);
  EXPECT_EQ(mixed.food_entries[0].foods.size(), 1U);

  const AgentReply unknown = local_answer("3 blorks");
  EXPECT_THAT(unknown.text, HasSubstr("I do not know \"blorks\""));
  EXPECT_TRUE(unknown.food_entries.empty());
}

TEST(LocalAgent, RefusesAbsurdQuantitiesPolitely) {
  for (const std::string_view absurd : {"1e9 eggs", "0 eggs", "-1 eggs", "NaN eggs"}) {
    const AgentReply reply = local_answer(std::string{absurd});
    EXPECT_THAT(reply.text, HasSubstr("does not look like an amount")) << absurd;
    EXPECT_TRUE(reply.food_entries.empty()) << absurd;
  }
}

TEST(LocalAgent, RefusesAMealThatIsAbsurdAltogether) {
  const AgentReply reply = local_answer(
      "400 g of butter, 500 g of almonds, 450 g of walnuts, 500 g of cashews, 330 g of oil, 500 g "
      "of chocolate");
  EXPECT_THAT(reply.text, HasSubstr("more than anybody eats at once"));
  EXPECT_TRUE(reply.food_entries.empty());
}

TEST(LocalAgent, AnswersAQuestionAboutAFoodWithoutLoggingIt) {
  const AgentReply reply = local_answer("How many calories are in a banana?");
  EXPECT_THAT(reply.text, HasSubstr("105 kcal"));
  EXPECT_THAT(reply.text, HasSubstr("not logged"));
  EXPECT_TRUE(reply.food_entries.empty());
}

TEST(LocalAgent, AnswersAboutTheDayFromWhatItIsGiven) {
  LocalAgent agent;
  AgentRequest request = request_for("How many calories have I had today?");
  EXPECT_THAT(agent.reply(request, {}).text, HasSubstr("cannot see"));
  request.today = Totals{};
  EXPECT_THAT(agent.reply(request, {}).text, HasSubstr("nothing today"));
  request.today = Totals{.calories = 1240, .protein = 60, .carbs = 120.5, .fat = 44};
  EXPECT_THAT(agent.reply(request, {}).text, HasSubstr("1240 kcal"));
}

TEST(LocalAgent, HasAnAnswerToSmallTalk) {
  LocalAgent agent;
  AgentRequest greeting = request_for("Hello!");
  greeting.profile["name"] = "\"Anna\"";
  EXPECT_THAT(agent.reply(greeting, {}).text, HasSubstr("Hello Anna!"));
  greeting.profile["name"] = "{\"first\": 1}";
  EXPECT_THAT(agent.reply(greeting, {}).text, HasSubstr("Hello!"));
  EXPECT_THAT(local_answer("thanks").text, HasSubstr("welcome"));
  EXPECT_THAT(local_answer("help").text, HasSubstr("for example"));
  EXPECT_THAT(local_answer("").text, HasSubstr("for example"));
  EXPECT_THAT(local_answer("the weather is nice").text, HasSubstr("no food"));
}

TEST(LocalAgent, StreamsItsAnswerWordByWord) {
  LocalAgent agent;
  std::vector<std::string> pieces;
  const AgentReply reply = agent.reply(request_for("2 eggs"), [&](std::string_view piece) {
    pieces.emplace_back(piece);
    return true;
  });
  std::string together;
  for (const std::string& piece : pieces) {
    EXPECT_EQ(count_words(piece), 1) << piece;
    together += piece;
  }
  EXPECT_EQ(together, reply.text);
  EXPECT_EQ(reply.text, local_answer("2 eggs").text);
  EXPECT_FALSE(reply.food_entries.empty());
}

TEST(LocalAgent, StopsWhenNobodyListensAndLogsNothing) {
  LocalAgent agent;
  int calls = 0;
  const AgentReply reply =
      agent.reply(request_for("2 eggs"), [&](std::string_view) { return ++calls < 3; });
  EXPECT_EQ(calls, 3);
  EXPECT_TRUE(reply.cancelled);
  EXPECT_TRUE(reply.food_entries.empty());
  EXPECT_EQ(reply.text, "Logged for ");
  EXPECT_EQ(reply.usage.output_tokens, 2);
}

TEST(LocalAgent, CountsWordsForTokens) {
  LocalAgent agent;
  AgentRequest request = request_for("two eggs please");
  request.history = {{"user", "hello there", 1}, {"assistant", "Hello!", 2}};
  const AgentReply reply = agent.reply(request, {});
  EXPECT_EQ(reply.usage.input_tokens, 6);
  EXPECT_EQ(reply.usage.output_tokens, count_words(reply.text));
  EXPECT_EQ(reply.usage.cached_input_tokens, 0);
  EXPECT_EQ(reply.usage.reasoning_tokens, 0);
  EXPECT_EQ(reply.cost_usd, 0.0);
}

TEST(LocalAgent, GivesTheSameAnswerToTheSameRequestOnAnyThread) {
  LocalAgent agent;
  const std::string expected = local_answer("a bowl of oatmeal with a banana").text;
  std::vector<std::string> texts(4);
  std::vector<std::thread> threads;
  threads.reserve(texts.size());
  for (std::string& text : texts)
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i)
        text = agent.reply(request_for("a bowl of oatmeal with a banana"), {}).text;
    });
  for (std::thread& thread : threads)
    thread.join();
  EXPECT_THAT(texts, ::testing::Each(expected));
}

TEST(Examples, AreAtLeastFortyAndMostlyLogAMealWithNothingUnknown) {
  int logged = 0;
  int talk = 0;
  for (const std::string_view example : example_messages()) {
    const AgentReply reply = local_answer(std::string{example});
    EXPECT_THAT(reply.text, Not(HasSubstr("do not know"))) << example;
    ++(reply.food_entries.empty() ? talk : logged);
  }
  EXPECT_GE(logged, 40);
  EXPECT_GE(talk, 3);
}

}  // namespace
}  // namespace health_agent::agent
