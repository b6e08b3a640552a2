#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "health_agent/models.h"

namespace health_agent {

/// What the user wants to eat of a day, from the preferences `goal_calories` (kilocalories),
/// `goal_protein`, `goal_carbs` and `goal_fat` (grams).
struct Goals {
  std::optional<double> calories;
  std::optional<double> protein;
  std::optional<double> carbs;
  std::optional<double> fat;
};

/// No goal is higher, and none is below 0.
inline constexpr double kMostOfAGoal = 100'000;

/// One of the goals: where it is kept, and how it is called.
struct GoalKind {
  std::string_view preference;  ///< `goal_calories`
  std::string_view name;        ///< `calories`
  std::optional<double> Goals::*goal;
  double Totals::*total;
};

/// Calories, protein, carbs and fat, in this order.
[[nodiscard]] std::span<const GoalKind> goal_kinds() noexcept;

/// A goal that is not told, or told as something else than a number from 0 to 100,000, is none.
[[nodiscard]] Goals goals_of(const Fields& preferences);

/// The goal that a preference's JSON tells; nothing when it is none.
[[nodiscard]] std::optional<double> goal_in(std::string_view json);

/// A goal as the JSON of its preference; `null` for none.
[[nodiscard]] std::string json_of_goal(std::optional<double> goal);

/// `2000 kcal` or `protein 120 g`.
[[nodiscard]] std::string goal_in_words(const GoalKind& kind, double amount);

/// `Your goals for a day: 2000 kcal, protein 120 g. Left today: 500 kcal. Over today: protein 8 g.`;
/// empty without goals.
[[nodiscard]] std::string left_in_words(const Goals& goals, const Totals& today);

}  // namespace health_agent
