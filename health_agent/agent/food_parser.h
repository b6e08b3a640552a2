#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "health_agent/agent/nutrition.h"
#include "health_agent/models.h"

namespace health_agent::agent {

/// One food of a message, weighed.
struct ParsedFood {
  Food food;
  double grams = 0;
  std::string as_written;  ///< The user's words where they say more than the table: `wagyu burger`.
};

/// What a message says about food.
struct ParsedMessage {
  std::vector<ParsedFood> foods;
  std::vector<std::string> unknown;  ///< Foods that the table lacks, in the user's words.
  std::vector<std::string>
      refused;                 ///< Known foods in quantities that nobody eats: `1000000000 eggs`.
  std::string_view meal;       ///< breakfast, lunch, dinner, snack; empty when none is named.
  bool several_meals = false;  ///< More than one is named; `meal` is the first.
  bool yesterday = false;
  bool too_many =
      false;         ///< There were more foods or words than one entry takes; the rest is left out.
  bool ate = false;  ///< The foods were eaten. False for a question, a wish or a plan.
};

/// The most foods, and the most unknown or refused ones, that one message is read for.
inline constexpr std::size_t kMaxFoods = 40;
inline constexpr std::size_t kMaxUnknown = 5;

/// Reads what was eaten out of free English text: quantities, units, foods, a meal. Takes any
/// bytes. Unknown foods are named, never guessed. Threads: any. Cost: linear in the length. Never
/// fails.
[[nodiscard]] ParsedMessage parse_food(std::string_view message, const NutritionTable& table);

/// The meal that is usual at this time: breakfast from 4 to 11, lunch to 15, dinner from 17 to 22,
/// a snack between, by the hour in UTC.
[[nodiscard]] std::string_view usual_meal(std::int64_t unix_seconds) noexcept;

}  // namespace health_agent::agent
