#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "health_agent/agent/food/moment.h"
#include "health_agent/agent/food/nutrition.h"
#include "health_agent/agent/food/sentence.h"
#include "health_agent/models.h"

namespace health_agent::agent {

/// One food of a message, weighed.
struct ParsedFood {
  Food food;
  double grams = 0;
  std::string as_written{};  ///< The user's words where they say more than the table.
  Stance stance = Stance::kEaten;
  std::string_view meal{};  ///< As named for it; empty when none is.
  Moment moment{};          ///< As said for it.
  bool past = false;        ///< A verb in the past says that it was eaten.
  bool present = false;     ///< A verb in the present does: `having`.
};

/// What a message says about food. What is in doubt is never among `foods`.
struct ParsedMessage {
  std::vector<ParsedFood> foods;      ///< Eaten, in amounts that are clear.
  std::vector<ParsedFood> mentioned;  ///< Not eaten, or not surely: asked about, planned, others'.
  std::vector<std::string> unknown;   ///< Foods that the table lacks, in the user's words.
  std::vector<std::string>
      refused;  ///< Known foods in quantities that nobody eats: `1000000000 eggs`.
  std::vector<std::string> unclear;  ///< Amounts that were said and not understood.
  std::string_view meal;             ///< The first that is named or told by a time of day.
  bool several_meals = false;        ///< More than one is named.
  bool too_many =
      false;  ///< There were more foods or words than one message takes; the rest is left out.
  bool ate = false;  ///< Some food was eaten.
};

/// The most foods, and the most unknown, refused or unclear ones, that one message is read for.
inline constexpr std::size_t kMaxFoods = 40;
inline constexpr std::size_t kMaxUnknown = 5;

/// Reads what was eaten out of free English text: quantities, units, foods, meals, times. Takes any
/// bytes.
///
/// The rule for doubt: nothing is guessed silently. A food that the table lacks, an amount that was
/// said and not understood, and a food of which nobody said that the user ate it are told apart, so
/// that the caller asks. Only an amount that was not said at all is the usual portion.
///
/// Threads: any. Cost: linear in the length. Never fails.
[[nodiscard]] ParsedMessage parse_food(std::string_view message, const NutritionTable& table);

}  // namespace health_agent::agent
