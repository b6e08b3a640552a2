#include "health_agent/db/foods_json.h"

#include <optional>

#include "health_agent/errors.h"
#include "health_agent/json_type.h"

namespace health_agent::db {
namespace {

using nlohmann::json;

std::optional<double> number(const json& food, const char* name) {
  const auto found = food.find(name);
  if (found == food.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

std::string text_of(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

json foods_of(const std::vector<Food>& foods) {
  json list = json::array();
  for (const Food& food : foods) {
    json object{{"name", food.name},
                {"quantity", food.quantity},
                {"unit", food.unit},
                {"calories", food.calories}};
    if (food.protein) object["protein"] = *food.protein;
    if (food.carbs) object["carbs"] = *food.carbs;
    if (food.fat) object["fat"] = *food.fat;
    list.push_back(std::move(object));
  }
  return list;
}

std::vector<Food> foods_in(const json& list) {
  std::vector<Food> foods;
  foods.reserve(list.size());
  for (const json& object : list) {
    foods.push_back({.name = object.at("name").get<std::string>(),
                     .quantity = number(object, "quantity").value_or(0),
                     .unit = object.value("unit", ""),
                     .calories = number(object, "calories").value_or(0),
                     .protein = number(object, "protein"),
                     .carbs = number(object, "carbs"),
                     .fat = number(object, "fat")});
  }
  return foods;
}

template <class Read>
auto read_stored(std::string_view text, const char* what, Read&& read) {
  try {
    return read(json::parse(text));
  } catch (const json::exception& error) {
    throw DatabaseError(
        DatabaseError::Kind::kOther,
        std::string{what} + " cannot be read (JSON error " + std::to_string(error.id) + ")");
  }
}

}  // namespace

std::string foods_to_json(const std::vector<Food>& foods) {
  return text_of(foods_of(foods));
}

std::vector<Food> foods_from_json(std::string_view text) {
  return read_stored(text, "the foods of a stored entry", foods_in);
}

std::string changes_to_json(std::span<const FoodChange> changes) {
  json list = json::array();
  for (const FoodChange& change : changes) {
    json object{{"entry_id", change.entry_id}, {"restores", change.restores}};
    if (change.after) {
      object["after"] = {{"foods", foods_of(change.after->foods)},
                         {"meal_type", change.after->meal_type},
                         {"timestamp", change.after->timestamp},
                         {"notes", change.after->notes}};
    }
    list.push_back(std::move(object));
  }
  return text_of(list);
}

std::vector<FoodChange> changes_from_json(std::string_view text, std::string_view user_id) {
  return read_stored(text, "the last change of a food log", [&](const json& list) {
    std::vector<FoodChange> changes;
    for (const json& object : list) {
      FoodChange& change = changes.emplace_back();
      object.at("entry_id").get_to(change.entry_id);
      object.at("restores").get_to(change.restores);
      const auto after = object.find("after");
      if (after == object.end()) continue;
      change.after = FoodEntry{change.entry_id,
                               std::string{user_id},
                               foods_in(after->at("foods")),
                               after->at("meal_type").get<std::string>(),
                               after->at("timestamp").get<std::int64_t>(),
                               after->at("notes").get<std::string>()};
    }
    return changes;
  });
}

}  // namespace health_agent::db
