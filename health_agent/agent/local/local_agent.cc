#include "health_agent/agent/local/local_agent.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "health_agent/agent/food/food_parser.h"
#include "health_agent/agent/food/text.h"
#include "health_agent/agent/local/corrections.h"
#include "health_agent/agent/local/goal_talk.h"
#include "health_agent/agent/local/phrases.h"
#include "health_agent/agent/local/small_talk.h"
#include "health_agent/agent/when.h"

namespace health_agent::agent {
namespace {

/// More than this in one message is a joke or a mistake.
constexpr double kMostCalories = 15'000;

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
    text.append(" yet, so I did not guess. Is there another name for it, or what is in it?");
  }
  if (!parsed.refused.empty()) {
    text.append("\nI left out ").append(listed(parsed.refused));
    text.append(": that does not look like an amount somebody eats. How much was it?");
  }
  if (!parsed.unclear.empty()) {
    text.append("\nI did not log ").append(listed(parsed.unclear));
    text.append(": I am not sure what you mean. How much was it, in pieces, grams or calories?");
  }
  if (parsed.too_many)
    text += "\nThat was more than I can take at once. Please send the rest in another message.";
  return text;
}

std::string_view why_not(Stance stance) {
  switch (stance) {
    case Stance::kOthers:
      return "that sounds like somebody else's";
    case Stance::kShared:
      return "how much of it was yours?";
    case Stance::kPlanned:
      return "that sounds like a plan or a wish";
    case Stance::kBought:
    case Stance::kMade:
      return "I do not know whether you ate it";
    case Stance::kHabit:
      return "that sounds like a habit";
    case Stance::kLiked:
      return "that sounds like a taste";
    default:
      return {};
  }
}

/// The foods that were talked about and not logged, with a question.
std::string what_was_mentioned(const ParsedMessage& parsed) {
  std::string text;
  Totals totals;
  for (const ParsedFood& food : parsed.mentioned) {
    text.append("\n- ").append(line_of(food.food, food.grams, food.as_written));
    totals.calories += food.food.calories;
  }
  const std::string_view why = why_not(parsed.mentioned.front().stance);
  text.append("\nI have not logged ").append(parsed.mentioned.size() > 1 ? "these" : "it");
  if (!why.empty()) text.append(": ").append(why);
  if (text.back() != '?') text += ". Did you eat it?";
  return text + " Then tell me \"I had ...\".";
}

std::string_view question_of(TimeDoubt doubt) {
  switch (doubt) {
    case TimeDoubt::kFuture:
      return "That time is still to come. Did you have it already, and when?";
    case TimeDoubt::kWeekday:
      return "Was that today or a week ago?";
    case TimeDoubt::kHalfDay:
      return "Was that in the morning or in the afternoon?";
    case TimeDoubt::kLongAgo:
      return "That is more than half a year ago, and I log no older meals. Which day was that?";
    default:
      return "Which day was that? Please say the date, such as 2026-11-27.";
  }
}

/// "I'm having a salad for lunch", said at nine in the morning.
bool is_to_come(const ParsedFood& food, const AgentRequest& request) {
  if (food.present && food.moment.weekday && !food.moment.last) return true;
  if (!food.present || food.moment.has_day() || food.moment.has_time()) return false;
  const int hour = request.zone.second_of_day(request.now) / 3600;
  return (food.meal == "lunch" && hour >= 4 && hour < 10) ||
         (food.meal == "dinner" && hour >= 4 && hour < 15);
}

/// One meal to be logged.
struct Meal {
  FoodEntry entry;
  std::vector<const ParsedFood*> foods;
  std::int64_t days_ago = 0;
  bool at_clock = false;  ///< Its time was said.
};

/// The foods of a message by meal and time.
struct Meals {
  std::vector<Meal> meals;
  TimeDoubt doubt = TimeDoubt::kNone;
};

