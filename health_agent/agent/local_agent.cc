#include "health_agent/agent/local_agent.h"

#include <string_view>
#include <utility>

#include "health_agent/agent/food_parser.h"
#include "health_agent/agent/small_talk.h"
#include "health_agent/agent/text.h"

namespace health_agent::agent {
namespace {

constexpr std::int64_t kSecondsADay = 86'400;

/// More than this in one message is a joke or a mistake.
constexpr double kMostCalories = 15'000;

std::string macros_in_words(const Totals& totals) {
  return "protein " + format_number(totals.protein) + " g, carbs " + format_number(totals.carbs) +
         " g, fat " + format_number(totals.fat) + " g";
}

/// `2 eggs (100 g): 143 kcal`
std::string line_of(const ParsedFood& parsed) {
  const Food& food = parsed.food;
  std::string text;
  if (food.unit == "piece") {
    text = amount_in_words(food.quantity, food.name);
  } else {
    text = amount_in_words(food.quantity, food.unit) + " of " + food.name;
  }
  if (food.unit != "g") text.append(" (").append(format_number(parsed.grams)).append(" g)");
  text.append(": ").append(format_number(food.calories)).append(" kcal");
  if (!parsed.as_written.empty()) text.append(", for \"").append(parsed.as_written).append("\"");
  return text;
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? " and " : ", ";
    text.append("\"").append(names[i]).append("\"");
  }
  return text;
}

std::string what_was_left_out(const ParsedMessage& parsed) {
  std::string text;
  if (!parsed.unknown.empty()) {
    text.append("\nI do not know ").append(listed(parsed.unknown));
    text.append(" yet, so I did not guess. Try another name for it, or say what is in it.");
  }
  if (!parsed.refused.empty()) {
    text.append("\nI left out ").append(listed(parsed.refused));
    text.append(": that does not look like an amount somebody eats. How much was it?");
  }
  if (parsed.too_many)
    text += "\nThat was more than I can take at once. Please send the rest in another message.";
  return text;
}

/// What to say and, when something was eaten, what to store.
AgentReply answer_to(const AgentRequest& request, const NutritionTable& table) {
  const ParsedMessage parsed = parse_food(request.message, table);
  AgentReply reply;
  if (parsed.foods.empty()) {
    reply.text = what_was_left_out(parsed);
    reply.text = reply.text.empty() ? small_talk(request) : reply.text.substr(1);
    return reply;
  }

  FoodEntry entry;
  for (const ParsedFood& food : parsed.foods)
    entry.foods.push_back(food.food);
  const Totals totals = totals_of(entry.foods);
  if (totals.calories > kMostCalories) {
    reply.text = "Together that is " + format_number(totals.calories) +
                 " kcal, more than anybody eats at once, so I have not logged it. How much was it?";
    return reply;
  }
  entry.user_id = request.user_id;
  entry.meal_type = parsed.meal.empty() ? usual_meal(request.now) : parsed.meal;
  entry.timestamp = request.now - (parsed.yesterday ? kSecondsADay : 0);

  reply.text = parsed.ate ? "Logged for " + entry.meal_type + (parsed.yesterday ? " yesterday" : "")
                          : "Here is what that has";
  reply.text += ":";
  for (const ParsedFood& food : parsed.foods)
    reply.text.append("\n- ").append(line_of(food));
  reply.text.append("\nTotal: ").append(format_number(totals.calories)).append(" kcal, ");
  reply.text.append(macros_in_words(totals)).append(".");
  if (parsed.ate && request.today && !parsed.yesterday)
    reply.text.append(" Today: ")
        .append(format_number(request.today->calories + totals.calories))
        .append(" kcal.");
  reply.text += what_was_left_out(parsed);
  if (!parsed.ate) {
    reply.text += "\nI have not logged it. Tell me \"I had ...\" when you have eaten it.";
    return reply;
  }
  if (parsed.several_meals)
    reply.text += "\nI put all of it under " + entry.meal_type +
                  ". Send each meal by itself to keep them apart.";
  reply.food_entries.push_back(std::move(entry));
  return reply;
}

/// Tells the text word by word, each with the space after it. Returns how much was told before the
/// listener had enough.
std::size_t tell(std::string_view text, const OnText& on_text) {
  std::size_t told = 0;
  while (told < text.size()) {
    const std::size_t space = text.find_first_of(" \n", told);
    const std::size_t next = text.find_first_not_of(" \n", space);
    const std::size_t end = next == std::string_view::npos ? text.size() : next;
    if (!on_text(text.substr(told, end - told))) return told;
    told = end;
  }
  return told;
}

}  // namespace

AgentReply LocalAgent::reply(const AgentRequest& request, const OnText& on_text) {
  AgentReply reply = answer_to(request, table_);
  reply.model = model();
  reply.cost_usd = 0;
  if (on_text) {
    if (const std::size_t told = tell(reply.text, on_text); told < reply.text.size()) {
      reply.cancelled = true;
      reply.food_entries.clear();
      reply.text.resize(told);
    }
  }
  reply.usage.input_tokens = count_words(request.message);
  for (const Message& turn : request.history)
    reply.usage.input_tokens += count_words(turn.content);
  reply.usage.output_tokens = count_words(reply.text);
  return reply;
}

}  // namespace health_agent::agent
