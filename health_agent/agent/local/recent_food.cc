#include "health_agent/agent/local/recent_food.h"

#include <algorithm>

#include "health_agent/agent/food/text.h"
#include "health_agent/agent/local/phrases.h"
#include "health_agent/agent/when.h"

namespace health_agent::agent {

std::vector<Hit> RecentFood::foods(const Description& said) const {
  std::vector<Hit> hits;
  for (std::size_t e = 0; e < size(); ++e) {
    if (!fits_place(entry(e), said)) continue;
    if (!hits.empty() && day_of(hits.front().entry) != day_of(e)) continue;
    for (std::size_t f = 0; f < entry(e).foods.size(); ++f)
      if (fits_name(entry(e).foods[f].name, said)) hits.push_back({e, f});
  }
  return hits;
}

std::vector<std::size_t> RecentFood::entries(const Description& said) const {
  std::vector<std::size_t> found;
  for (std::size_t e = 0; e < size(); ++e)
    if (fits_place(entry(e), said) && (found.empty() || day_of(found.front()) == day_of(e)))
      found.push_back(e);
  return found;
}

std::string RecentFood::where(std::size_t index) const {
  return entry(index).meal_type + day_in_words(days_ago(index), request_);
}

bool RecentFood::has_word(std::string_view stem) const {
  return std::ranges::any_of(request_.recent, [&](const FoodEntry& entry) {
    return std::ranges::any_of(entry.foods, [&](const Food& food) {
      const std::vector<Token> tokens = tokenize(food.name);
      return std::ranges::find(tokens, stem, &Token::stem) != tokens.end();
    });
  });
}

std::int64_t RecentFood::day_of(std::size_t index) const {
  return request_.zone.day_of(entry(index).timestamp);
}

std::int64_t RecentFood::days_ago(std::size_t index) const {
  return request_.zone.day_of(request_.now) - day_of(index);
}

bool RecentFood::fits_place(const FoodEntry& entry, const Description& said) const {
  if (!said.meal.empty() && entry.meal_type != said.meal) return false;
  if (!said.moment.has_day() && !said.moment.has_time()) return true;
  const PlacedMeal placed =
      place_in_time(said.moment, entry.meal_type, true, request_.now, request_.zone);
  if (placed.doubt != TimeDoubt::kNone) return false;
  if (said.moment.part != DayPart::kNone && said.meal.empty() &&
      entry.meal_type != meal_of(said.moment.part))
    return false;
  return request_.zone.day_of(entry.timestamp) == request_.zone.day_of(placed.timestamp);
}

bool RecentFood::fits_name(std::string_view name, const Description& said) const {
  if (said.stems.empty()) return true;
  const std::vector<Token> tokens = tokenize(name);
  const bool has_all = std::ranges::all_of(said.stems, [&](const std::string& stem) {
    return std::ranges::find(tokens, stem, &Token::stem) != tokens.end();
  });
  if (has_all) return true;
  if (said.other_words) return false;
  const FoodMatch match = table_.longest_match(tokens, 0);
  return said.food.food != nullptr && match.tokens == tokens.size() && match.food == said.food.food;
}

std::string list_foods(const std::vector<Food>& foods) {
  std::string text;
  for (const Food& food : foods)
    text.append(text.empty() ? "" : ", ").append(amount_of(food));
  return text;
}

std::string kcal_of(const std::vector<Food>& foods) {
  return format_number(totals_of(foods).calories) + " kcal";
}

}  // namespace health_agent::agent
