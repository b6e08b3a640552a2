#include "health_agent/agent/food_tool.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <initializer_list>
#include <utility>
#include <vector>

#include "health_agent/agent/json.h"
#include "health_agent/agent/text.h"
#include "health_agent/agent/utf8.h"

namespace health_agent::agent {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxArguments = 64 * 1024;
constexpr int kMaxDepth = 4;
constexpr std::size_t kMaxFaults = 5;
constexpr double kMost = 100'000;
constexpr std::array<std::string_view, 4> kMeals{"breakfast", "lunch", "dinner", "snack"};

/// Gathers what is wrong, so that one more try can mend all of it.
class Reader {
 public:
  void fault(const std::string& where, const std::string& what) {
    if (++found_ > kMaxFaults) return;
    faults_ += (faults_.empty() ? "" : "; ") + where + ": " + what;
  }
  [[nodiscard]] bool good() const noexcept { return found_ == 0; }
  [[nodiscard]] const std::string& faults() const noexcept { return faults_; }

  void known_only(const json& object, const std::string& where,
                  std::initializer_list<std::string_view> members) {
    for (const auto& [name, value] : object.items()) {
      if (std::find(members.begin(), members.end(), name) == members.end())
        fault(where + clean_text(name, 40), "there is no such field");
    }
  }

  std::string text(const json& object, const std::string& where, const char* name, std::size_t most,
                   bool required) {
    const json& value = member(object, name);
    const std::string field = where + name;
    if (value.is_null() && !required) return {};
    if (!value.is_string()) {
      fault(field, "a string is wanted");
      return {};
    }
    const auto& given = value.get_ref<const std::string&>();
    if (given.size() > most || (required && given.find_first_not_of(" \t\n") == std::string::npos))
      fault(field, "a string of 1 to " + std::to_string(most) + " bytes is wanted");
    else if (clean_text(given, most) != given)
      fault(field, "control characters are not allowed");
    return given;
  }

  double number(const json& object, const std::string& where, const char* name) {
    const json& value = member(object, name);
    const double number = value.is_number() ? value.get<double>() : -1;
    if (!(std::isfinite(number) && number >= 0 && number <= kMost)) {
      fault(where + name, "a number from 0 to 100000 is wanted");
      return 0;
    }
    return number;
  }

 private:
  std::size_t found_ = 0;
  std::string faults_;
};

Food read_food(Reader& in, const json& object, const std::string& where) {
  Food food;
  if (!object.is_object()) {
    in.fault(where, "an object is wanted");
    return food;
  }
  const std::string prefix = where + ".";
  in.known_only(object, prefix,
                {"name", "quantity", "unit", "calories", "protein", "carbs", "fat"});
  food.name = in.text(object, prefix, "name", 200, true);
  food.quantity = in.number(object, prefix, "quantity");
  food.unit = in.text(object, prefix, "unit", 32, true);
  food.calories = in.number(object, prefix, "calories");
  const auto grams = [&](const char* name, std::optional<double>& into) {
    if (!member(object, name).is_null()) into = in.number(object, prefix, name);
  };
  grams("protein", food.protein);
  grams("carbs", food.carbs);
  grams("fat", food.fat);
  return food;
}

}  // namespace

std::string_view food_tool_description() noexcept {
  return "Logs what the user has eaten or drunk, as one entry of their food log. Call it once for "
         "a "
         "message, with all foods of it, and only for what was really consumed: not for plans, "
         "wishes, questions or what somebody else ate. Estimate what the user does not say.";
}

std::string_view food_tool_schema() noexcept {
  return R"json({
  "type": "object",
  "properties": {
    "foods": {
      "type": "array", "minItems": 1, "maxItems": 100,
      "items": {
        "type": "object",
        "properties": {
          "name": {"type": "string", "minLength": 1, "maxLength": 200, "description": "The food, in the user's words, without the amount"},
          "quantity": {"type": "number", "minimum": 0, "maximum": 100000, "description": "How much of the unit"},
          "unit": {"type": "string", "minLength": 1, "maxLength": 32, "description": "g, ml, piece, slice, cup, ..."},
          "calories": {"type": "number", "minimum": 0, "maximum": 100000, "description": "Kilocalories of the whole quantity"},
          "protein": {"type": "number", "minimum": 0, "maximum": 100000, "description": "Grams in the whole quantity"},
          "carbs": {"type": "number", "minimum": 0, "maximum": 100000, "description": "Grams in the whole quantity"},
          "fat": {"type": "number", "minimum": 0, "maximum": 100000, "description": "Grams in the whole quantity"}
        },
        "required": ["name", "quantity", "unit", "calories"],
        "additionalProperties": false
      }
    },
    "meal_type": {"type": "string", "enum": ["breakfast", "lunch", "dinner", "snack"]},
    "notes": {"type": "string", "maxLength": 2000, "description": "Only what matters later and has no field of its own"}
  },
  "required": ["foods", "meal_type"],
  "additionalProperties": false
})json";
}

vitals::Result<FoodEntry> read_food_call(std::string_view arguments) {
  if (arguments.size() > kMaxArguments)
    return vitals::Error{"the arguments are longer than " + std::to_string(kMaxArguments) +
                         " bytes"};
  const auto object = parse_json(arguments, kMaxDepth);
  if (!object || !object->is_object())
    return vitals::Error{"the arguments are no JSON object in UTF-8, nested at most " +
                         std::to_string(kMaxDepth) + " deep, with finite numbers"};
  Reader in;
  in.known_only(*object, "", {"foods", "meal_type", "notes"});
  FoodEntry entry;
  const json& foods = member(*object, "foods");
  if (!foods.is_array() || foods.empty() || foods.size() > kMaxToolFoods) {
    in.fault("foods", "an array of 1 to " + std::to_string(kMaxToolFoods) + " foods is wanted");
  } else {
    for (std::size_t i = 0; i < foods.size(); ++i)
      entry.foods.push_back(read_food(in, foods[i], "foods[" + std::to_string(i) + "]"));
  }
  entry.meal_type = string_member(*object, "meal_type");
  if (std::find(kMeals.begin(), kMeals.end(), entry.meal_type) == kMeals.end())
    in.fault("meal_type", "breakfast, lunch, dinner or snack is wanted");
  entry.notes = in.text(*object, "", "notes", 2'000, false);
  if (!in.good()) return vitals::Error{in.faults()};
  return entry;
}

std::string confirmation_of(const FoodEntry& entry) {
  std::string text = "Logged for " + entry.meal_type + ":";
  for (std::size_t i = 0; i < entry.foods.size(); ++i) {
    const Food& food = entry.foods[i];
    text += i == 0 ? " " : ", ";
    text += food.unit == "piece" ? amount_in_words(food.quantity, food.name)
                                 : amount_in_words(food.quantity, food.unit) + " of " + food.name;
  }
  return text + ". Together " + format_number(totals_of(entry.foods).calories) + " kcal.";
}

}  // namespace health_agent::agent
