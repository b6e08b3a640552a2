#include "health_agent/api/json_input.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "health_agent/errors.h"
#include "health_agent/log_text.h"
#include "health_agent/time.h"

namespace health_agent::api {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxNotesSize = 2'000;

/// A value as an error message may show it: JSON in ASCII on one line, cut to 60 bytes. Arrays and
/// objects by their kind only: printing one recurses as deep as the client nested it.
std::string shown(const json& value) {
  if (value.is_structured()) return std::string{"an "} + value.type_name();
  std::string text = value.dump(-1, ' ', true, json::error_handler_t::replace);
  if (text.size() > 60) text = text.substr(0, 60) + "...";
  return text;
}

[[noreturn]] void refuse(const std::string& field, const json& given, const std::string& wanted) {
  throw ValidationError("field '" + field + "': " + wanted + " is wanted, not " + shown(given));
}

[[noreturn]] void missing(const std::string& field, const std::string& wanted) {
  throw ValidationError("field '" + field + "' is missing: " + wanted + " is wanted");
}

void refuse_unknown_members(const json& object, const std::string& where,
                            std::initializer_list<std::string_view> members) {
  for (const auto& [name, value] : object.items()) {
    if (std::find(members.begin(), members.end(), name) != members.end()) continue;
    std::string known;
    for (const std::string_view member : members)
      known += (known.empty() ? "" : ", ") + std::string{member};
    throw ValidationError(std::string{"field "}
                              .append(where)
                              .append(shown(json(name)))
                              .append(" is not known; known are: ")
                              .append(known));
  }
}

bool is_word(std::string_view text, std::size_t most, std::string_view marks) {
  return !text.empty() && text.size() <= most &&
         std::all_of(text.begin(), text.end(), [marks](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                  marks.find(c) != std::string_view::npos;
         });
}

std::string string_of(const json& value, const std::string& field, std::size_t most) {
  const std::string wanted = "a string of 1 to " + std::to_string(most) + " bytes";
  if (!value.is_string()) refuse(field, value, wanted);
  const auto& text = value.get_ref<const std::string&>();
  if (text.empty() || text.size() > most) refuse(field, value, wanted);
  if (text.find('\0') != std::string::npos) refuse(field, value, "a string without NUL");
  return text;
}

std::string value_of(const json& value, const std::string& field) {
  constexpr std::size_t kMost = 1'000;
  const bool flat =
      !value.is_array() || std::none_of(value.begin(), value.end(),
                                        [](const json& item) { return item.is_structured(); });
  if (value.is_object() || !flat)
    refuse(field, value, "a string, number, boolean, null or an array of these");
  std::string text = value.dump();
  if (text.size() > kMost)
    refuse(field, value, "a value of at most " + std::to_string(kMost) + " bytes");
  return text;
}

std::string name_of(const json& value, const std::string& field) {
  if (!value.is_string() || !is_word(value.get_ref<const std::string&>(), 64, "._-")) {
    refuse(field, value, "a name of 1 to 64 characters of A-Za-z0-9._-");
  }
  return value.get<std::string>();
}

double number_of(const json& object, const char* name, const std::string& where, double least,
                 double most) {
  const std::string field = where + name;
  const std::string wanted = "a number from " + shown(json(least)) + " to " + shown(json(most));
  const auto found = object.find(name);
  if (found == object.end()) missing(field, wanted);
  if (!found->is_number()) refuse(field, *found, wanted);
  const double number = found->get<double>();
  if (!(number >= least && number <= most)) refuse(field, *found, wanted);
  return number;
}

Food read_food(const json& object, const std::string& where) {
  if (!object.is_object()) refuse(where, object, "an object");
  refuse_unknown_members(object, where + ".",
                         {"name", "quantity", "unit", "calories", "protein", "carbs", "fat"});
  const std::string prefix = where + ".";
  Food food;
  const auto name = object.find("name");
  if (name == object.end()) missing(prefix + "name", "a string");
  food.name = string_of(*name, prefix + "name", 200);
  food.quantity = number_of(object, "quantity", prefix, 0, 100'000);
  // Clients send null for what they do not know.
  if (const auto unit = object.find("unit"); unit != object.end() && !unit->is_null())
    food.unit = string_of(*unit, prefix + "unit", 32);
  food.calories = number_of(object, "calories", prefix, 0, 100'000);
  const auto grams = [&](const char* field, std::optional<double>& into) {
    const auto given = object.find(field);
    if (given != object.end() && !given->is_null())
      into = number_of(object, field, prefix, 0, 100'000);
  };
  grams("protein", food.protein);
  grams("carbs", food.carbs);
  grams("fat", food.fat);
  return food;
}

std::vector<Food> foods_of(const json& object) {
  const auto given = object.find("foods");
  if (given == object.end()) missing("foods", "an array of foods");
  if (!given->is_array() || given->empty() || given->size() > kMaxFoods) {
    refuse("foods", *given, "an array of 1 to " + std::to_string(kMaxFoods) + " foods");
  }
  std::vector<Food> foods;
  for (std::size_t i = 0; i < given->size(); ++i)
    foods.push_back(read_food((*given)[i], "foods[" + std::to_string(i) + "]"));
  return foods;
}

std::string meal_of(const json& object) {
  static constexpr std::array<std::string_view, 4> kMeals{"breakfast", "lunch", "dinner", "snack"};
  const auto given = object.find("meal_type");
  if (given == object.end()) missing("meal_type", "a string");
  std::string meal = string_of(*given, "meal_type", 32);
  if (std::find(kMeals.begin(), kMeals.end(), meal) == kMeals.end())
    refuse("meal_type", *given, "breakfast, lunch, dinner or snack");
  return meal;
}

std::int64_t time_of(const json& value) {
  const auto time =
      value.is_string() ? parse_timestamp(value.get_ref<const std::string&>()) : std::nullopt;
  if (!time) refuse("timestamp", value, "a time like 2026-11-24T12:30:00Z (RFC 3339)");
  return *time;
}

}  // namespace

json parse_object(std::string_view body, std::initializer_list<std::string_view> members) {
  if (body.empty()) throw ValidationError("the body is empty: a JSON object is wanted");
  json object;
  try {
    object = json::parse(body);
  } catch (const json::exception& error) {
    // The parser's text quotes the input up to the fault; its position is all that helps.
    const auto* fault = dynamic_cast<const json::parse_error*>(&error);
    throw ValidationError(
        "the body is not valid JSON (UTF-8)" +
        (fault == nullptr ? std::string{} : ": fault at byte " + std::to_string(fault->byte)));
  }
  if (!object.is_object())
    throw ValidationError("the body is " + std::string{object.type_name()} +
                          ": a JSON object is wanted");
  refuse_unknown_members(object, "", members);
  return object;
}

const std::string& require_user_id(std::string_view where, const std::string& id) {
  if (!is_word(id, kMaxIdSize, "._:@-") || id == "." || id == "..") {
    refuse(std::string{where}, json(id),
           "an id of 1 to 64 characters of A-Za-z0-9._:@-, but not . or ..,");
  }
  return id;
}

std::string required_string(const json& object, const char* field, std::size_t most) {
  const auto found = object.find(field);
  if (found == object.end()) missing(field, "a string");
  return string_of(*found, field, most);
}

std::string required_text(const json& object, const char* field, std::size_t most) {
  std::string text = required_string(object, field, most);
  if (is_blank(text)) refuse(field, json(text), "a text that is not blank");
  return text;
}

std::string optional_string(const json& object, const char* field, std::size_t most) {
  const auto found = object.find(field);
  if (found == object.end() || found->is_null() || *found == json("")) return {};
  return string_of(*found, field, most);
}

std::string required_value(const json& object, const char* field) {
  const auto found = object.find(field);
  if (found == object.end()) missing(field, "a value");
  return value_of(*found, field);
}

std::string required_name(const json& object, const char* field) {
  const auto found = object.find(field);
  if (found == object.end()) missing(field, "a name");
  return name_of(*found, field);
}

Fields optional_fields(const json& object, const char* field) {
  Fields fields;
  const auto found = object.find(field);
  if (found == object.end() || found->is_null()) return fields;
  if (!found->is_object() || found->size() > kMaxFields) {
    refuse(field, *found, "an object of at most " + std::to_string(kMaxFields) + " members");
  }
  for (const auto& [name, value] : found->items()) {
    const std::string where = std::string{field} + "." + name;
    fields[name_of(json(name), where)] = value_of(value, where);
  }
  return fields;
}

std::vector<Message> read_history(const json& array) {
  if (!array.is_array() || array.size() > kMaxHistory) {
    refuse("message_history", array,
           "an array of at most " + std::to_string(kMaxHistory) + " messages");
  }
  std::vector<Message> messages;
  for (std::size_t i = 0; i < array.size(); ++i) {
    const std::string where = "message_history[" + std::to_string(i) + "]";
    if (!array[i].is_object()) refuse(where, array[i], "an object");
    refuse_unknown_members(array[i], where + ".", {"role", "content"});
    const auto role = array[i].find("role");
    if (role == array[i].end()) missing(where + ".role", "user or assistant");
    if (*role != "user" && *role != "assistant")
      refuse(where + ".role", *role, "user or assistant");
    const auto content = array[i].find("content");
    if (content == array[i].end()) missing(where + ".content", "a string");
    messages.push_back(
        {role->get<std::string>(), string_of(*content, where + ".content", kMaxMessageSize), 0});
  }
  return messages;
}

FoodEdit read_food_edit(const json& object) {
  FoodEdit edit;
  const auto given = [&object](const char* field) {
    const auto found = object.find(field);
    return found != object.end() && !found->is_null();
  };
  if (given("foods")) edit.foods = foods_of(object);
  if (given("meal_type")) edit.meal_type = meal_of(object);
  if (given("timestamp")) edit.timestamp = time_of(object.at("timestamp"));
  if (object.contains("notes")) edit.notes = optional_string(object, "notes", kMaxNotesSize);
  if (!edit.foods && !edit.meal_type && !edit.timestamp && !edit.notes)
    throw ValidationError(
        "the body changes nothing: foods, meal_type, timestamp or notes is wanted");
  return edit;
}

void FoodEdit::apply(FoodEntry& entry) const {
  if (foods) entry.foods = *foods;
  if (meal_type) entry.meal_type = *meal_type;
  if (timestamp) entry.timestamp = *timestamp;
  if (notes) entry.notes = *notes;
}

FoodEntry read_food_entry(const json& object, std::int64_t now) {
  FoodEntry entry;
  entry.foods = foods_of(object);
  entry.meal_type = meal_of(object);
  const auto timestamp = object.find("timestamp");
  entry.timestamp = timestamp == object.end() || timestamp->is_null() ? now : time_of(*timestamp);
  entry.notes = optional_string(object, "notes", kMaxNotesSize);
  return entry;
}

}  // namespace health_agent::api
