// A model's tool call of any bytes: refused in words, or an entry that may be stored.

#include "health_agent/agent/remote/food_tool.h"

#include <cmath>

#include "fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using vitals::base::is_utf8;
  using vitals::fuzz::require;
  const auto entry = health_agent::agent::read_food_call(vitals::fuzz::text_of(data, size));
  if (!entry) {
    require(!entry.error().message.empty() && is_utf8(entry.error().message));
    return 0;
  }
  require(!entry->foods.empty() && entry->foods.size() <= health_agent::agent::kMaxToolFoods);
  require(is_utf8(entry->notes) && entry->notes.size() <= 2'000);
  for (const health_agent::Food& food : entry->foods) {
    require(!food.name.empty() && food.name.size() <= 200 && is_utf8(food.name));
    require(food.name.find('\0') == std::string::npos);
    require(std::isfinite(food.quantity) && food.quantity >= 0 && food.quantity <= 100'000);
    require(std::isfinite(food.calories) && food.calories >= 0 && food.calories <= 100'000);
  }
  return 0;
}
