#include "health_agent/agent/remote/tools.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace health_agent::agent {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::int64_t kNoon = 1'795'521'600;  // 2026-11-24 12:00 UTC

json food_of(const char* name, double quantity) {
  return {{"name", name}, {"quantity", quantity}, {"unit", "piece"}, {"calories", 72 * quantity}};
}
json eaten(const char* meal, const char* name) {
  return {{"meal_type", meal}, {"foods", {food_of(name, 1)}}};
}

class ToolDeskTest : public ::testing::Test {
 protected:
  ToolDeskTest() {
    request_.user_id = "ann";
    request_.now = kNoon;
    for (const std::int64_t id : {12, 11}) {
      FoodEntry entry;
      entry.id = id;
      entry.user_id = "ann";
      entry.meal_type = "breakfast";
      entry.timestamp = kNoon - 4 * 3600;
      entry.foods.push_back({"egg", 2, "piece", 144, 12.5, std::nullopt, std::nullopt});
      request_.recent.push_back(entry);
    }
  }
  std::vector<ToolResult> call(const std::vector<std::pair<const char*, json>>& calls) {
    std::vector<ToolCall> made;
    for (const auto& [name, arguments] : calls)
      made.push_back({"id" + std::to_string(made.size()), name, arguments.dump()});
    return desk_.run(made, faults_);
  }
  AgentReply given() {
    AgentReply reply;
    desk_.give(reply);
    return reply;
  }

  AgentRequest request_;
  ToolDesk desk_{request_};
  std::string faults_;
};

TEST_F(ToolDeskTest, MealsAndDaysAreEntriesOfTheirOwn) {
  json yesterday = eaten("lunch", "soup");
  yesterday["day"] = "2026-11-23";
  const auto results = call({{"log_food", eaten("breakfast", "egg")},
                             {"log_food", eaten("lunch", "apple")},
                             {"log_food", eaten("lunch", "tea")},
                             {"log_food", yesterday}});
  EXPECT_EQ(faults_, "");
  EXPECT_THAT(results[3].text, HasSubstr("2026-11-23 12:30"));
  EXPECT_EQ(desk_.confirmation(),
            "Logged for breakfast: 1 egg. Together 72 kcal.\n"
            "Logged for lunch: 1 apple, 1 tea. Together 144 kcal.\n"
            "For 2026-11-23: Logged for lunch: 1 soup. Together 72 kcal.");
  const AgentReply reply = given();
  ASSERT_THAT(reply.food_entries, SizeIs(3));
  EXPECT_EQ(reply.food_entries[0].user_id, "ann");
  EXPECT_EQ(reply.food_entries[1].timestamp, kNoon);
}

TEST_F(ToolDeskTest, ChangesDeletesAndLogsInOneTurn) {
  const auto results = call({{"change_food", {{"entry_id", 12}, {"foods", {food_of("egg", 3)}}}},
                             {"delete_food", {{"entry_id", 11}}},
                             {"log_food", eaten("lunch", "apple")}});
  EXPECT_EQ(faults_, "");
  EXPECT_THAT(results[0].text,
              HasSubstr("It is now breakfast of 2026-11-24 08:00: 3 eggs, 216 kcal"));
  EXPECT_THAT(results[1].text, HasSubstr("Deleted breakfast of 2026-11-24 08:00: 2 eggs"));
  const AgentReply reply = given();
  ASSERT_THAT(reply.changes, SizeIs(2));
  EXPECT_EQ(reply.changes[0].entry_id, 12);
  EXPECT_EQ(reply.changes[0].after->foods.at(0).quantity, 3);
  EXPECT_EQ(reply.changes[0].after->timestamp, kNoon - 4 * 3600);
  EXPECT_EQ(reply.changes[0].after->user_id, "ann");
  EXPECT_FALSE(reply.changes[0].restores);
  EXPECT_EQ(reply.changes[1].entry_id, 11);
  EXPECT_FALSE(reply.changes[1].after);
  EXPECT_THAT(reply.food_entries, SizeIs(1));
}

TEST_F(ToolDeskTest, GoalsAreSetAndRemovedAndTheAnswerSaysWhatIsLeft) {
  request_.preferences = {{"goal_calories", "2000"}, {"goal_fat", "60"}};
  request_.today = Totals{.calories = 600, .protein = 30, .carbs = 50, .fat = 20};
  const auto results =
      call({{"log_food", eaten("lunch", "egg")},
            {"set_goals",
             {{"calories", 1800}, {"protein", 120.5}, {"carbs", nullptr}, {"remove", {"fat"}}}}});
  EXPECT_EQ(faults_, "");
  EXPECT_THAT(results[1].text,
              HasSubstr("Your goals for a day: 1800 kcal, protein 120.5 g. Left today: 1128 kcal, "
                        "protein 90.5 g. Removed: the goal for fat."));
  EXPECT_THAT(desk_.confirmation(), HasSubstr("Your goals for a day: 1800 kcal"));
  EXPECT_FALSE(desk_.empty());
  EXPECT_EQ(given().preferences,
            (Fields{{"goal_calories", "1800"}, {"goal_protein", "120.5"}, {"goal_fat", "null"}}));
}

