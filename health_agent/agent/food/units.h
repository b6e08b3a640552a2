#pragma once

#include <cstdint>
#include <string_view>

#include "health_agent/agent/food/nutrition.h"

namespace health_agent::agent {

enum class UnitKind : std::uint8_t {
  kMass,       ///< `amount` is grams.
  kVolume,     ///< `amount` is millilitres.
  kContainer,  ///< A cup, a can: `amount` is millilitres of what is poured into it.
  kCount,      ///< A piece, a slice: only the food knows its weight.
};

/// A word of quantity. A weight that a food does not state for it is `typical_grams`.
struct Unit {
  std::string_view name;
  UnitKind kind = UnitKind::kCount;
  double amount = 0;
  double typical_grams = 0;
};

[[nodiscard]] constexpr bool is_measure(const Unit& unit) noexcept {
  return unit.kind == UnitKind::kMass || unit.kind == UnitKind::kVolume;
}

/// The unit that a word means (`tbsp`, `slices`, `ml`), by its text or stem; null when it is none.
[[nodiscard]] const Unit* find_unit(const Token& token);

/// Whether a unit column may name it.
[[nodiscard]] bool is_unit_name(std::string_view name);

/// What one `unit` of the food weighs, in grams: as the table says, by its density, by its cup, or
/// typically. Always above 0.
[[nodiscard]] double weight_of(const NutritionFacts& food, const Unit& unit);

}  // namespace health_agent::agent
