#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "health_agent/agent/local_agent.h"
#include "health_agent/time.h"

namespace health_agent::agent {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

Food logged_food(std::string name, double quantity, std::string unit, double kcal) {
  Food food;
  food.name = std::move(name);
  food.quantity = quantity;
  food.unit = std::move(unit);
  food.calories = kcal;
  food.protein = kcal / 10;
  return food;
}

/// Wednesday at eight in the evening in Berlin: 3 eggs and toast for breakfast, pizza and a cola
/// for lunch, 150 g of rice just now; yesterday pizza for dinner.
class Corrections : public ::testing::Test {
 protected:
  Corrections() {
    request.user_id = "anna";
    request.zone = TimeZone::find("Europe/Berlin").value();
    request.now = at(20);
    request.today = Totals{.calories = 2000};
    add(4, "dinner", at(19) + 1800, {logged_food("rice", 150, "g", 195)});
    add(3, "lunch", at(13),
        {logged_food("pizza", 2, "slice", 567), logged_food("coke", 1, "can", 139)});
    add(2, "breakfast", at(8),
        {logged_food("egg", 3, "piece", 214.5), logged_food("toast", 1, "piece", 82)});
    add(1, "dinner", at(19) - 86'400, {logged_food("pizza", 1, "serving", 851)});
  }

  [[nodiscard]] std::int64_t at(int hour) const {
    return request.zone.at(parse_date("2026-11-25").value(), hour * 3600);
  }

  void add(std::int64_t id, std::string meal, std::int64_t when, std::vector<Food> foods) {
    FoodEntry entry;
    entry.id = id;
    entry.user_id = "anna";
    entry.meal_type = std::move(meal);
    entry.timestamp = when;
    entry.foods = std::move(foods);
    request.recent.push_back(std::move(entry));
  }

  /// Whatever a correction is, nothing is logged.
  AgentReply say(std::string message) {
    request.message = std::move(message);
    LocalAgent agent;
    AgentReply reply = agent.reply(request, {});
    EXPECT_THAT(reply.food_entries, IsEmpty()) << request.message << "\n" << reply.text;
    return reply;
  }

  void expect_question(std::string message) {
    const AgentReply reply = say(std::move(message));
    EXPECT_THAT(reply.changes, IsEmpty()) << request.message << "\n" << reply.text;
    EXPECT_THAT(reply.text, HasSubstr("?")) << request.message;
  }

  /// The one change, of that entry; its foods afterwards as `2 slice pizza 567`, divided by `, `.
  void expect_change(std::string message, std::int64_t id, const std::string& foods) {
    const AgentReply reply = say(std::move(message));
    ASSERT_EQ(reply.changes.size(), 1U) << request.message << "\n" << reply.text;
    EXPECT_EQ(reply.changes[0].entry_id, id) << request.message;
    std::string after;
    if (reply.changes[0].after) {
      for (const Food& food : reply.changes[0].after->foods)
        after.append(after.empty() ? "" : ", ")
            .append(std::to_string(std::lround(food.quantity)))
            .append(" " + food.unit + " " + food.name + " ")
            .append(std::to_string(std::lround(food.calories)));
    }
    EXPECT_EQ(after, foods) << request.message << "\n" << reply.text;
    EXPECT_THAT(reply.text, HasSubstr("kcal")) << request.message;
  }

  AgentRequest request;
};

TEST_F(Corrections, DeletingAFoodKeepsTheOthersOfItsEntry) {
  for (const char* message : {"delete the eggs",
                              "please delete the eggs",
                              "remove the eggs from breakfast",
                              "can you remove the eggs please?",
                              "cancel the eggs",
                              "take the eggs out",
                              "get rid of the eggs",
                              "Delete the 3 eggs.",
                              "erase eggs",
                              "remove the egg",
                              "I want to delete the eggs",
                              "oops, delete the eggs",
                              "undo the eggs",
                              "ignore the eggs",
                              "scrap the eggs",
                              "disregard the eggs",
                              "strike the eggs",
                              "omit the eggs",
                              "eggs delete please",
                              "exclude the eggs",
                              "take out the eggs",
                              "delete the eggs I had for breakfast"})
    expect_change(message, 2, "1 piece toast 82");
}

TEST_F(Corrections, DeletingTheLastFoodDeletesTheEntry) {
  expect_change("delete the rice", 4, "");
  expect_change("remove yesterday's pizza", 1, "");
  expect_change("delete the pizza from yesterday", 1, "");
  expect_change("delete breakfast", 2, "");
  expect_change("remove the eggs and the toast", 2, "");
  expect_change("delete the last entry", 4, "");
}

TEST_F(Corrections, DeletingFindsOtherNamesOfTheFood) {
  expect_change("delete the cola", 3, "2 slice pizza 567");
  expect_change("remove the coke from lunch", 3, "2 slice pizza 567");
}

TEST_F(Corrections, DeletingFewerLeavesTheRest) {
  expect_change("remove one egg", 2, "2 piece egg 143, 1 piece toast 82");
}

TEST_F(Corrections, TheNewestDayThatHasTheFoodIsMeant) {
  expect_change("remove the pizza", 3, "1 can coke 139");
}

TEST_F(Corrections, AnAmountIsChanged) {
  for (const char* message : {"change the eggs to 2",
                              "make the eggs 2",
                              "correct the eggs to 2",
                              "change 3 eggs to 2",
                              "change the eggs from 3 to 2",
                              "actually 2 eggs",
                              "no, 2 eggs",
                              "I meant 2 eggs",
                              "it was 2 eggs, not 3",
                              "I had 2 eggs, not 3",
                              "that should be 2 eggs",
                              "update the eggs to two",
                              "set the eggs to 2",
                              "not 3 eggs but 2",
                              "change eggs to two",
                              "fix the eggs: 2",
                              "the eggs should be 2",
                              "sorry, it was 2 eggs",
                              "not 3 eggs, 2",
                              "Correction: 2 eggs",
                              "that's wrong, it was 2 eggs",
                              "well it was 2 eggs",
                              "*2 eggs",
                              "2 eggs actually",
                              "it should've been 2 eggs",
                              "reduce the eggs to 2",
                              "I didn't have 3 eggs, I had 2",
                              "my mistake, 2 eggs",
                              "lower the eggs to 2",
                              "I did not eat 3 eggs, I ate 2",
                              "make that 2 eggs",
                              "mistake: 2 eggs"})
    expect_change(message, 2, "2 piece egg 143, 1 piece toast 82");
}

TEST_F(Corrections, ItIsWhatWasLoggedLast) {
  expect_change("make it 300", 4, "300 g rice 390");
  expect_change("make it 300 g", 4, "300 g rice 390");
  expect_change("it was 300 g, not 150", 4, "300 g rice 390");
  expect_change("it was 300 g", 4, "300 g rice 390");
  expect_change("change it to 300g please", 4, "300 g rice 390");
  expect_change("should have been 300 g", 4, "300 g rice 390");
  expect_change("make it 100 kcal", 4, "150 g rice 100");
}

TEST_F(Corrections, AnAmountIsDoubledOrHalved) {
  expect_change("double it", 4, "300 g rice 390");
  expect_change("double the rice", 4, "300 g rice 390");
  expect_change("half of that", 4, "75 g rice 98");
  expect_change("increase the rice to 300 g", 4, "300 g rice 390");
}

TEST_F(Corrections, WhatIsSaidToBeMoreChangesNothing) {
  for (const char* message :
       {"Actually, I also had 2 eggs", "Sorry, I forgot: 2 eggs for breakfast",
        "oops, I had another 2 eggs", "take away pizza for dinner", "take out sushi for lunch"}) {
    request.message = message;
    LocalAgent agent;
    EXPECT_THAT(agent.reply(request, {}).changes, IsEmpty()) << message;
  }
}

TEST_F(Corrections, TheFoodOfAnotherDayIsNotChangedInPassing) {
  request.recent.clear();
  add(7, "breakfast", at(8) - 86'400, {logged_food("egg", 3, "piece", 214.5)});
  request.message = "actually 2 eggs";
  LocalAgent agent;
  EXPECT_THAT(agent.reply(request, {}).changes, IsEmpty());
}

TEST_F(Corrections, AnotherUnitIsWeighedAgain) {
  expect_change("make it 2 cups", 4, "2 cup rice 411");
}

TEST_F(Corrections, AnotherFoodTakesItsPlace) {
  expect_change("replace the toast with a banana", 2, "3 piece egg 215, 1 piece banana 105");
  expect_change("change the rice to 200 g of pasta", 4, "200 g pasta 316");
  expect_change("swap the rice for 200 g of pasta", 4, "200 g pasta 316");
}

TEST_F(Corrections, AMealOrDayIsMoved) {
  const AgentReply lunch = say("move it to lunch");
  ASSERT_EQ(lunch.changes.size(), 1U) << lunch.text;
  EXPECT_EQ(lunch.changes[0].after.value().meal_type, "lunch");
  EXPECT_EQ(lunch.changes[0].after.value().timestamp, request.recent[0].timestamp);
  const AgentReply breakfast = say("change breakfast to lunch");
  ASSERT_EQ(breakfast.changes.size(), 1U) << breakfast.text;
  EXPECT_EQ(breakfast.changes[0].entry_id, 2);
  EXPECT_EQ(breakfast.changes[0].after.value().meal_type, "lunch");
  const AgentReply yesterday = say("that was yesterday");
  ASSERT_EQ(yesterday.changes.size(), 1U) << yesterday.text;
  EXPECT_EQ(request.zone.day_of(yesterday.changes[0].after.value().timestamp),
            request.zone.day_of(request.now) - 1);
}

TEST_F(Corrections, TheAnswerSaysWhatItWasAndIsAndTheDay) {
  const AgentReply reply = say("change the eggs to 2");
  EXPECT_EQ(reply.text,
            "Changed in breakfast: 3 eggs (214 kcal) to 2 eggs (143 kcal). Today: 1928 kcal.");
  EXPECT_EQ(say("delete the rice").text,
            "Deleted from dinner: 150 g of rice, 195 kcal. Today: 1805 kcal.");
}

TEST_F(Corrections, WhatIsInDoubtIsAskedAndNeverLogged) {
  for (const char* message : {"delete the broccoli",
                              "remove the sushi from lunch",
                              "change the broccoli to 3",
                              "delete everything",
                              "delete the pizza, I had a salad",
                              "delete the eggs and add toast",
                              "Correction: 3 waffles",
                              "delete",
                              "change",
                              "make it 3000",
                              "change the eggs",
                              "change the eggs to 2 flurbs",
                              "delete dinner tomorrow",
                              "delete the 2 eggs",
                              "remove the eggs from lunch",
                              "change the pizza to big",
                              "edit",
                              "undo",
                              "had toast, delete the eggs",
                              "I had 2 apples, not 3",
                              "move the eggs to lunch",
                              "delete snack",
                              "cancel"})
    expect_question(message);
}

TEST_F(Corrections, TwoThatFitAreAskedAbout) {
  add(5, "snack", at(16), {logged_food("egg", 1, "piece", 71.5)});
  expect_question("delete the eggs");
  expect_question("change the eggs to 2");
  expect_change("delete the eggs from breakfast", 2, "1 piece toast 82");
  expect_change("change 3 eggs to 2", 2, "2 piece egg 143, 1 piece toast 82");
}

TEST_F(Corrections, ItIsInDoubtWhereSeveralFoodsWereLogged) {
  request.recent.erase(request.recent.begin());
  expect_question("make it 3");
  expect_change("it was 3 slices, not 2", 3, "3 slice pizza 851, 1 can coke 139");
  expect_change("it was 2, not 3", 2, "2 piece egg 143, 1 piece toast 82");
}

TEST_F(Corrections, UndoTakesBackTheLastTurnAndSaysWhatThatIs) {
  FoodChange change;
  change.entry_id = 4;
  request.undo = {change};
  for (const char* message : {"undo", "Undo!", "cancel that", "delete that", "scratch that",
                              "undo that please", "take that back", "delete it", "never mind"}) {
    const AgentReply reply = say(message);
    ASSERT_EQ(reply.changes.size(), 1U) << message;
    EXPECT_EQ(reply.changes[0].entry_id, 4) << message;
    EXPECT_FALSE(reply.changes[0].after) << message;
    EXPECT_THAT(reply.text, HasSubstr("150 g of rice, 195 kcal")) << message;
  }
  FoodEntry before = request.recent[2];
  before.foods.pop_back();
  request.undo = {{.entry_id = 2, .after = before, .restores = false}};
  EXPECT_THAT(say("undo").text, HasSubstr("3 eggs"));
  expect_question("delete that");
}

TEST_F(Corrections, AFoodThatOnlyAnotherAgentKnowsIsScaled) {
  request.recent[0].foods = {logged_food("Dragon Noodles", 1, "bowl", 500)};
  expect_change("make the dragon noodles 2", 4, "2 bowl Dragon Noodles 1000");
  expect_change("delete the dragon noodles", 4, "");
  expect_question("make the dragon noodles 300 g");
}

TEST_F(Corrections, AMealThatSoundsAlikeIsLogged) {
  LocalAgent agent;
  for (const char* message : {"clear soup and rice", "I had an apple", "actually I had a banana",
                              "made with love: 2 eggs", "no time, had a banana"}) {
    request.message = message;
    EXPECT_THAT(agent.reply(request, {}).changes, IsEmpty()) << message;
  }
  request.message = "actually I had a banana";
  EXPECT_EQ(agent.reply(request, {}).food_entries.size(), 1U);
}

TEST_F(Corrections, WithNothingLoggedEveryCorrectionIsAQuestion) {
  request.recent.clear();
  for (const char* message : {"undo", "delete the eggs", "delete that", "make it 3", "delete lunch",
                              "move it to lunch", "change the eggs to 3", "it was 200 g, not 100"})
    expect_question(message);
}

}  // namespace
}  // namespace health_agent::agent
