#include "health_agent/agent/food/portion.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace health_agent::agent {
namespace {

constexpr double kLeastGrams = 0.01;
constexpr double kMostGrams = 5'000;
constexpr double kMostPouredGrams = 10'000;

struct Portion {
  double quantity = 1;
  std::string_view unit;
  double grams_each = 0;
};

double tenth(double value) {
  return std::round(value * 10) / 10;
}

/// A piece so that, times the size that was said, it is the table's own small or large one.
double sized_piece(const FoodDraft& draft, double piece) {
  const double sized = draft.quantity.size < 1   ? draft.food->grams_of("small")
                       : draft.quantity.size > 1 ? draft.food->grams_of("large")
                                                 : 0;
  return sized > 0 ? sized / draft.quantity.size : piece;
}

/// How much larger than the table's is one that is so many inches across: "a 16 inch pizza".
double by_inches(const FoodDraft& draft) {
  constexpr double kUsual = 12;
  constexpr double kLeast = 6;
  constexpr double kMost = 24;
  const double inches = draft.quantity.inches;
  const bool is_pizza = draft.food->grams_of("slice") > 0 && draft.food->grams_of("piece") >= 300;
  if (!is_pizza || inches < kLeast || inches > kMost) return 0;
  return (inches / kUsual) * (inches / kUsual);
}

/// How much is meant when no unit is said.
Portion unsaid(const FoodDraft& draft) {
  const NutritionFacts& food = *draft.food;
  if (const double share = by_inches(draft); share > 0)
    return {draft.quantity.count.value_or(1), "piece", food.grams_of("piece") * share};
  const UnitWeight usual = food.units.front();
  const double piece = food.grams_of("piece");
  // "half of the fries"
  const double serving_of = food.grams_of("serving");
  if (draft.quantity.count && *draft.quantity.count < 1 && draft.plural && serving_of > piece)
    return {*draft.quantity.count, "serving", serving_of};
  // "a small fries" is no single one
  const bool one_of_many = draft.plural && (draft.quantity.article || draft.quantity.count == 1.0);
  const bool sized_fries = draft.quantity.size != 1 && food.name.ends_with("fries");
  if ((one_of_many || sized_fries) && piece > 0 && serving_of > 10 * piece)
    return {draft.quantity.count.value_or(1), "serving", serving_of};
  if (draft.quantity.count) {
    if (piece > 0) return {*draft.quantity.count, "piece", sized_piece(draft, piece)};
    return {*draft.quantity.count, usual.unit, usual.grams};
  }
  if (const double splash = food.grams_of("splash"); draft.splash && splash > 0)
    return {1, "splash", splash};
  if (const double serving = food.grams_of("serving"); serving > 0) return {1, "serving", serving};
  if (draft.plural && piece > 0) return {2, "piece", piece};  // "eggs" is more than one
  return {1, usual.unit, usual.grams};
}

Portion portion_of(const FoodDraft& draft) {
  if (draft.quantity.unit == nullptr) return unsaid(draft);
  const double count = draft.quantity.count.value_or(1);
  return {count * draft.quantity.each, draft.quantity.unit->name,
          weight_of(*draft.food, *draft.quantity.unit)};
}

}  // namespace

bool lacks_whole(const FoodDraft& draft) {
  // "a cake", "half a chicken": what is sold whole and eaten in pieces
  static constexpr std::array<std::string_view, 10> kWholes{
      "cake",  "chocolate cake", "apple pie", "pineapple", "watermelon",
      "melon", "chicken",        "turkey",    "duck",      "pumpkin"};
  if (draft.quantity.unit == nullptr && (draft.quantity.count || draft.whole) && !draft.kcal &&
      std::ranges::find(kWholes, draft.food->name) != kWholes.end())
    return true;
  const double slice = draft.food->grams_of("slice");
  const double piece = draft.food->grams_of("piece");
  return draft.whole && draft.quantity.unit == nullptr && slice > 0 && piece <= 1.2 * slice &&
         draft.food->grams_of("roll") <= 0;
}

std::optional<ParsedFood> weigh(const FoodDraft& draft) {
  const NutritionFacts& facts = *draft.food;
  const Portion portion = portion_of(draft);
  double grams = portion.quantity * portion.grams_each * draft.quantity.size;
  double quantity = portion.quantity;
  std::string_view unit = portion.unit;
  if (draft.kcal) {
    const double kcal = *draft.kcal * (draft.kcal_each ? draft.quantity.count.value_or(1) : 1);
    const bool said = draft.quantity.is_said();
    // Energy without an amount tells the amount; a weightless food has none to tell.
    if (!(kcal > 0) || facts.kcal <= 0) return std::nullopt;
    grams = kcal / facts.kcal * 100;
    if (!said) {
      quantity = std::round(grams);
      unit = "g";
    }
  }
  const double most = facts.density > 0 ? kMostPouredGrams : kMostGrams;
  if (!std::isfinite(grams) || grams < kLeastGrams || grams > most) return std::nullopt;
  const double share = grams / 100;
  ParsedFood parsed;
  parsed.grams = grams;
  parsed.as_written = draft.as_written;
  parsed.food.name = draft.name;
  parsed.stance = draft.stance;
  parsed.meal = draft.meal;
  parsed.moment = draft.moment;
  parsed.past = draft.past;
  parsed.present = draft.present;
  parsed.food.quantity = std::round(quantity * 1e6) / 1e6;
  parsed.food.unit = unit;
  parsed.food.calories = tenth(facts.kcal * share);
  parsed.food.protein = tenth(facts.protein * share);
  parsed.food.carbs = tenth(facts.carbs * share);
  parsed.food.fat = tenth(facts.fat * share);
  return parsed;
}

std::string describe(const FoodDraft& draft) {
  const double amount = draft.quantity.count.value_or(1) * draft.quantity.each;
  if (!draft.quantity.count || !std::isfinite(amount)) return std::string{draft.name};
  if (draft.quantity.unit == nullptr) return amount_in_words(amount, draft.name);
  return amount_in_words(amount, draft.quantity.unit->name) + " of " + std::string{draft.name};
}

}  // namespace health_agent::agent
