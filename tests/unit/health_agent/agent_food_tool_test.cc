#include "health_agent/agent/remote/food_tool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace health_agent::agent {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::SizeIs;

json good() {
  return {{"meal_type", "lunch"},
          {"foods",
           {{{"name", "egg"}, {"quantity", 2}, {"unit", "piece"}, {"calories", 143}},
            {{"name", "Käse"},
             {"quantity", 30.5},
             {"unit", "g"},
             {"calories", 0},
             {"protein", 7},
             {"carbs", nullptr},
             {"fat", 8.5}}}}};
}

TEST(FoodTool, ReadsAnEntry) {
  json arguments = good();
  arguments["notes"] = "at the canteen";
  const auto entry = read_food_call(arguments.dump());
  ASSERT_TRUE(entry) << entry.error().message;
  EXPECT_EQ(entry->meal_type, "lunch");
  EXPECT_EQ(entry->notes, "at the canteen");
  ASSERT_THAT(entry->foods, SizeIs(2));
  EXPECT_EQ(entry->foods[1].name, "Käse");
  EXPECT_EQ(entry->foods[1].quantity, 30.5);
  EXPECT_EQ(entry->foods[1].protein, 7);
  EXPECT_FALSE(entry->foods[1].carbs);
  EXPECT_FALSE(entry->foods[0].protein);
}

TEST(FoodTool, ANullUnitIsNone) {
  json arguments = good();
  arguments["foods"][0]["unit"] = nullptr;
  const auto entry = read_food_call(arguments.dump());
  ASSERT_TRUE(entry) << entry.error().message;
  EXPECT_EQ(entry->foods[0].unit, Food{}.unit);
}

struct Hostile {
  const char* what;
  std::string arguments;
  const char* named;  // what the fault must name
};

std::string with(const char* path, const json& value) {
  json arguments = good();
  arguments[json::json_pointer{path}] = value;
  return arguments.dump(-1, ' ', false, json::error_handler_t::ignore);
}

std::string without(const char* food_field) {
  json arguments = good();
  arguments["foods"][0].erase(food_field);
  return arguments.dump();
}

std::string raw(std::string from, const std::string& to) {
  std::string text = good().dump();
  text.replace(text.find(from), from.size(), to);
  return text;
}

