#include "health_agent/agent/remote/food_tool.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <initializer_list>
#include <utility>
#include <vector>

#include "health_agent/agent/food/text.h"
#include "health_agent/agent/remote/json.h"
#include "health_agent/agent/remote/utf8.h"
#include "health_agent/agent/when.h"
#include "health_agent/goals.h"
#include "health_agent/time.h"

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
  // A model that knows no unit may say null.
  if (!object.contains("unit") || !object.at("unit").is_null())
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

/// `schema` with the schema of the array of foods in its place.
std::string schema_with(std::string schema) {
  constexpr std::string_view kPlace = "FOODS";
  constexpr std::string_view kFoods = R"json({
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
    })json";
  return schema.replace(schema.find(kPlace), kPlace.size(), kFoods);
}

vitals::Result<json> object_of(std::string_view arguments) {
  if (arguments.size() > kMaxArguments)
    return vitals::Error{"the arguments are longer than " + std::to_string(kMaxArguments) +
                         " bytes"};
  auto object = parse_json(arguments, kMaxDepth);
  if (!object || !object->is_object())
    return vitals::Error{"the arguments are no JSON object in UTF-8, nested at most " +
                         std::to_string(kMaxDepth) + " deep, with finite numbers"};
  return *std::move(object);
}

std::vector<Food> read_foods(Reader& in, const json& object) {
  std::vector<Food> all;
  const json& foods = member(object, "foods");
  if (!foods.is_array() || foods.empty() || foods.size() > kMaxToolFoods) {
    in.fault("foods", "an array of 1 to " + std::to_string(kMaxToolFoods) + " foods is wanted");
    return all;
  }
  for (std::size_t i = 0; i < foods.size(); ++i)
    all.push_back(read_food(in, foods[i], "foods[" + std::to_string(i) + "]"));
  return all;
}

std::string read_meal(Reader& in, const json& object) {
  std::string meal{string_member(object, "meal_type")};
  if (std::find(kMeals.begin(), kMeals.end(), meal) == kMeals.end())
    in.fault("meal_type", "breakfast, lunch, dinner or snack is wanted");
  return meal;
}

/// Null and an empty text are a field that a model filled in for completeness.
bool is_given(const json& object, const char* name) {
  const json& value = member(object, name);
  return !value.is_null() && value != "";
}

std::optional<std::int64_t> read_day(Reader& in, const json& object, const Clock& clock) {
  if (!is_given(object, "day")) return std::nullopt;
  const std::int64_t today = clock.zone.day_of(clock.now);
  const std::string known = ", and today is " + format_date(today);
  const auto day = parse_date(string_member(object, "day"));
  if (!day) {
    in.fault("day", "a date as YYYY-MM-DD is wanted" + known);
  } else if (*day > today) {
    in.fault("day", "that day is still to come" + known);
  } else if (*day < today - kMaxDaysBack) {
    in.fault("day", "that is more than " + std::to_string(kMaxDaysBack) + " days ago" + known);
  }
  return day;
}

std::optional<int> read_time(Reader& in, const json& object) {
  if (!is_given(object, "time")) return std::nullopt;
  const std::string_view text = string_member(object, "time");
  const std::size_t colon = text.find(':');
  const auto number = [](std::string_view digits, int most) {
    int value = 0;
    const char* const end = digits.data() + digits.size();
    const auto [at, error] = std::from_chars(digits.data(), end, value);
    const bool good = error == std::errc{} && at == end && digits.size() <= 2;
    return good && value >= 0 && value <= most ? value : -1;
  };
  if (colon != std::string_view::npos && text.size() == colon + 3) {
    const int hour = number(text.substr(0, colon), 23);
    const int minute = number(text.substr(colon + 1), 59);
    if (hour >= 0 && minute >= 0) return (hour * 60 + minute) * 60;
  }
  in.fault("time", "a time as HH:MM from 00:00 to 23:59 is wanted");
  return std::nullopt;
}

void fault_to_come(Reader& in, const Clock& clock) {
  in.fault("time", "that is still to come: it is " + local_time(clock.now, clock.zone) +
                       "; say the day if it was an earlier one");
}

