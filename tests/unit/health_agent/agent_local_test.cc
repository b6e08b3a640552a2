#include "health_agent/agent/local/local_agent.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "health_agent/agent/examples.h"
#include "health_agent/agent/food/text.h"
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

/// Somebody with two goals, of whom 1,500 kcal and 130 g of protein are logged today.
AgentReply of_goals(std::string message) {
  AgentRequest request = request_for(std::move(message));
  request.preferences = {
      {"goal_calories", "2000"}, {"goal_protein", "120"}, {"units", "\"metric\""}};
  request.today = Totals{.calories = 1500, .protein = 130, .carbs = 100, .fat = 40};
  LocalAgent agent;
  return agent.reply(request, {});
}

TEST(LocalAgent, TellsTheDayTheGoalsAndWhatIsLeft) {
  for (const char* question :
       {"what's left today?", "what is left?", "how many calories can I still eat",
        "What is left?  today", "how many calories do I have left", "how am I doing today",
        "calories left?", "how much protein do I have left", "what are my goals", "show my goals",
        "did I reach my protein goal?", "how far am I from my goal", "what can I still eat today?",
        "remaining calories", "am I over my limit", "how many calories are left for today",
        "I went over my calorie goal"}) {
    const AgentReply reply = of_goals(question);
    EXPECT_EQ(reply.text,
              "Today you have logged 1500 kcal: protein 130 g, carbs 100 g, fat 40 g.\n"
              "Your goals for a day: 2000 kcal, protein 120 g. Left today: 500 kcal. Over today: "
              "protein 10 g.")
        << question;
    EXPECT_TRUE(reply.preferences.empty()) << question;
    EXPECT_TRUE(reply.food_entries.empty()) << question;
  }
}

TEST(LocalAgent, SaysThatItKnowsNoOtherDayThanToday) {
  for (const char* question :
       {"how many calories yesterday", "how many calories did I eat yesterday?",
        "show my totals of last week", "what were my macros on monday"}) {
    const AgentReply reply = of_goals(question);
    EXPECT_THAT(reply.text, ::testing::StartsWith("I can only look at today. Today you have"))
        << question;
    EXPECT_TRUE(reply.food_entries.empty()) << question;
  }
}

TEST(LocalAgent, WhatIsLeftHasNoDecimalsFromAHundredOn) {
  AgentRequest request = request_for("what's left today?");
  request.preferences = {{"goal_calories", "2000"}, {"goal_fat", "60.5"}};
  request.today = Totals{.calories = 224.2, .protein = 0, .carbs = 0, .fat = 10.25};
  LocalAgent agent;
  EXPECT_THAT(agent.reply(request, {}).text, HasSubstr("Left today: 1776 kcal, fat 50.3 g."));
}

TEST(LocalAgent, SetsAndRemovesGoals) {
  const std::vector<std::pair<const char*, Fields>> cases{
      {"set my goal to 1800 calories", {{"goal_calories", "1800"}}},
      {"Set my daily calorie goal to 1,800", {{"goal_calories", "1800"}}},
      {"can you set my goal to 1800 kcal?", {{"goal_calories", "1800"}}},
      {"change my goal to 2200", {{"goal_calories", "2200"}}},
      {"my goal is 2000 calories", {{"goal_calories", "2000"}}},
      {"my protein goal is 150 g", {{"goal_protein", "150"}}},
      {"My goal is 150g of protein", {{"goal_protein", "150"}}},
      {"protein goal: 150", {{"goal_protein", "150"}}},
      {"calorie goal 1700", {{"goal_calories", "1700"}}},
      {"goals: 2100 kcal, 140 g protein, 200g carbs and 70 g fat",
       {{"goal_calories", "2100"},
        {"goal_protein", "140"},
        {"goal_carbs", "200"},
        {"goal_fat", "70"}}},
      {"set goals to calories 2100, protein 140",
       {{"goal_calories", "2100"}, {"goal_protein", "140"}}},
      {"I want to eat 1900 calories a day", {{"goal_calories", "1900"}}},
      {"my target is 2.5k calories", {{"goal_calories", "2500"}}},
      {"lower my calorie goal by 200 calories", {{"goal_calories", "1800"}}},
      {"set my fat goal to 62.5 g", {{"goal_fat", "62.5"}}},
      {"remove my calorie goal", {{"goal_calories", "null"}}},
      {"please delete the protein goal", {{"goal_protein", "null"}}},
      {"remove all my goals", {{"goal_calories", "null"}, {"goal_protein", "null"}}},
      {"clear my goals", {{"goal_calories", "null"}, {"goal_protein", "null"}}},
      {"I don't want a calorie goal any more", {{"goal_calories", "null"}}},
      {"remove my fat goal", {}},  // there is none
  };
  for (const auto& [message, set] : cases) {
    const AgentReply reply = of_goals(message);
    EXPECT_EQ(reply.preferences, set) << message << "\n" << reply.text;
    EXPECT_TRUE(reply.changes.empty()) << message;
    EXPECT_TRUE(reply.food_entries.empty()) << message;
    EXPECT_THAT(reply.text, Not(HasSubstr("?"))) << message;
  }
  EXPECT_EQ(of_goals("set my goal to 1800 calories").text,
            "Your goal is now 1800 kcal a day, instead of 2000 kcal.\n"
            "Your goals for a day: 1800 kcal, protein 120 g. Left today: 300 kcal. Over today: "
            "protein 10 g.");
  EXPECT_THAT(of_goals("remove my calorie goal").text,
              HasSubstr("I removed your goal of 2000 kcal a day."));
}

TEST(LocalAgent, SetsNoGoalThatIsNotClearOrNotTheUsers) {
  for (const char* message : {"set my goal to 200001 calories",
                              "set my goal to -500 calories",
                              "my goal is 70 kg",
                              "my step goal is 10000 steps",
                              "set my goal to 1800-2200 calories",
                              "set my goal to 50",
                              "set my goal",
                              "remove my goal",
                              "my goal is to burn 500 calories",
                              "I want to burn 500 calories a day",
                              "my goal is a deficit of 600 calories",
                              "I eat 2000 calories a day",
                              "my goal is 40% protein",
                              "my goal for tomorrow is 1500 calories",
                              "I had 2 eggs, set my goal to 2000 calories",
                              "set my goal to 2000 calories and log 2 eggs",
                              "my wife's goal is 1500 calories",
                              "is 2000 calories a good goal?",
                              "should my goal be 1500?",
                              "I hit my goal of 2000 calories",
                              "my goal was 1800 calories",
                              "what if my goal is 1500 calories",
                              "my goal is to eat more vegetables",
                              "don't set my goal to 1500 calories"}) {
    const AgentReply reply = of_goals(message);
    EXPECT_TRUE(reply.preferences.empty()) << message << "\n" << reply.text;
  }
  EXPECT_TRUE(of_goals("how much chicken do I have left").food_entries.empty());
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
