#pragma once

#include <optional>

#include "health_agent/agent/description.h"
#include "health_agent/agent/food/nutrition.h"
#include "health_agent/models.h"

namespace health_agent::agent {

/// The food with another amount in the same unit: `times` as much.
[[nodiscard]] Food scaled(const Food& food, double times);

/// Whether `said` names the food's unit, or none.
[[nodiscard]] bool same_unit(const Food& food, const Description& said);

/// The food as it is from now on, by what was said; nothing when that cannot be told.
[[nodiscard]] std::optional<Food> changed(const Food& before, const Description& value,
                                          const NutritionTable& table);

}  // namespace health_agent::agent
