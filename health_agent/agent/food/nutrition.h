#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "health_agent/agent/food/text.h"
#include "vitals/result.h"

namespace health_agent::agent {

/// What one unit of a food weighs, in grams.
struct UnitWeight {
  std::string_view unit;
  double grams = 0;
};

/// One line of nutrition.tsv. Energy in kcal, the rest in grams, for 100 g as eaten; carbohydrates
/// include fibre. The text belongs to the table.
struct NutritionFacts {
  std::string_view name;
  std::vector<std::string_view> aliases;
  double kcal = 0;
  double protein = 0;
  double carbs = 0;
  double fat = 0;
  double alcohol = 0;
  double density = 0;  ///< Grams per millilitre; 0 for what is not poured.
  std::vector<UnitWeight>
      units;     ///< At least one; the first is the portion meant when none is said.
  int line = 0;  ///< In the file, from 1.

  /// The weight of one `unit` in grams, 0 when the table does not say.
  [[nodiscard]] double grams_of(std::string_view unit) const noexcept;
};

/// A food found in a message.
struct FoodMatch {
  const NutritionFacts* food = nullptr;
  std::string_view name;   ///< The name or alias that was met, in the table's spelling.
  std::size_t tokens = 0;  ///< How many tokens it took; 0 is no match.
};

/// The foods that the local agent knows, by name and alias. Threads: any; it never changes.
class NutritionTable {
 public:
  /// Reads tab-separated lines `name, aliases, kcal, protein, carbs, fat, alcohol, density, units`;
  /// `#` begins a comment. The error names every bad line by its number: a wrong number of columns,
  /// a figure that is none or cannot be, an unknown or missing unit, a name or alias that is there
  /// already.
  [[nodiscard]] static vitals::Result<std::unique_ptr<const NutritionTable>> parse(
      std::string_view tsv);

  /// The table that is built into the program. Cost: parsed at the first use.
  [[nodiscard]] static const NutritionTable& builtin();

  ~NutritionTable();
  NutritionTable(const NutritionTable&) = delete;
  NutritionTable& operator=(const NutritionTable&) = delete;

  [[nodiscard]] std::span<const NutritionFacts> foods() const noexcept { return foods_; }

  /// The longest name or alias that begins at `tokens[at]`. Cost: the length of the longest alias.
  [[nodiscard]] FoodMatch longest_match(std::span<const Token> tokens, std::size_t at) const;

 private:
  struct Index;
  NutritionTable();

  std::string text_;
  std::vector<NutritionFacts> foods_;
  std::unique_ptr<Index> index_;
};

/// The shipped table's text, made from nutrition.tsv at build time.
[[nodiscard]] std::string_view nutrition_tsv() noexcept;

}  // namespace health_agent::agent
