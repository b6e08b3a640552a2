#include "health_agent/agent/food/units.h"

#include <algorithm>
#include <array>
#include <unordered_map>

namespace health_agent::agent {
namespace {

constexpr double kCupMl = 240;
constexpr double kTablespoonMl = 15;

constexpr std::array kUnits{
    Unit{"g", UnitKind::kMass, 1, 0},
    Unit{"kg", UnitKind::kMass, 1000, 0},
    Unit{"mg", UnitKind::kMass, 0.001, 0},
    Unit{"oz", UnitKind::kMass, 28.35, 0},
    Unit{"lb", UnitKind::kMass, 453.6, 0},
    Unit{"ml", UnitKind::kVolume, 1, 0},
    Unit{"cl", UnitKind::kVolume, 10, 0},
    Unit{"dl", UnitKind::kVolume, 100, 0},
    Unit{"l", UnitKind::kVolume, 1000, 0},
    Unit{"fl oz", UnitKind::kVolume, 29.57, 0},
    Unit{"quart", UnitKind::kVolume, 946, 0},
    Unit{"gallon", UnitKind::kVolume, 3785, 0},
    Unit{"cup", UnitKind::kContainer, kCupMl, 150},
    Unit{"tablespoon", UnitKind::kContainer, kTablespoonMl, 15},
    Unit{"teaspoon", UnitKind::kContainer, 5, 5},
    Unit{"glass", UnitKind::kContainer, 250, 200},
    Unit{"mug", UnitKind::kContainer, 300, 200},
    Unit{"bowl", UnitKind::kContainer, 350, 250},
    Unit{"can", UnitKind::kContainer, 330, 240},
    Unit{"bottle", UnitKind::kContainer, 500, 330},
    Unit{"carton", UnitKind::kContainer, 330, 250},
    Unit{"pint", UnitKind::kContainer, 473, 300},
    Unit{"jug", UnitKind::kContainer, 1000, 800},
    Unit{"jar", UnitKind::kContainer, 350, 350},
    Unit{"pot", UnitKind::kContainer, 150, 150},
    Unit{"shot", UnitKind::kContainer, 44, 40},
    Unit{"sip", UnitKind::kContainer, 20, 20},
    Unit{"splash", UnitKind::kContainer, 30, 10},
    Unit{"drizzle", UnitKind::kContainer, 7, 7},
    Unit{"dollop", UnitKind::kContainer, 20, 20},
    Unit{"pinch", UnitKind::kCount, 0, 0.3},
    Unit{"dash", UnitKind::kCount, 0, 1},
    Unit{"plate", UnitKind::kCount, 0, 350},
    Unit{"serving", UnitKind::kCount, 0, 0},
    Unit{"piece", UnitKind::kCount, 0, 0},
    Unit{"slice", UnitKind::kCount, 0, 30},
    Unit{"handful", UnitKind::kCount, 0, 30},
    Unit{"bite", UnitKind::kCount, 0, 15},
    Unit{"scoop", UnitKind::kCount, 0, 60},
    Unit{"bag", UnitKind::kCount, 0, 50},
    Unit{"pack", UnitKind::kCount, 0, 60},
    Unit{"packet", UnitKind::kCount, 0, 30},
    Unit{"box", UnitKind::kCount, 0, 150},
    Unit{"bucket", UnitKind::kCount, 0, 800},
    Unit{"punnet", UnitKind::kCount, 0, 200},
    Unit{"bunch", UnitKind::kCount, 0, 150},
    Unit{"head", UnitKind::kCount, 0, 500},
    Unit{"leaf", UnitKind::kCount, 0, 10},
    Unit{"clove", UnitKind::kCount, 0, 3},
    Unit{"stalk", UnitKind::kCount, 0, 40},
    Unit{"stick", UnitKind::kCount, 0, 25},
    Unit{"strip", UnitKind::kCount, 0, 15},
    Unit{"sheet", UnitKind::kCount, 0, 5},
    Unit{"square", UnitKind::kCount, 0, 8},
    Unit{"row", UnitKind::kCount, 0, 30},
    Unit{"bar", UnitKind::kCount, 0, 45},
    Unit{"block", UnitKind::kCount, 0, 200},
    Unit{"ball", UnitKind::kCount, 0, 60},
    Unit{"wedge", UnitKind::kCount, 0, 40},
    Unit{"pat", UnitKind::kCount, 0, 10},
    Unit{"knob", UnitKind::kCount, 0, 10},
    Unit{"loaf", UnitKind::kCount, 0, 600},
    Unit{"fillet", UnitKind::kCount, 0, 150},
    Unit{"breast", UnitKind::kCount, 0, 150},
    Unit{"tail", UnitKind::kCount, 0, 120},
    Unit{"link", UnitKind::kCount, 0, 75},
    Unit{"rack", UnitKind::kCount, 0, 550},
    Unit{"skewer", UnitKind::kCount, 0, 90},
    Unit{"roll", UnitKind::kCount, 0, 150},
    Unit{"cone", UnitKind::kCount, 0, 95},
    Unit{"small", UnitKind::kCount, 0, 0},
    Unit{"large", UnitKind::kCount, 0, 0},
};

struct OtherWord {
  std::string_view word;
  std::string_view unit;
};

constexpr std::array kOtherWords{
    OtherWord{"gram", "g"},
    OtherWord{"gramme", "g"},
    OtherWord{"gr", "g"},
    OtherWord{"gm", "g"},
    OtherWord{"gms", "g"},
    OtherWord{"grm", "g"},
    OtherWord{"kilo", "kg"},
    OtherWord{"kilogram", "kg"},
    OtherWord{"kgs", "kg"},
    OtherWord{"kilogramme", "kg"},
    OtherWord{"milligram", "mg"},
    OtherWord{"ounce", "oz"},
    OtherWord{"ozs", "oz"},
    OtherWord{"lbs", "lb"},
    OtherWord{"pound", "lb"},
    OtherWord{"mls", "ml"},
    OtherWord{"milliliter", "ml"},
    OtherWord{"millilitre", "ml"},
    OtherWord{"centiliter", "cl"},
    OtherWord{"centilitre", "cl"},
    OtherWord{"deciliter", "dl"},
    OtherWord{"decilitre", "dl"},
    OtherWord{"liter", "l"},
    OtherWord{"litre", "l"},
    OtherWord{"ltr", "l"},
    OtherWord{"tbsp", "tablespoon"},
    OtherWord{"tbs", "tablespoon"},
    OtherWord{"tbsps", "tablespoon"},
    OtherWord{"tblsp", "tablespoon"},
    OtherWord{"tsp", "teaspoon"},
    OtherWord{"tsps", "teaspoon"},
    OtherWord{"spoon", "tablespoon"},
    OtherWord{"spoonful", "tablespoon"},
    OtherWord{"tablespoonful", "tablespoon"},
    OtherWord{"teaspoonful", "teaspoon"},
    OtherWord{"c", "cup"},
    OtherWord{"cupful", "cup"},
    OtherWord{"bowlful", "bowl"},
    OtherWord{"glassful", "glass"},
    OtherWord{"tin", "can"},
    OtherWord{"plateful", "plate"},
    OtherWord{"portion", "serving"},
    OtherWord{"helping", "serving"},
    OtherWord{"order", "serving"},
    OtherWord{"pcs", "piece"},
    OtherWord{"pc", "piece"},
    OtherWord{"pce", "piece"},
    OtherWord{"chunk", "piece"},
    OtherWord{"cube", "piece"},
    OtherWord{"spear", "piece"},
    OtherWord{"floret", "piece"},
    OtherWord{"patty", "piece"},
    OtherWord{"unit", "piece"},
    OtherWord{"rasher", "strip"},
    OtherWord{"handfull", "handful"},
    OtherWord{"pkt", "packet"},
    OtherWord{"package", "pack"},
    OtherWord{"sachet", "packet"},
    OtherWord{"tub", "pot"},
    OtherWord{"mouthful", "bite"},
    OtherWord{"drop", "dash"},
    OtherWord{"filet", "fillet"},
};

const Unit* by_name(std::string_view name) {
  const auto* const found = std::ranges::find(kUnits, name, &Unit::name);
  return found == kUnits.end() ? nullptr : found;
}

/// The sizes in the unit column are no units in a message.
bool is_spoken(std::string_view name) {
  return name != "small" && name != "large";
}

const std::unordered_map<std::string, const Unit*>& spoken_units() {
  static const auto* const words = [] {
    auto* map = new std::unordered_map<std::string, const Unit*>;
    for (const Unit& unit : kUnits)
      if (is_spoken(unit.name)) map->emplace(stem_of(unit.name), &unit);
    for (const OtherWord& other : kOtherWords)
      map->emplace(stem_of(other.word), by_name(other.unit));
    return map;
  }();
  return *words;
}

}  // namespace

const Unit* find_unit(const Token& token) {
  if (token.kind != TokenKind::kWord) return nullptr;
  const auto found = spoken_units().find(token.stem);
  return found == spoken_units().end() ? nullptr : found->second;
}

bool is_unit_name(std::string_view name) {
  return by_name(name) != nullptr;
}

double weight_of(const NutritionFacts& food, const Unit& unit) {
  if (unit.kind == UnitKind::kMass) return unit.amount;
  if (const double grams = food.grams_of(unit.name); grams > 0) return grams;
  const bool poured = unit.kind == UnitKind::kVolume || unit.kind == UnitKind::kContainer;
  if (poured && food.density > 0) return unit.amount * food.density;
  const bool measured = unit.kind == UnitKind::kVolume || unit.name == "cup" ||
                        unit.name == "tablespoon" || unit.name == "teaspoon";
  if (measured) {
    if (const double cup = food.grams_of("cup"); cup > 0) return unit.amount * cup / kCupMl;
    if (const double spoon = food.grams_of("tablespoon"); spoon > 0)
      return unit.amount * spoon / kTablespoonMl;
    // Most of what is eaten is about as heavy as water.
    if (unit.kind == UnitKind::kVolume) return unit.amount;
  }
  return unit.typical_grams > 0 ? unit.typical_grams : food.units.front().grams;
}

}  // namespace health_agent::agent