std::int64_t read_id(Reader& in, const json& object) {
  constexpr double kMostExact = 9'007'199'254'740'992;
  const json& value = member(object, "entry_id");
  if (value.is_number_integer() && value.get<double>() >= 1 && value.get<double>() <= kMostExact)
    return value.get<std::int64_t>();
  in.fault("entry_id", "the whole number of an entry is wanted");
  return 0;
}

}  // namespace

std::string local_time(std::int64_t time, const TimeZone& zone) {
  const int minute = zone.second_of_day(time) / 60;
  const auto two = [](int value) { return (value < 10 ? "0" : "") + std::to_string(value); };
  return format_date(zone.day_of(time)) + " " + two(minute / 60) + ":" + two(minute % 60);
}

std::string_view food_tool_description() noexcept {
  return "Logs what the user has eaten or drunk, as one entry of their food log: one call for each "
         "meal or time, with all its foods, and only for what was really consumed: not for plans, "
         "wishes, questions or what somebody else ate. Estimate what the user does not say.";
}

std::string_view food_tool_schema() {
  static const std::string schema = schema_with(R"json({
  "type": "object",
  "properties": {
    "foods": FOODS,
    "meal_type": {"type": "string", "enum": ["breakfast", "lunch", "dinner", "snack"]},
    "day": {"type": "string", "description": "YYYY-MM-DD by the user's calendar; leave it out for today"},
    "time": {"type": "string", "description": "HH:MM by the user's clock; leave it out unless the user says when"},
    "notes": {"type": "string", "maxLength": 2000, "description": "Only what matters later and has no field of its own"}
  },
  "required": ["foods", "meal_type"],
  "additionalProperties": false
})json");
  return schema;
}

std::string_view change_tool_schema() {
  static const std::string schema = schema_with(R"json({
  "type": "object",
  "properties": {
    "entry_id": {"type": "integer", "description": "The id of an entry of `recent`"},
    "foods": FOODS,
    "meal_type": {"type": "string", "enum": ["breakfast", "lunch", "dinner", "snack"]},
    "day": {"type": "string", "description": "YYYY-MM-DD by the user's calendar"},
    "time": {"type": "string", "description": "HH:MM by the user's clock"},
    "notes": {"type": "string", "maxLength": 2000}
  },
  "required": ["entry_id"],
  "additionalProperties": false
})json");
  return schema;
}

std::string_view delete_tool_schema() noexcept {
  return R"json({
  "type": "object",
  "properties": {"entry_id": {"type": "integer", "description": "The id of an entry of `recent`"}},
  "required": ["entry_id"],
  "additionalProperties": false
})json";
}

