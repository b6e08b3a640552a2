#include "agent_corrections_world.h"

namespace health_agent::agent {
namespace {

using ::testing::HasSubstr;

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

TEST_F(Corrections, WhatIsToBeKeptStaysAndOnlyTheRestIsDeleted) {
  for (const char* message : {"delete the eggs, not the toast",
                              "delete the eggs but not the toast please",
                              "delete the eggs, keep the toast",
                              "delete the eggs and leave the toast",
                              "delete the eggs instead of the toast",
                              "delete the eggs rather than the toast",
                              "delete the eggs without touching the toast",
                              "delete the eggs (not the toast)",
                              "delete the eggs and don't delete the toast",
                              "delete the eggs, do not touch the toast",
                              "take the eggs out but leave the toast",
                              "undo the eggs but not the toast",
                              "scratch the eggs, keep the toast",
                              "eggs but not toast delete",
                              "delete only the eggs",
                              "delete the eggs only",
                              "delete the eggs and nothing else",
                              "delete the eggs, keep the rest",
                              "delete breakfast except the toast",
                              "delete breakfast but keep the toast",
                              "delete breakfast apart from the toast",
                              "delete breakfast minus the toast",
                              "delete everything from breakfast other than the toast",
                              "delete all of breakfast but leave the toast in",
                              "delete my breakfast, keep only the toast",
                              "delete everything I had for breakfast except toast",
                              "delete breakfast except for toast",
                              "delete the eggs I had for breakfast, not the toast"})
    expect_change(message, 2, "1 piece toast 82");
  expect_change("delete lunch but keep the pizza", 3, "2 slice pizza 567");
  expect_change("remove lunch except the coke", 3, "1 can coke 139");
  expect_deleted("delete breakfast but not lunch", {2});
}

TEST_F(Corrections, WhatMayBeMeantToStayIsAskedAbout) {
  for (const char* message : {"delete everything except the eggs",
                              "delete all but the toast",
                              "delete the rest",
                              "delete all the others",
                              "delete everything else",
                              "remove everything but rice",
                              "delete not the toast, only the eggs",
                              "keep the toast, delete the eggs",
                              "not the toast, delete the eggs",
                              "everything but the eggs, delete",
                              "delete the eggs, I only ate toast",
                              "delete the eggs - I only ate toast",
                              "delete the eggs but I ate the toast",
                              "delete the pizza because I had salad",
                              "delete the eggs. The toast is right",
                              "delete the pizza, the coke was fine",
                              "get rid of the eggs, the toast stays",
                              "delete the eggs, no, the toast",
                              "delete the eggs... no wait, the toast",
                              "delete the eggs, I mean the toast",
                              "delete the eggs or the toast",
                              "delete the eggs if I logged toast",
                              "delete the eggs, never mind",
                              "delete lunch, but only the pizza",
                              "delete no pizza",
                              "delete lunch except the salad",
                              "delete lunch, the coke can stay",
                              "delete lunch except 1 slice of pizza",
                              "delete all eggs except one",
                              "delete the pizza, keep it",
                              "delete the pizza and the coke but keep the coke",
                              "delete breakfast except toast and lunch",
                              "delete the eggs, not",
                              "delete the eggs and change the toast",
                              "delete the eggs with the toast"})
    expect_question(message);
}

TEST_F(Corrections, AReasonIsNoOtherWish) {
  for (const char* message :
       {"delete the rice, I didn't eat it", "delete the rice, it was a mistake",
        "delete the rice because it was wrong", "delete the rice I logged by mistake",
        "delete the rice, I never had it", "delete the rice, thank you",
        "delete that, it was wrong", "delete dinner please, I skipped it"})
    expect_deleted(message, {4});
}

TEST_F(Corrections, SeveralMealsAreAllDeletedOrAskedAbout) {
  expect_deleted("delete breakfast and lunch", {2, 3});
  expect_deleted("delete breakfast, lunch and dinner", {2, 3, 4});
  add(5, "lunch", at(12) - 86'400, {logged_food("salad", 1, "bowl", 120)});
  expect_deleted("delete yesterday's lunch and dinner", {5, 1});
  expect_deleted("delete lunch and dinner from yesterday", {5, 1});
  expect_deleted("delete yesterday's lunch and today's dinner", {5, 4});
  expect_deleted("delete yesterday's salad and pizza", {5, 1});
  for (const char* message :
       {"delete the last two", "delete the last 2 entries", "delete last three things",
        "delete both", "delete the first entry", "delete the second to last entry",
        "delete the entry before that", "delete lunch and the toast", "delete the toast and lunch",
        "delete that and the toast", "delete the eggs from breakfast and lunch",
        "delete lunch and yesterday's dinner", "delete the eggs and yesterday's pizza",
        "delete all lunches", "delete all pizza entries"})
    expect_question(message);
}

TEST_F(Corrections, AShareOfAFoodIsTakenAwayOnlyWhereItIsClear) {
  expect_change("remove 50 g of rice", 4, "100 g rice 130");
  expect_change("remove a slice of pizza", 3, "1 slice pizza 284, 1 can coke 139");
  for (const char* message :
       {"delete half the rice", "delete half of the pizza", "delete 1 rice",
        "remove some of the rice", "remove a pizza", "delete 300 kcal of pizza",
        "delete the second egg", "delete an extra egg"})
    expect_question(message);
}

TEST_F(Corrections, UndoIsAskedAboutWhereItMayMeanMoreOrAnotherThanTheLastTurn) {
  FoodChange change;
  change.entry_id = 4;
  request.undo = {change};
  for (const char* message : {"undo the last two", "undo everything", "undo both", "undo lunch",
                              "undo yesterday's dinner", "restore the eggs", "bring back the eggs",
                              "undo that but keep the rice", "undo, no wait"})
    expect_question(message);
  for (const char* message : {"undo the last change", "undo, that was wrong", "undo dinner",
                              "delete the last change", "restore the rice"})
    expect_deleted(message, {4});
  // Eggs that were changed are as before again, not deleted.
  FoodEntry before = request.recent[2];
  before.foods[0].quantity = 2;
  request.undo = {{.entry_id = 2, .after = before, .restores = false}};
  const AgentReply reply = say("undo the eggs");
  ASSERT_EQ(reply.changes.size(), 1U) << reply.text;
  EXPECT_EQ(reply.changes[0].after.value().foods[0].quantity, 2);
}

}  // namespace
}  // namespace health_agent::agent
