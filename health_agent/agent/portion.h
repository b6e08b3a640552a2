#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "health_agent/agent/food_parser.h"
#include "health_agent/agent/quantity.h"

namespace health_agent::agent {

/// A food of a message before it is weighed: what was said about it, and nothing more.
struct FoodDraft {
  const NutritionFacts* food = nullptr;
  std::string_view name;
  Quantity quantity;
  bool plural = false;
  bool splash = false;  ///< Goes into a drink: `coffee with milk`.
  std::string as_written;
};

/// Weighs the draft. Empty when nobody eats that much or that little.
[[nodiscard]] std::optional<ParsedFood> weigh(const FoodDraft& draft);

/// The draft in a few words, for a refusal: `1000000000 eggs`.
[[nodiscard]] std::string describe(const FoodDraft& draft);

}  // namespace health_agent::agent
