#include "health_agent/agent/food/food_parser.h"

#include "health_agent/agent/food/food_reader.h"

namespace health_agent::agent {

ParsedMessage parse_food(std::string_view message, const NutritionTable& table) {
  return FoodReader{message, table}.run();
}

}  // namespace health_agent::agent
