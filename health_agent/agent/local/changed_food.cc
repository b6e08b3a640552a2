#include "health_agent/agent/local/changed_food.h"

#include <cmath>
#include <vector>

#include "health_agent/agent/food/portion.h"
#include "health_agent/agent/food/text.h"

namespace health_agent::agent {
namespace {

/// More or less than this many times what was logged is a slip of the tongue.
constexpr double kMostTimes = 20;

bool is_same(const Food& before, const Description& value, const NutritionTable& table) {
  const std::vector<Token> name = tokenize(before.name);
  const FoodMatch match = table.longest_match(name, 0);
  return match.food == value.food.food && match.tokens == name.size();
}

std::optional<Food> weighed(const FoodMatch& match, const Description& value) {
  FoodDraft draft;
  draft.food = match.food;
  draft.name = match.name;
  draft.quantity.count = value.count;
  draft.quantity.article = value.article;
  draft.quantity.unit = value.unit;
  draft.kcal = value.kcal;
  const std::optional<ParsedFood> made = weigh(draft);
  return made ? std::optional{made->food} : std::nullopt;
}

}  // namespace

Food scaled(const Food& food, double times) {
  const auto part = [&](const std::optional<double>& value) {
    return value ? std::optional{std::round(*value * times * 10) / 10} : value;
  };
  Food made = food;
  made.quantity = std::round(food.quantity * times * 1e6) / 1e6;
  made.calories = std::round(food.calories * times * 10) / 10;
  made.protein = part(food.protein);
  made.carbs = part(food.carbs);
  made.fat = part(food.fat);
  return made;
}

bool same_unit(const Food& food, const Description& said) {
  return said.unit == nullptr || food.unit == said.unit->name;
}

std::optional<Food> changed(const Food& before, const Description& value,
                            const NutritionTable& table) {
  if (value.food.food != nullptr && !is_same(before, value, table))
    return weighed(value.food, value);
  if (value.kcal) {
    if (!(before.calories > 0) || !(*value.kcal > 0)) return std::nullopt;
    Food made = scaled(before, *value.kcal / before.calories);
    made.quantity = before.quantity;
    made.calories = std::round(*value.kcal * 10) / 10;
    return *value.kcal / before.calories <= kMostTimes ? std::optional{made} : std::nullopt;
  }
  if (!value.count) return std::nullopt;
  if (same_unit(before, value)) {
    const double times = before.quantity > 0 ? *value.count / before.quantity : 0;
    if (!(times >= 1 / kMostTimes) || times > kMostTimes) return std::nullopt;
    return scaled(before, times);
  }
  const std::vector<Token> name = tokenize(before.name);
  const FoodMatch match = table.longest_match(name, 0);
  if (match.tokens == 0 || match.tokens != name.size()) return std::nullopt;
  return weighed(match, value);
}

}  // namespace health_agent::agent
