#include "health_agent/agent/food/nutrition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "health_agent/agent/food/numbers.h"
#include "health_agent/agent/food/units.h"

namespace health_agent::agent {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kEgg = "egg\tboiled egg\t143\t12.6\t0.7\t9.5\t0\t-\tpiece=50\n";

std::string fault_of(std::string_view tsv) {
  const auto parsed = NutritionTable::parse(tsv);
  return parsed ? "" : parsed.error().message;
}

TEST(Nutrition, TheShippedTableIsWellFormed) {
  EXPECT_EQ(fault_of(nutrition_tsv()), "");
}

TEST(Nutrition, TheShippedTableHasAtLeast850Foods) {
  EXPECT_GE(NutritionTable::builtin().foods().size(), 850U);
}

TEST(Nutrition, EnergyAgreesWithTheMacronutrients) {
  for (const NutritionFacts& food : NutritionTable::builtin().foods()) {
    const double energy = 4 * food.protein + 4 * food.carbs + 9 * food.fat + 7 * food.alcohol;
    // Fibre counts among the carbohydrates and gives less.
    EXPECT_NEAR(food.kcal, energy, std::max(15.0, 0.13 * food.kcal))
        << "line " << food.line << ": " << food.name;
  }
}

TEST(Nutrition, DensitiesAreThoseOfFoods) {
  for (const NutritionFacts& food : NutritionTable::builtin().foods()) {
    if (food.density == 0) continue;
    EXPECT_GE(food.density, 0.9) << "line " << food.line;
    EXPECT_LE(food.density, 1.5) << "line " << food.line;
  }
}

TEST(Nutrition, WhatIsPouredWeighsInItsUnitsWhatItsDensitySays) {
  for (const NutritionFacts& food : NutritionTable::builtin().foods()) {
    const double cup = food.grams_of("cup");
    // Some cups of drinks are a shop's own size; a measuring cup is 240 ml.
    if (food.density == 0 || cup == 0 || cup > 280 || cup < 220) continue;
    EXPECT_NEAR(cup, 240 * food.density, 12) << "line " << food.line << ": " << food.name;
  }
}

TEST(Nutrition, EveryNameIsFoundByItselfAndInThePlural) {
  const NutritionTable& table = NutritionTable::builtin();
  const auto expect_found = [&](const NutritionFacts& food, std::string_view name) {
    // Nobody eats "pb and js", "m&mss" or "chicken 65s".
    const std::size_t last = name.find_last_of(" &");
    const bool has_plural = last == std::string_view::npos || name.size() - last > 3;
    for (const std::string& spelling :
         {std::string{name}, has_plural ? plural_of(name) : std::string{name}}) {
      const std::vector<Token> tokens = tokenize(spelling);
      const FoodMatch match = table.longest_match(tokens, 0);
      EXPECT_EQ(match.food, &food) << "line " << food.line << ": " << spelling;
      EXPECT_EQ(match.tokens, tokens.size()) << "line " << food.line << ": " << spelling;
    }
  };
  for (const NutritionFacts& food : table.foods()) {
    expect_found(food, food.name);
    for (const std::string_view alias : food.aliases)
      expect_found(food, alias);
  }
}

TEST(Nutrition, NoNameIsAUnitOrANumber) {
  const auto expect_none = [](const NutritionFacts& food, std::string_view name) {
    const std::vector<Token> tokens = tokenize(name);
    if (tokens.size() != 1) return;
    // A roll is bread, and a roll of sushi is not: "of" tells them apart.
    if (name != "roll") {
      EXPECT_EQ(find_unit(tokens[0]), nullptr) << "line " << food.line << name;
    }
    EXPECT_EQ(number_at(tokens, 0).tokens, 0U) << "line " << food.line << name;
  };
  for (const NutritionFacts& food : NutritionTable::builtin().foods()) {
    expect_none(food, food.name);
    for (const std::string_view alias : food.aliases)
      expect_none(food, alias);
  }
}

TEST(Nutrition, LongestNameWins) {
  const std::vector<Token> tokens = tokenize("peanut butter and jelly sandwich");
  const FoodMatch match = NutritionTable::builtin().longest_match(tokens, 0);
  EXPECT_EQ(match.name, "peanut butter and jelly sandwich");
  EXPECT_EQ(match.tokens, 5U);
}

TEST(Nutrition, CommentsAndEmptyLinesAreSkipped) {
  EXPECT_EQ(fault_of("# foods\n\n" + std::string{kEgg}), "");
}

TEST(Nutrition, ADuplicateNameOrAliasIsRefusedWithItsLine) {
  EXPECT_EQ(fault_of(std::string{kEgg} + "eggs\t\t143\t12.6\t0.7\t9.5\t0\t-\tpiece=50\n"),
            "line 2: there already: 'eggs'");
  EXPECT_EQ(
      fault_of(std::string{kEgg} + "quail\tBoiled Eggs\t143\t12.6\t0.7\t9.5\t0\t-\tpiece=9\n"),
      "line 2: there already: 'Boiled Eggs'");
}

TEST(Nutrition, AMalformedLineIsRefusedWithItsNumber) {
  const std::string header = "# a comment\n";
  for (const std::string_view bad : {
           "egg\t\t143\t12.6\t0.7\t9.5\t0\tpiece=50",         // a column too few
           "egg\t\t143\t12.6\t0.7\t9.5\t0\t-\tpiece=50\tx",   // one too many
           "\t\t143\t12.6\t0.7\t9.5\t0\t-\tpiece=50",         // no name
           " egg\t\t143\t12.6\t0.7\t9.5\t0\t-\tpiece=50",     // a blank before it
           "egg\ta||b\t143\t12.6\t0.7\t9.5\t0\t-\tpiece=50",  // an empty alias
           "egg\t\tmany\t12.6\t0.7\t9.5\t0\t-\tpiece=50",     // not a number
           "egg\t\t143kcal\t12.6\t0.7\t9.5\t0\t-\tpiece=50",  // not only a number
           "egg\t\t-1\t12.6\t0.7\t9.5\t0\t-\tpiece=50",       // negative
           "egg\t\tnan\t12.6\t0.7\t9.5\t0\t-\tpiece=50",      // not finite
           "egg\t\t901\t12.6\t0.7\t9.5\t0\t-\tpiece=50",      // more than pure fat
           "egg\t\t400\t50\t50\t50\t0\t-\tpiece=50",          // 150 g in 100 g
           "egg\t\t143\t12.6\t0.7\t9.5\t0\twet\tpiece=50",    // no density
           "egg\t\t143\t12.6\t0.7\t9.5\t0\t-\t",              // no unit
           "egg\t\t143\t12.6\t0.7\t9.5\t0\t-\tfurlong=50",    // no such unit
           "egg\t\t143\t12.6\t0.7\t9.5\t0\t-\tpiece=0",       // weighs nothing
           "egg\t\t143\t12.6\t0.7\t9.5\t0\t-\tpiece=5|piece=6",
       }) {
    EXPECT_THAT(fault_of(header + std::string{bad}), HasSubstr("line 2: ")) << bad;
  }
}

TEST(Nutrition, EveryFaultIsReportedAtOnce) {
  const std::string faults = fault_of("egg\nmilk\n");
  EXPECT_THAT(faults, HasSubstr("line 1: "));
  EXPECT_THAT(faults, HasSubstr("line 2: "));
}

TEST(Units, EveryFoodWeighsSomethingInEveryUnit) {
  for (const std::string_view word :
       {"g", "oz", "ml", "cup", "tbsp", "tsp", "slices", "piece", "can", "bowl", "glass", "handful",
        "serving", "pint", "plate"}) {
    const std::vector<Token> tokens = tokenize(word);
    const Unit* const unit = find_unit(tokens[0]);
    ASSERT_NE(unit, nullptr) << word;
    for (const NutritionFacts& food : NutritionTable::builtin().foods()) {
      EXPECT_GT(weight_of(food, *unit), 0) << word << " of " << food.name;
      EXPECT_LT(weight_of(food, *unit), 2000) << word << " of " << food.name;
    }
  }
}

}  // namespace
}  // namespace health_agent::agent
