#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "health_agent/agent/food_parser.h"
#include "health_agent/agent/units.h"

namespace health_agent::agent {

/// A food of a message before it is weighed: what was said about it, and nothing more.
struct FoodDraft {
  const NutritionFacts* food = nullptr;
  std::string_view name;
  std::optional<double> count;  ///< As said; anything from NaN to 1e9.
  const Unit* unit = nullptr;
  double each = 1;  ///< `2 x 330 ml`: the 330, when `unit` is of mass or volume.
  double size = 1;  ///< Small and large.
  bool plural = false;
  bool splash = false;  ///< Goes into a drink: `coffee with milk`.
  std::string as_written;
};

/// Weighs the draft. Empty when nobody eats that much or that little.
[[nodiscard]] std::optional<ParsedFood> weigh(const FoodDraft& draft);

/// The draft in a few words, for a refusal: `1000000000 eggs`.
[[nodiscard]] std::string describe(const FoodDraft& draft);

}  // namespace health_agent::agent
