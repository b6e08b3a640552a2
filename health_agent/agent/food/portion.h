#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "health_agent/agent/food/food_parser.h"
#include "health_agent/agent/food/quantity.h"

namespace health_agent::agent {

/// A food of a message before it is weighed: what was said about it, and nothing more.
struct FoodDraft {
  const NutritionFacts* food = nullptr;
  std::string_view name;
  Quantity quantity;
  bool plural = false;
  bool splash = false;           ///< Goes into a drink: `coffee with milk`.
  bool whole = false;            ///< All or a part of a whole one: `a third of a cake`.
  std::optional<double> kcal{};  ///< As said: it wins over the table.
  bool kcal_each = false;        ///< `kcal` is for one.
  std::string as_written{};      ///< The user's words where they say more than the table.
  Stance stance = Stance::kEaten;
  bool past = false;     ///< A verb in the past says that it was eaten.
  bool present = false;  ///< A verb in the present does.
  bool have = false;     ///< `I have`: eaten only with a meal or a time.
  bool eat = false;      ///< `I eat`: likewise, or with an amount.
  std::string_view meal{};
  Moment moment{};
  bool number_between = false;  ///< Its number stands right behind the food before it.
  std::size_t sentence = 0;     ///< Which one of the message.
  std::size_t at = 0;           ///< Its first token.
  std::size_t end = 0;          ///< The token behind it.
  bool told = false;            ///< A verb says that it was eaten; it is the token `verb_at`.
  std::size_t verb_at = 0;
  bool ours = false;     ///< Of several people together.
  bool strange = false;  ///< Words that are not known describe it.
  bool part = false;     ///< Belongs to the dish before it: the eggs of an omelette.
  bool behind = false;   ///< Its number, without a unit, stands behind it.
};

/// Whether the amount cannot be told: part of a whole whose weight the table lacks.
[[nodiscard]] bool lacks_whole(const FoodDraft& draft);

/// Weighs the draft. Empty when nobody eats that much or that little.
[[nodiscard]] std::optional<ParsedFood> weigh(const FoodDraft& draft);

/// The draft in a few words, for a refusal: `1000000000 eggs`.
[[nodiscard]] std::string describe(const FoodDraft& draft);

}  // namespace health_agent::agent
