#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "health_agent/models.h"
#include "vitals/result.h"

namespace health_agent::agent {

/// The tool by which a model hands over what somebody ate, as data.
inline constexpr std::string_view kFoodTool = "log_food";
inline constexpr std::size_t kMaxToolFoods = 100;

/// What the tool does and when to use it, in words for a model.
[[nodiscard]] std::string_view food_tool_description() noexcept;

/// The JSON schema of its arguments, as JSON text.
[[nodiscard]] std::string_view food_tool_schema() noexcept;

/// Reads a model's arguments, which are believed in nothing: JSON of known members only, the right
/// types, finite numbers in their ranges, texts of UTF-8 without control characters and not too
/// long. The error says all that is wrong (the first few of it) in words for the model. The entry's
/// id, user and time are the caller's business.
[[nodiscard]] vitals::Result<FoodEntry> read_food_call(std::string_view arguments);

/// `Logged for lunch: 2 piece of egg. Together 143 kcal.`, for when the model has no last word.
[[nodiscard]] std::string confirmation_of(const FoodEntry& entry);

}  // namespace health_agent::agent
