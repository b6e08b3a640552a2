#include "health_agent/api/json_output.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "health_agent/api/json_input.h"
#include "health_agent/time.h"

namespace health_agent::api {

using nlohmann::json;

namespace {

/// A JSON string of printable ASCII without escapes, as most fields are: its value is what stands
/// between the quotes.
bool is_plain_text(std::string_view text) noexcept {
  return text.size() >= 2 && text.front() == '"' && text.back() == '"' &&
         std::ranges::all_of(text.substr(1, text.size() - 2), [](char c) {
           return c >= ' ' && c < '\x7F' && c != '"' && c != '\\';
         });
}

/// json::parse() allocates at least four times for a string; a plain one takes none of that.
json value_of(std::string_view text) {
  return is_plain_text(text) ? json(text.substr(1, text.size() - 2))
                             : json::parse(text, nullptr, false);
}

}  // namespace

std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

Response json_response(int status, const json& body) {
  Response response;
  response.status = status;
  response.body = dump(body);
  return response;
}

Response no_content() {
  Response response;
  response.status = 204;
  response.content_type.clear();
  return response;
}

json to_json(const Fields& fields) {
  json object = json::object();
  for (const auto& [name, text] : fields)
    object[name] = value_of(text);
  return object;
}

json to_json(const FoodEntry& entry) {
  json foods = json::array();
  for (const Food& food : entry.foods) {
    json item = {{"name", food.name},
                 {"quantity", food.quantity},
                 {"unit", food.unit},
                 {"calories", food.calories}};
    if (food.protein) item["protein"] = *food.protein;
    if (food.carbs) item["carbs"] = *food.carbs;
    if (food.fat) item["fat"] = *food.fat;
    foods.push_back(std::move(item));
  }
  return {{"id", entry.id},
          {"user_id", entry.user_id},
          {"foods", std::move(foods)},
          {"meal_type", entry.meal_type},
          {"timestamp", format_timestamp(entry.timestamp)},
          {"notes", entry.notes}};
}

json to_json(const Totals& totals) {
  return {{"calories", totals.calories},
          {"protein", totals.protein},
          {"carbs", totals.carbs},
          {"fat", totals.fat}};
}

json to_json(const FoodChange& change, const std::string& user_id) {
  json after;
  if (change.after) {
    FoodEntry entry = *change.after;
    entry.id = change.entry_id;
    entry.user_id = user_id;
    after = to_json(entry);
  }
  return {{"entry_id", change.entry_id}, {"after", std::move(after)}};
}

}  // namespace health_agent::api
