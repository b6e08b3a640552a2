#include "agent_corrections_world.h"

namespace health_agent::agent {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

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

TEST_F(Corrections, AnHourKeepsTheDayAndADayKeepsTheHour) {
  constexpr int kHour = 3600;
  expect_moved("change yesterday's dinner to 8pm", 1, "dinner", 1, 20 * kHour);
  expect_moved("move yesterday's dinner to 20:30", 1, "dinner", 1, 20 * kHour + 1800);
  expect_moved("move dinner to yesterday", 4, "dinner", 1, 19 * kHour + 1800);
  expect_moved("move lunch to yesterday", 3, "lunch", 1, 13 * kHour);
  expect_moved("move yesterday's dinner to today", 1, "dinner", 0, 19 * kHour);
  expect_moved("that was yesterday", 4, "dinner", 1, 19 * kHour + 1800);
  expect_moved("that was 2 days ago", 4, "dinner", 2, 19 * kHour + 1800);
  expect_moved("that was at 8am", 4, "breakfast", 0, 8 * kHour);
  expect_moved("that was yesterday at 8am", 4, "breakfast", 1, 8 * kHour);
  expect_moved("that was last night", 4, "dinner", 1, 21 * kHour);
  expect_moved("that was an hour ago", 4, "dinner", 0, 19 * kHour);
  expect_question("move breakfast to 11pm");
  expect_question("change dinner to 8");
  expect_question("it was at 7:30pm");
  request.recent.erase(request.recent.begin(), request.recent.begin() + 3);
  expect_moved("that was at 8am", 1, "breakfast", 1, 8 * kHour);
  expect_moved("that was in the morning", 1, "breakfast", 1, 8 * kHour);
  expect_moved("it was at 9", 1, "dinner", 1, 21 * kHour);
  expect_question("that was yesterday");
}

TEST_F(Corrections, OneThingIsMovedOrChangedAtATime) {
  for (const char* message :
       {"move lunch and breakfast to yesterday", "move everything to yesterday",
        "move lunch to dinner and breakfast to lunch", "change the eggs to 2 and the toast to 3",
        "change the eggs to 2, I had toast too", "change rice to 200 g and delete the coke",
        "change the eggs to 2 but keep the toast", "replace the toast with a banana and an apple",
        "replace the eggs and toast with oatmeal",
        "change the eggs to toast and the pizza to salad", "no, 2 eggs and 1 toast",
        "it was 2 eggs and 2 slices of toast"})
    expect_question(message);
}

TEST_F(Corrections, TheAmountThatWasSaidToBeWrongIsTheOneThatIsLogged) {
  expect_question("it was 4 eggs, not 5");
  expect_question("change 5 eggs to 4");
  expect_change("it was 300 kcal, not 195", 4, "150 g rice 300");
  expect_question("it was 300 kcal, not 200");
}

TEST_F(Corrections, CaloriesAreNoAmount) {
  expect_change("change the calories to 300", 4, "150 g rice 300");
  expect_change("change the calories of the pizza to 600", 3, "2 slice pizza 600, 1 can coke 139");
  expect_question("change protein to 20 g");
}

TEST_F(Corrections, WithoutATargetTheFoodThatIsNamedIsMeant) {
  for (const char* message : {"update: 2 eggs", "edit: 2 eggs", "change to 2 eggs"})
    expect_change(message, 2, "2 piece egg 143, 1 piece toast 82");
  expect_question("update: 2 apples");
}

TEST_F(Corrections, AFoodThatWasAnotherIsNotLoggedBesideIt) {
  for (const char* message :
       {"it was pasta, not rice", "not rice but pasta", "not rice, pasta", "I had pasta, not rice"})
    expect_change(message, 4, "1 serving pasta 316");
  expect_question("for lunch I had pasta, not rice");
  expect_question("I had the pizza yesterday, not today");
}

TEST_F(Corrections, OnlySoMuchOfWhatIsLoggedIsAskedAbout) {
  expect_question("I only had 2 eggs");
  expect_question("only half of the rice");
  expect_question("I only ate half the pizza");
}

TEST_F(Corrections, AMealThatIsSaidIsWhereTheFoodStands) {
  expect_change("it was 2 eggs for breakfast", 2, "2 piece egg 143, 1 piece toast 82");
  expect_change("change the eggs to 2 for breakfast", 2, "2 piece egg 143, 1 piece toast 82");
  expect_change("change the pizza to 2 servings yesterday", 1, "2 serving pizza 1702");
  expect_question("change the eggs to 2 at lunch");
  expect_change("it was 2 servings of pizza yesterday", 1, "2 serving pizza 1702");
  expect_question("I meant 2 eggs for lunch");
  request.message = "actually 2 eggs for dinner";
  LocalAgent agent;
  EXPECT_THAT(agent.reply(request, {}).changes, IsEmpty());
}

TEST_F(Corrections, TheFoodOfAnotherDayIsAskedAboutWhateverTheRemark) {
  request.recent.clear();
  add(8, "lunch", at(13), {logged_food("pizza", 2, "slice", 567)});
  add(7, "breakfast", at(8) - 86'400, {logged_food("egg", 3, "piece", 214.5)});
  for (const char* message : {"I had 2 eggs, not 3", "it was 2 eggs, not 3", "I meant 2 eggs",
                              "not 3 eggs but 2", "I had 2 toasts, not 3 eggs"})
    expect_question(message);
  expect_change("I had 2 eggs yesterday, not 3", 7, "2 piece egg 143");
  expect_change("change the eggs to 2", 7, "2 piece egg 143");
  // What was logged last is no new meal without a question, either.
  request.recent.erase(request.recent.begin());
  expect_question("actually 2 eggs");
}

}  // namespace
}  // namespace health_agent::agent
