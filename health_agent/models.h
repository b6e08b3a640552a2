#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace health_agent {

/// One food of an entry. Energy in kilocalories, protein, carbs and fat in grams; all for the whole
/// quantity.
struct Food {
  std::string name;
  double quantity = 0;
  std::string unit;
  double calories = 0;
  std::optional<double> protein;
  std::optional<double> carbs;
  std::optional<double> fat;
};

/// What somebody ate at one time. `meal_type` is breakfast, lunch, dinner or snack; times are Unix
/// seconds, UTC.
struct FoodEntry {
  std::int64_t id = 0;
  std::string user_id;
  std::vector<Food> foods;
  std::string meal_type;
  std::int64_t timestamp = 0;
  std::string notes;
};

/// A change of an entry that is logged already: what it is from now on, or that it is gone.
struct FoodChange {
  std::int64_t entry_id = 0;
  std::optional<FoodEntry> after;  ///< Empty deletes the entry.
  bool restores = false;  ///< The entry was deleted, and comes back under its id as `after`.
};

/// Sums over foods; what a food does not say counts as zero.
struct Totals {
  double calories = 0;
  double protein = 0;
  double carbs = 0;
  double fat = 0;

  Totals& operator+=(const Totals& more) noexcept {
    calories += more.calories;
    protein += more.protein;
    carbs += more.carbs;
    fat += more.fat;
    return *this;
  }
};

/// One turn of a conversation. `role` is `user` or `assistant`.
struct Message {
  std::string role;
  std::string content;
  std::int64_t timestamp = 0;
};

/// A user's row. Profile and preferences are field -> JSON text of the value (`"vegan"`, `72.5`,
/// `true`).
struct User {
  std::string user_id;
  std::int64_t created_at = 0;
};
using Fields = std::map<std::string, std::string>;

/// As many profile fields, and as many preferences, a user may have: each read loads them all.
inline constexpr std::size_t kMaxFields = 50;

/// As much food a day (UTC) may have: entries, and characters of their foods as they are stored and
/// of their notes. More than anybody eats; each look at a day loads all of it.
inline constexpr std::size_t kMaxEntriesADay = 2'000;
inline constexpr std::size_t kMaxFoodTextADay = std::size_t{1024} * 1024;
/// As much may stand in one answer about several days: a hundred foods on each day of a year.
inline constexpr std::size_t kMaxFoodText = std::size_t{4} * 1024 * 1024;

/// How far a user has come on a journey: the step just reached, and seconds since the journey
/// began.
struct JourneyStep {
  std::string step;
  double seconds = 0;
};

[[nodiscard]] inline Totals totals_of(const std::vector<Food>& foods) {
  Totals sum;
  for (const Food& food : foods) {
    sum.calories += food.calories;
    sum.protein += food.protein.value_or(0);
    sum.carbs += food.carbs.value_or(0);
    sum.fat += food.fat.value_or(0);
  }
  return sum;
}

}  // namespace health_agent