vitals::Result<FoodEntry> read_food_call(std::string_view arguments, const Clock& clock) {
  const auto object = object_of(arguments);
  if (!object) return object.error();
  Reader in;
  in.known_only(*object, "", {"foods", "meal_type", "day", "time", "notes"});
  FoodEntry entry;
  entry.foods = read_foods(in, *object);
  entry.meal_type = read_meal(in, *object);
  entry.notes = in.text(*object, "", "notes", 2'000, false);
  const auto day = read_day(in, *object, clock);
  Moment moment;
  moment.clock = read_time(in, *object);
  if (day) moment.days_ago = static_cast<int>(clock.zone.day_of(clock.now) - *day);
  if (in.good()) {
    const PlacedMeal placed = place_in_time(moment, entry.meal_type, false, clock.now, clock.zone);
    if (placed.doubt != TimeDoubt::kNone) fault_to_come(in, clock);
    entry.timestamp = placed.timestamp;
  }
  if (!in.good()) return vitals::Error{in.faults()};
  return entry;
}

vitals::Result<FoodEdit> read_change_call(std::string_view arguments, const Clock& clock) {
  const auto object = object_of(arguments);
  if (!object) return object.error();
  Reader in;
  in.known_only(*object, "", {"entry_id", "foods", "meal_type", "day", "time", "notes"});
  FoodEdit edit;
  edit.entry_id = read_id(in, *object);
  if (!member(*object, "foods").is_null()) edit.foods = read_foods(in, *object);
  if (is_given(*object, "meal_type")) edit.meal_type = read_meal(in, *object);
  if (!member(*object, "notes").is_null()) edit.notes = in.text(*object, "", "notes", 2'000, false);
  edit.day = read_day(in, *object, clock);
  edit.second_of_day = read_time(in, *object);
  if (in.good() && edit.foods.empty() && edit.meal_type.empty() && !edit.notes && !edit.day &&
      !edit.second_of_day)
    in.fault("entry_id", "something that is to be different is wanted beside it");
  if (!in.good()) return vitals::Error{in.faults()};
  return edit;
}

vitals::Result<FoodEntry> edited(FoodEntry entry, const FoodEdit& edit, const Clock& clock) {
  if (!edit.foods.empty()) entry.foods = edit.foods;
  if (!edit.meal_type.empty()) entry.meal_type = edit.meal_type;
  if (edit.notes) entry.notes = *edit.notes;
  if (edit.day || edit.second_of_day) {
    entry.timestamp =
        clock.zone.at(edit.day.value_or(clock.zone.day_of(entry.timestamp)),
                      edit.second_of_day.value_or(clock.zone.second_of_day(entry.timestamp)));
    if (entry.timestamp > clock.now + kClockTolerance) {
      Reader in;
      fault_to_come(in, clock);
      return vitals::Error{in.faults()};
    }
    entry.timestamp = std::min(entry.timestamp, clock.now);
  }
  return entry;
}

vitals::Result<std::int64_t> read_delete_call(std::string_view arguments) {
  const auto object = object_of(arguments);
  if (!object) return object.error();
  Reader in;
  in.known_only(*object, "", {"entry_id"});
  const std::int64_t id = read_id(in, *object);
  if (!in.good()) return vitals::Error{in.faults()};
  return id;
}

std::string_view goals_tool_schema() noexcept {
  // No type is a list: Gemini takes none.
  return R"json({
    "type": "object",
    "properties": {
      "calories": {"type": "number", "minimum": 0, "maximum": 100000, "description": "Kilocalories a day"},
      "protein": {"type": "number", "minimum": 0, "maximum": 100000, "description": "Grams a day"},
      "carbs": {"type": "number", "minimum": 0, "maximum": 100000, "description": "Grams a day"},
      "fat": {"type": "number", "minimum": 0, "maximum": 100000, "description": "Grams a day"},
      "remove": {
        "type": "array", "maxItems": 4,
        "items": {"type": "string", "enum": ["calories", "protein", "carbs", "fat"]},
        "description": "The goals that the user does not want any more"
      }
    },
    "additionalProperties": false
  })json";
}

vitals::Result<Fields> read_goals_call(std::string_view arguments) {
  const auto object = object_of(arguments);
  if (!object) return object.error();
  Reader in;
  in.known_only(*object, "", {"calories", "protein", "carbs", "fat", "remove"});
  Fields goals;
  const json& remove = member(*object, "remove");
  if (!remove.is_null() && !remove.is_array()) in.fault("remove", "an array is wanted");
  for (const GoalKind& kind : goal_kinds()) {
    const std::string name{kind.name};
    // Null is a field that a model filled in for completeness.
    if (!member(*object, name.c_str()).is_null())
      goals[std::string{kind.preference}] = json_of_goal(in.number(*object, "", name.c_str()));
  }
  for (const json& name : remove.is_array() ? remove : json::array()) {
    const auto kind = std::ranges::find_if(
        goal_kinds(), [&](const GoalKind& known) { return name == std::string{known.name}; });
    if (kind == goal_kinds().end()) {
      in.fault("remove", "calories, protein, carbs or fat is wanted");
    } else if (!goals.emplace(kind->preference, json_of_goal(std::nullopt)).second) {
      in.fault("remove", "a goal cannot be set and removed at once");
    }
  }
  if (goals.empty() && in.good()) in.fault("calories", "at least one goal is wanted");
  if (!in.good()) return vitals::Error{in.faults()};
  return goals;
}

std::string foods_in_words(const std::vector<Food>& foods) {
  std::string text;
  for (const Food& food : foods) {
    if (!text.empty()) text += ", ";
    text += food.unit == "piece" ? amount_in_words(food.quantity, food.name)
                                 : amount_in_words(food.quantity, food.unit) + " of " + food.name;
  }
  return text;
}

std::string confirmation_of(const FoodEntry& entry) {
  return "Logged for " + entry.meal_type + ": " + foods_in_words(entry.foods) + ". Together " +
         format_number(totals_of(entry.foods).calories) + " kcal.";
}

}  // namespace health_agent::agent
