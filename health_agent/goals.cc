#include "health_agent/goals.h"

#include <array>
#include <charconv>
#include <cmath>
#include <system_error>

namespace health_agent {
namespace {

constexpr std::array<GoalKind, 4> kKinds{{
    {"goal_calories", "calories", &Goals::calories, &Totals::calories},
    {"goal_protein", "protein", &Goals::protein, &Totals::protein},
    {"goal_carbs", "carbs", &Goals::carbs, &Totals::carbs},
    {"goal_fat", "fat", &Goals::fat, &Totals::fat},
}};

/// The shortest digits that are the number, without an exponent.
std::string digits_of(double value) {
  std::array<char, 64> digits{};
  const auto [end, error] =
      std::to_chars(digits.data(), digits.data() + digits.size(), value, std::chars_format::fixed);
  return error == std::errc{} ? std::string{digits.data(), end} : std::string{"0"};
}

/// At most one decimal.
double figure(double value) {
  return std::round(value * 10) / 10;
}

/// As the other figures of a day: none from 100 on.
double rest_of(double goal, double total) {
  const double rest = goal - total;
  return std::abs(rest) < 100 ? figure(rest) : std::round(rest);
}

void add(std::string& list, const std::string& item) {
  list += (list.empty() ? "" : ", ") + item;
}

}  // namespace

std::span<const GoalKind> goal_kinds() noexcept {
  return kKinds;
}

Goals goals_of(const Fields& preferences) {
  Goals goals;
  for (const GoalKind& kind : kKinds) {
    const auto found = preferences.find(std::string{kind.preference});
    if (found != preferences.end()) goals.*kind.goal = goal_in(found->second);
  }
  return goals;
}

std::optional<double> goal_in(std::string_view json) {
  double value = 0;
  const char* const end = json.data() + json.size();
  const auto [stop, error] = std::from_chars(json.data(), end, value);
  if (error != std::errc{} || stop != end || !(value >= 0 && value <= kMostOfAGoal))
    return std::nullopt;
  return value;
}

std::string json_of_goal(std::optional<double> goal) {
  return goal ? digits_of(*goal) : "null";
}

std::string goal_in_words(const GoalKind& kind, double amount) {
  const std::string number = digits_of(figure(amount));
  return kind.name == "calories" ? number + " kcal" : std::string{kind.name} + " " + number + " g";
}

std::string left_in_words(const Goals& goals, const Totals& today) {
  std::string all;
  std::string left;
  std::string over;
  for (const GoalKind& kind : kKinds) {
    const std::optional<double> goal = goals.*kind.goal;
    if (!goal) continue;
    add(all, goal_in_words(kind, *goal));
    const double rest = rest_of(*goal, today.*kind.total);
    add(rest < 0 ? over : left, goal_in_words(kind, std::abs(rest)));
  }
  if (all.empty()) return {};
  std::string text = "Your goals for a day: " + all + ".";
  if (!left.empty()) text += " Left today: " + left + ".";
  if (!over.empty()) text += " Over today: " + over + ".";
  return text;
}

}  // namespace health_agent
