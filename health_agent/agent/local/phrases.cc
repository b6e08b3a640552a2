#include "health_agent/agent/local/phrases.h"

#include "health_agent/agent/food/text.h"
#include "health_agent/time.h"

namespace health_agent::agent {

std::string macros_in_words(const Totals& totals) {
  return "protein " + format_number(totals.protein) + " g, carbs " + format_number(totals.carbs) +
         " g, fat " + format_number(totals.fat) + " g";
}

std::string amount_of(const Food& food) {
  if (food.unit == "piece" || food.unit.empty()) return amount_in_words(food.quantity, food.name);
  return amount_in_words(food.quantity, food.unit) + " of " + food.name;
}

std::string line_of(const Food& food, double grams, std::string_view as_written) {
  std::string text = amount_of(food);
  if (food.unit != "g" && grams > 0) text.append(" (").append(format_number(grams)).append(" g)");
  text.append(": ").append(format_number(food.calories)).append(" kcal");
  if (!as_written.empty()) text.append(", for \"").append(as_written).append("\"");
  return text;
}

std::string day_in_words(std::int64_t days_ago, const AgentRequest& request) {
  if (days_ago <= 0) return {};
  if (days_ago == 1) return " yesterday";
  return " on " + format_date(request.zone.day_of(request.now) - days_ago);
}

std::string clock_in_words(std::int64_t unix_seconds, const AgentRequest& request) {
  const int minutes = request.zone.second_of_day(unix_seconds) / 60;
  const auto two = [](int value) {
    return std::string{value < 10 ? "0" : ""} + std::to_string(value);
  };
  return two(minutes / 60) + ":" + two(minutes % 60);
}

}  // namespace health_agent::agent