TEST_F(ToolDeskTest, GoalsOutsideTheBoundsOfTheApiAreRefused) {
  for (const json& wrong :
       {json::object(), json::array(), json{{"calories", -1}}, json{{"calories", 100'001}},
        json{{"calories", "2000"}}, json{{"protein", true}}, json{{"weight", 70}},
        json{{"fat", nullptr}}, json{{"remove", "fat"}}, json{{"remove", {"weight"}}},
        json{{"fat", 60}, {"remove", {"fat"}}}}) {
    static_cast<void>(call({{"set_goals", wrong}}));
    EXPECT_NE(faults_, "") << wrong;
  }
  EXPECT_TRUE(desk_.empty());
}

TEST_F(ToolDeskTest, UndoIsWhatTheRequestSays) {
  EXPECT_THAT(call({{"undo", json::object()}})[0].text, HasSubstr("there is nothing to undo"));
  FoodEntry back = request_.recent[1];
  back.id = 9;
  request_.undo = {{.entry_id = 12, .after = std::nullopt},
                   {.entry_id = 9, .after = back, .restores = true}};
  const auto results = call({{"undo", json::object()}});
  EXPECT_EQ(faults_, "");
  EXPECT_THAT(results[0].text, AllOf(HasSubstr("deleted breakfast of 2026-11-24 08:00: 2 eggs"),
                                     HasSubstr("brought back breakfast")));
  EXPECT_THAT(desk_.confirmation(), HasSubstr("I took the last change back.\nDeleted breakfast"));
  EXPECT_THAT(call({{"undo", json::object()}})[0].text, HasSubstr("done already"));
  call({{"delete_food", {{"entry_id", 11}}}});
  EXPECT_THAT(faults_, HasSubstr("undo was called"));
  const AgentReply reply = given();
  ASSERT_THAT(reply.changes, SizeIs(2));
  EXPECT_EQ(reply.changes[1].entry_id, 9);
  EXPECT_TRUE(reply.changes[1].restores);
}

TEST_F(ToolDeskTest, WhatIsNotTheUsersToChangeIsRefusedAndNothingOfTheTurnIsDone) {
  request_.undo = {{.entry_id = 12, .after = std::nullopt}};
  using Calls = std::vector<std::pair<const char*, json>>;
  const std::vector<std::pair<Calls, const char*>> all{
      {{{"delete_food", {{"entry_id", 99}}}}, "there is no entry 99"},
      {{{"change_food", {{"entry_id", 10}, {"meal_type", "lunch"}}}}, "there is no entry 10"},
      {{{"log_food", eaten("lunch", "apple")}, {"delete_food", {{"entry_id", 99}}}}, "no entry 99"},
      {{{"delete_food", {{"entry_id", 12}}}, {"change_food", {{"entry_id", 12}, {"notes", "x"}}}},
       "changed or deleted by this message already"},
      {{{"delete_food", {{"entry_id", 12}}}, {"undo", json::object()}}, "beside changes"},
      {{{"undo", {{"entry_id", 12}}}}, "takes no arguments"},
      {{{"undo", json::array()}}, "no JSON object"},
      {{{"change_food", {{"entry_id", 12}, {"day", "2026-11-25"}}}}, "still to come"},
      {{{"delete_everything", json::object()}},
       "there are log_food, change_food, delete_food, undo"},
  };
  for (const auto& [calls, fault] : all) {
    const auto results = call(calls);
    EXPECT_THAT(faults_, HasSubstr(fault));
    EXPECT_THAT(results, Each(::testing::Field(&ToolResult::good, false)));
    EXPECT_THAT(results[0].text, HasSubstr("Nothing was done."));
    EXPECT_TRUE(desk_.empty()) << fault;
  }
}

TEST_F(ToolDeskTest, ACallThatComesAgainLaterIsNotDoneTwice) {
  call({{"log_food", eaten("lunch", "egg")}, {"delete_food", {{"entry_id", 12}}}});
  const auto results = call({{"log_food", eaten("lunch", "egg")},
                             {"delete_food", {{"entry_id", 12}}},
                             {"log_food", eaten("snack", "apple")}});
  EXPECT_EQ(faults_, "");
  EXPECT_THAT(results[0].text, HasSubstr("done already"));
  const AgentReply reply = given();
  ASSERT_THAT(reply.food_entries, SizeIs(2));
  EXPECT_THAT(reply.food_entries[0].foods, SizeIs(1));
  EXPECT_THAT(reply.changes, SizeIs(1));
}

TEST_F(ToolDeskTest, TwoEqualPortionsInOneTurnAreTwo) {
  call({{"log_food", eaten("lunch", "egg")}, {"log_food", eaten("lunch", "egg")}});
  EXPECT_THAT(given().food_entries.at(0).foods, SizeIs(2));
}

TEST(ToolSpecs, AreValidSchemas) {
  for (const ToolSpec& spec : tool_specs()) {
    const json schema = json::parse(spec.schema);
    EXPECT_EQ(schema["type"], "object") << spec.name;
    EXPECT_EQ(schema["additionalProperties"], false) << spec.name;
    for (const json& name : schema.value("required", json::array()))
      EXPECT_TRUE(schema["properties"].contains(name)) << spec.name << name;
  }
}

}  // namespace
}  // namespace health_agent::agent
