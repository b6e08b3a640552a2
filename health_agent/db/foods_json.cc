#include "health_agent/db/foods_json.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "health_agent/errors.h"

namespace health_agent::db {
namespace {

using nlohmann::json;

std::optional<double> number(const json& food, const char* name) {
  const auto found = food.find(name);
  if (found == food.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

}  // namespace

std::string foods_to_json(const std::vector<Food>& foods) {
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
  return list.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::vector<Food> foods_from_json(std::string_view text) {
  try {
    const json list = json::parse(text);
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
  } catch (const json::exception& error) {
    throw DatabaseError(
        DatabaseError::Kind::kOther,
        "the foods of a stored entry cannot be read (JSON error " + std::to_string(error.id) + ")");
  }
}

}  // namespace health_agent::db
