#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "health_agent/agent/local/local_agent.h"
#include "health_agent/time.h"

namespace health_agent::agent {

inline Food logged_food(std::string name, double quantity, std::string unit, double kcal) {
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
    EXPECT_THAT(reply.food_entries, ::testing::IsEmpty()) << request.message << "\n" << reply.text;
    return reply;
  }

  void expect_question(std::string message) {
    const AgentReply reply = say(std::move(message));
    EXPECT_THAT(reply.changes, ::testing::IsEmpty()) << request.message << "\n" << reply.text;
    EXPECT_THAT(reply.text, ::testing::HasSubstr("?")) << request.message;
  }

  /// The one change, of that entry; its foods afterwards as `2 slice pizza 567`, divided by `, `.
  void expect_change(std::string message, std::int64_t id, const std::string& foods) {
    const AgentReply reply = say(std::move(message));
    ASSERT_EQ(reply.changes.size(), 1U) << request.message << "\n" << reply.text;
    EXPECT_EQ(reply.changes[0].entry_id, id) << request.message;
    EXPECT_EQ(foods_after(reply.changes[0]), foods) << request.message << "\n" << reply.text;
    EXPECT_THAT(reply.text, ::testing::HasSubstr("kcal")) << request.message;
  }

  static std::string foods_after(const FoodChange& change) {
    std::string after;
    if (!change.after) return after;
    for (const Food& food : change.after->foods)
      after.append(after.empty() ? "" : ", ")
          .append(std::to_string(std::lround(food.quantity)))
          .append(" " + food.unit + " " + food.name + " ")
          .append(std::to_string(std::lround(food.calories)));
    return after;
  }

  /// Whole entries are deleted, and no other is touched.
  void expect_deleted(std::string message, const std::vector<std::int64_t>& ids) {
    const AgentReply reply = say(std::move(message));
    std::vector<std::int64_t> deleted;
    for (const FoodChange& change : reply.changes) {
      EXPECT_FALSE(change.after) << request.message << "\n" << reply.text;
      deleted.push_back(change.entry_id);
    }
    EXPECT_THAT(deleted, ::testing::UnorderedElementsAreArray(ids)) << request.message << "\n"
                                                                    << reply.text;
  }

  /// The one change moves that entry to `meal`, so many days ago, and the second of the day.
  void expect_moved(std::string message, std::int64_t id, const std::string& meal, int days_ago,
                    int second) {
    const AgentReply reply = say(std::move(message));
    ASSERT_EQ(reply.changes.size(), 1U) << request.message << "\n" << reply.text;
    EXPECT_EQ(reply.changes[0].entry_id, id) << request.message;
    const FoodEntry& after = reply.changes[0].after.value();
    EXPECT_EQ(after.meal_type, meal) << request.message;
    EXPECT_EQ(request.zone.day_of(request.now) - request.zone.day_of(after.timestamp), days_ago)
        << request.message << "\n"
        << reply.text;
    EXPECT_EQ(request.zone.second_of_day(after.timestamp), second) << request.message << "\n"
                                                                   << reply.text;
  }

  AgentRequest request;
};

}  // namespace health_agent::agent