Meals meals_of(const AgentRequest& request, const ParsedMessage& parsed) {
  Meals all;
  for (const ParsedFood& food : parsed.foods) {
    const PlacedMeal placed =
        place_in_time(food.moment, food.meal, food.past, request.now, request.zone);
    if (placed.doubt != TimeDoubt::kNone || is_to_come(food, request)) {
      all.doubt = placed.doubt != TimeDoubt::kNone ? placed.doubt : TimeDoubt::kFuture;
      continue;
    }
    auto found = std::ranges::find_if(all.meals, [&](const Meal& meal) {
      return meal.entry.meal_type == placed.meal && meal.entry.timestamp == placed.timestamp;
    });
    if (found == all.meals.end()) {
      Meal& meal = all.meals.emplace_back();
      meal.entry.user_id = request.user_id;
      meal.entry.meal_type = placed.meal;
      meal.entry.timestamp = placed.timestamp;
      meal.days_ago = placed.days_ago;
      meal.at_clock = food.moment.clock.has_value() || food.moment.seconds_ago.has_value();
      found = all.meals.end() - 1;
    }
    found->entry.foods.push_back(food.food);
    found->foods.push_back(&food);
  }
  return all;
}

/// The meals and what they have, as logged.
std::string what_is_logged(const AgentRequest& request, const std::vector<Meal>& meals) {
  std::string text;
  double today = 0;
  for (const Meal& meal : meals) {
    const Totals totals = totals_of(meal.entry.foods);
    if (!text.empty()) text += "\n";
    text.append("Logged for ").append(meal.entry.meal_type);
    text.append(day_in_words(meal.days_ago, request));
    if (meal.at_clock) text.append(" at ").append(clock_in_words(meal.entry.timestamp, request));
    text.append(":");
    for (const ParsedFood* food : meal.foods)
      text.append("\n- ").append(line_of(food->food, food->grams, food->as_written));
    text.append("\nTotal: ").append(format_number(totals.calories)).append(" kcal, ");
    text.append(macros_in_words(totals)).append(".");
    if (meal.days_ago == 0) today += totals.calories;
  }
  if (request.today && today > 0)
    text.append(" Today: ").append(format_number(request.today->calories + today)).append(" kcal.");
  return text;
}

double calories_of(const std::vector<Meal>& meals) {
  double calories = 0;
  for (const Meal& meal : meals)
    calories += totals_of(meal.entry.foods).calories;
  return calories;
}

/// "Here is what that has", for a question about foods.
std::string what_that_has(const ParsedMessage& parsed) {
  std::vector<Food> foods;
  for (const ParsedFood& food : parsed.mentioned)
    foods.push_back(food.food);
  const Totals totals = totals_of(foods);
  return "Total: " + format_number(totals.calories) + " kcal, " + macros_in_words(totals) + ".";
}

/// What to say and, when something was eaten, what to store.
AgentReply answer_to(const AgentRequest& request, const NutritionTable& table) {
  if (std::optional<AgentReply> goals = talk_of_goals(request, table)) return std::move(*goals);
  if (std::optional<AgentReply> corrected = correct(request, table)) return std::move(*corrected);
  const ParsedMessage parsed = parse_food(request.message, table);
  AgentReply reply;
  const std::string left_out = what_was_left_out(parsed);
  if (parsed.foods.empty() && parsed.mentioned.empty()) {
    reply.text = left_out.empty() ? small_talk(request) : left_out.substr(1);
    return reply;
  }
  Meals meals = meals_of(request, parsed);
  if (const double calories = calories_of(meals.meals); calories > kMostCalories) {
    reply.text = "Together that is " + format_number(calories) +
                 " kcal, more than anybody eats at once, so I have not logged it. How much was it?";
    return reply;
  }
  reply.text = what_is_logged(request, meals.meals);
  if (meals.doubt != TimeDoubt::kNone)
    reply.text.append("\nI have not logged ")
        .append(meals.meals.empty() ? "it" : "all of it")
        .append(". ")
        .append(question_of(meals.doubt));
  if (!parsed.mentioned.empty()) {
    if (parsed.foods.empty())
      reply.text.append("Here is what that has. ").append(what_that_has(parsed));
    reply.text += what_was_mentioned(parsed);
  }
  reply.text += left_out;
  if (reply.text.front() == '\n') reply.text.erase(0, 1);
  for (Meal& meal : meals.meals)
    reply.food_entries.push_back(std::move(meal.entry));
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
      reply.changes.clear();
      reply.preferences.clear();
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