TEST(FoodTool, HostileArgumentsAreRefusedAndTheFaultIsNamed) {
  const json egg = good()["foods"][0];
  const std::vector<Hostile> all{
      {"nothing", "", "no JSON object"},
      {"no JSON", "{\"foods\": [", "no JSON object"},
      {"an array", "[]", "no JSON object"},
      {"not UTF-8", raw("lunch", "lu\xFFnch"), "no JSON object"},
      {"an overlong NUL", raw("egg", "e\xC0\x80g"), "no JSON object"},
      {"half a surrogate", raw("egg", "\\ud800"), "no JSON object"},
      {"nested for ever", std::string(100'000, '['), "longer than"},
      {"nested deep", R"({"foods":[[[[[1]]]]]})", "nested"},
      {"infinite", raw("143", "1e999"), "no JSON object"},
      {"NaN", raw("143", "NaN"), "no JSON object"},
      {"a field too many", with("/id", 7), "id: there is no such field"},
      {"a food's field too many", with("/foods/0/user_id", "eve"), "foods[0].user_id"},
      {"no foods", R"({"meal_type":"lunch"})", "foods: an array"},
      {"empty foods", with("/foods", json::array()), "foods: an array"},
      {"too many foods", with("/foods", json(101, egg)), "foods: an array"},
      {"foods as text", with("/foods", "eggs"), "foods: an array"},
      {"a food as text", with("/foods/0", "egg"), "foods[0]: an object"},
      {"no name", without("name"), "foods[0].name"},
      {"a blank name", with("/foods/0/name", " \n"), "foods[0].name"},
      {"a long name", with("/foods/0/name", std::string(201, 'x')), "foods[0].name"},
      {"a NUL in a name", with("/foods/0/name", std::string("e\0g", 3)), "foods[0].name"},
      {"an escape in a name", with("/foods/0/name", "\x1b[31mred"), "foods[0].name"},
      {"a number as a name", with("/foods/0/name", 7), "foods[0].name"},
      {"no quantity", without("quantity"), "foods[0].quantity"},
      {"quantity as text", with("/foods/0/quantity", "2"), "foods[0].quantity"},
      {"negative", with("/foods/0/quantity", -1), "foods[0].quantity"},
      {"huge", with("/foods/0/calories", 1e300), "foods[0].calories"},
      {"a boolean", with("/foods/0/calories", true), "foods[0].calories"},
      {"no unit", without("unit"), "foods[0].unit"},
      {"a long unit", with("/foods/0/unit", std::string(33, 'g')), "foods[0].unit"},
      {"negative protein", with("/foods/1/protein", -0.5), "foods[1].protein"},
      {"an unknown meal", with("/meal_type", "brunch"), "meal_type: breakfast"},
      {"a meal in capitals", with("/meal_type", "Lunch"), "meal_type: breakfast"},
      {"long notes", with("/notes", std::string(2'001, 'x')), "notes"},
      {"notes as an object", with("/notes", json::object()), "notes"},
  };
  for (const Hostile& hostile : all) {
    SCOPED_TRACE(hostile.what);
    const auto entry = read_food_call(hostile.arguments);
    ASSERT_FALSE(entry);
    EXPECT_THAT(entry.error().message, HasSubstr(hostile.named));
    EXPECT_LT(entry.error().message.size(), 600U);
  }
}

TEST(FoodTool, NamesSeveralFaultsAtOnceButNotAllOfAThousand) {
  json arguments = good();
  arguments["meal_type"] = "never";
  arguments["foods"] = json(100, json::object());
  const auto entry = read_food_call(arguments.dump());
  ASSERT_FALSE(entry);
  EXPECT_THAT(entry.error().message, HasSubstr("foods[0].name"));
  EXPECT_THAT(entry.error().message, HasSubstr("foods[0].calories"));
  EXPECT_LT(entry.error().message.size(), 600U);
}

TEST(FoodTool, TheSchemaSaysWhatTheReaderTakes) {
  const json schema = json::parse(food_tool_schema());
  EXPECT_EQ(schema["properties"]["foods"]["maxItems"], kMaxToolFoods);
  EXPECT_EQ(schema["additionalProperties"], false);
  for (const auto& [name, value] : schema["properties"]["foods"]["items"]["properties"].items()) {
    json arguments = good();
    arguments["foods"][0][name] = value["type"] == "string" ? json("x") : json(1);
    EXPECT_TRUE(read_food_call(arguments.dump())) << name;
  }
  for (const json& meal : schema["properties"]["meal_type"]["enum"])
    EXPECT_TRUE(read_food_call(with("/meal_type", meal))) << meal;
}

/// Berlin, Tuesday 2026-11-24 07:19:44; UTC is an hour behind.
Clock berlin() {
  return {1'795'501'184, TimeZone::find("Europe/Berlin").value()};
}

TEST(FoodTool, DaysAndTimesAreTheUsersOwn) {
  struct Row {
    const char* day;
    const char* time;
    const char* meal;
    const char* when;  // in Berlin
  };
  for (const Row& row : {Row{"", "", "breakfast", "2026-11-24 07:19"},
                         {"2026-11-24", "", "lunch", "2026-11-24 07:19"},
                         {"2026-11-23", "", "breakfast", "2026-11-23 08:00"},
                         {"2026-11-23", "", "lunch", "2026-11-23 12:30"},
                         {"2026-11-23", "", "dinner", "2026-11-23 19:00"},
                         {"2026-11-23", "", "snack", "2026-11-23 07:19"},
                         {"2026-11-23", "23:59", "snack", "2026-11-23 23:59"},
                         {"", "06:05", "breakfast", "2026-11-24 06:05"},
                         {"", "6:05", "breakfast", "2026-11-24 06:05"},
                         {"", "07:19", "breakfast", "2026-11-24 07:19"},
                         {"", "00:00", "snack", "2026-11-24 00:00"},
                         {"2026-10-24", "08:00", "breakfast", "2026-10-24 08:00"},
                         {"2026-06-01", "08:00", "breakfast", "2026-06-01 08:00"}}) {
    json arguments = good();
    arguments["meal_type"] = row.meal;
    arguments["day"] = row.day;
    arguments["time"] = row.time;
    const auto entry = read_food_call(arguments.dump(), berlin());
    ASSERT_TRUE(entry) << arguments << entry.error().message;
    EXPECT_EQ(local_time(entry->timestamp, berlin().zone), row.when) << arguments;
  }
}

TEST(FoodTool, ATimeToComeOrNoneIsRefusedAndSaysWhatTimeItIs) {
  struct Row {
    const char* field;
    json value;
    const char* named;
  };
  for (const Row& row :
       {Row{"day", "2026-11-25", "day: that day is still to come, and today is 2026-11-24"},
        {"day", "2027-11-23", "still to come"},
        {"day", "2025-11-23", "more than 180 days ago"},
        {"day", "yesterday", "day: a date"},
        {"day", "2026-02-30", "day: a date"},
        {"day", 20261123, "day: a date"},
        {"time", "07:35", "time: that is still to come: it is 2026-11-24 07:19"},
        {"time", "23:00", "say the day"},
        {"time", "24:00", "time: a time as HH:MM"},
        {"time", "8", "time: a time"},
        {"time", "8am", "time: a time"},
        {"time", "08:0x", "time: a time"},
        {"time", "-1:00", "time: a time"},
        {"time", 8, "time: a time"}}) {
    json arguments = good();
    arguments[row.field] = row.value;
    const auto entry = read_food_call(arguments.dump(), berlin());
    ASSERT_FALSE(entry) << arguments;
    EXPECT_THAT(entry.error().message, HasSubstr(row.named));
  }
}

FoodEntry logged() {
  FoodEntry entry;
  entry.id = 12;
  entry.foods = read_food_call(good().dump())->foods;
  entry.meal_type = "lunch";
  entry.timestamp = 1'795'433'400;  // 2026-11-23 12:30 in Berlin
  entry.notes = "at home";
  return entry;
}

TEST(FoodTool, AnEditChangesWhatItNamesAndNothingElse) {
  const auto apply = [](const json& arguments) {
    const auto edit = read_change_call(arguments.dump(), berlin());
    EXPECT_TRUE(edit) << edit.error().message;
    return edited(logged(), edit.value(), berlin());
  };
  auto entry =
      apply({{"entry_id", 12}, {"foods", {good()["foods"][0]}}, {"day", ""}, {"time", nullptr}});
  ASSERT_TRUE(entry);
  EXPECT_THAT(entry->foods, SizeIs(1));
  EXPECT_EQ(entry->id, 12);
  EXPECT_EQ(entry->meal_type, "lunch");
  EXPECT_EQ(entry->notes, "at home");
  EXPECT_EQ(entry->timestamp, logged().timestamp);
  EXPECT_EQ(apply({{"entry_id", 12}, {"meal_type", "snack"}})->meal_type, "snack");
  EXPECT_EQ(apply({{"entry_id", 12}, {"notes", ""}})->notes, "");
  const auto when = [&](const json& arguments) {
    return local_time(apply(arguments)->timestamp, berlin().zone);
  };
  EXPECT_EQ(when({{"entry_id", 12}, {"day", "2026-11-22"}}), "2026-11-22 12:30");
  EXPECT_EQ(when({{"entry_id", 12}, {"time", "14:00"}}), "2026-11-23 14:00");
  const auto to_come = apply({{"entry_id", 12}, {"day", "2026-11-24"}});
  ASSERT_FALSE(to_come) << "12:30 of today is still to come";
  EXPECT_THAT(to_come.error().message, HasSubstr("still to come"));
}

TEST(FoodTool, HostileChangesAreRefused) {
  for (const json& bad :
       {json::object(), json{{"entry_id", 12}}, json{{"entry_id", "12"}, {"notes", "x"}},
        json{{"entry_id", 1.5}, {"notes", "x"}}, json{{"entry_id", -1}, {"notes", "x"}},
        json{{"entry_id", 1e300}, {"notes", "x"}}, json{{"entry_id", 12}, {"foods", json::array()}},
        json{{"entry_id", 12}, {"user_id", "eve"}, {"notes", "x"}},
        json{{"entry_id", 12}, {"meal_type", "brunch"}}, json::array()})
    EXPECT_FALSE(read_change_call(bad.dump(), berlin())) << bad;
  for (const char* bad : {"", "{}", "[]", R"({"entry_id":0})", R"({"entry_id":12,"all":true})",
                          R"({"entry_id":18446744073709551615})", R"({"entry_id":null})"})
    EXPECT_FALSE(read_delete_call(bad)) << bad;
  EXPECT_EQ(read_delete_call(R"({"entry_id":12})").value(), 12);
}

TEST(FoodTool, ConfirmsInWords) {
  const auto entry = read_food_call(good().dump());
  ASSERT_TRUE(entry);
  EXPECT_EQ(confirmation_of(*entry),
            "Logged for lunch: 2 eggs, 30.5 g of Käse. Together 143 kcal.");
}

}  // namespace
}  // namespace health_agent::agent
