#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "health_agent/models.h"
#include "health_agent/time_zone.h"
#include "vitals/result.h"

namespace health_agent::agent {

/// The tool by which a model hands over what somebody ate, as data.
inline constexpr std::string_view kFoodTool = "log_food";
inline constexpr std::size_t kMaxToolFoods = 100;

/// The tools by which it changes, deletes and takes back what was logged.
inline constexpr std::string_view kChangeTool = "change_food";
inline constexpr std::string_view kDeleteTool = "delete_food";
inline constexpr std::string_view kUndoTool = "undo";

/// The tool by which it sets and removes the goals of a day.
inline constexpr std::string_view kGoalsTool = "set_goals";

/// When and where a message was said: what its days and times mean.
struct Clock {
  std::int64_t now = 0;  ///< Unix seconds, UTC.
  TimeZone zone;
};

/// `2026-11-24 08:05`, by the clock of the zone.
[[nodiscard]] std::string local_time(std::int64_t time, const TimeZone& zone);

/// What the tool does and when to use it, in words for a model.
[[nodiscard]] std::string_view food_tool_description() noexcept;

/// The JSON schema of its arguments, as JSON text.
[[nodiscard]] std::string_view food_tool_schema();

/// Reads a model's arguments, which are believed in nothing: JSON of known members only, the right
/// types, finite numbers in their ranges, texts of UTF-8 without control characters and not too
/// long, no time to come. The error says all that is wrong (the first few of it) in words for the
/// model. The entry's time is that of place_in_time(). Its id and user are the caller's business.
[[nodiscard]] vitals::Result<FoodEntry> read_food_call(std::string_view arguments,
                                                       const Clock& clock = {});

/// The arguments of change_food: the entry's id and what is to be different, all else optional.
struct FoodEdit {
  std::int64_t entry_id = 0;
  std::vector<Food> foods;  ///< Empty: as they were.
  std::string meal_type;    ///< Empty: as it was.
  std::optional<std::string> notes;
  std::optional<std::int64_t> day;  ///< In the user's zone, days since 1970-01-01.
  std::optional<int> second_of_day;
};
[[nodiscard]] std::string_view change_tool_schema();
[[nodiscard]] vitals::Result<FoodEdit> read_change_call(std::string_view arguments,
                                                        const Clock& clock);

/// The entry as the edit makes it; a day alone keeps the hour, an hour alone the day. Fails for a
/// time to come.
[[nodiscard]] vitals::Result<FoodEntry> edited(FoodEntry entry, const FoodEdit& edit,
                                               const Clock& clock);

/// The arguments of delete_food: an entry's id.
[[nodiscard]] std::string_view delete_tool_schema() noexcept;
[[nodiscard]] vitals::Result<std::int64_t> read_delete_call(std::string_view arguments);

/// The arguments of set_goals: numbers from 0 to kMostOfAGoal, and the names of those to be removed.
/// Gives preferences and their JSON.
[[nodiscard]] std::string_view goals_tool_schema() noexcept;
[[nodiscard]] vitals::Result<Fields> read_goals_call(std::string_view arguments);

/// `2 eggs, 30.5 g of cheese`.
[[nodiscard]] std::string foods_in_words(const std::vector<Food>& foods);

/// `Logged for lunch: 2 eggs. Together 143 kcal.`, for when the model has no last word.
[[nodiscard]] std::string confirmation_of(const FoodEntry& entry);

}  // namespace health_agent::agent
