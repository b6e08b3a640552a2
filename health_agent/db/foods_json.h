#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "health_agent/models.h"

namespace health_agent::db {

/// The foods of an entry as the JSON text that the column `foods` holds: a list of objects with the
/// names of Food's members; protein, carbs and fat only where known. Invalid UTF-8 becomes U+FFFD.
[[nodiscard]] std::string foods_to_json(const std::vector<Food>& foods);

/// The reverse. Throws DatabaseError when the text is no such list.
[[nodiscard]] std::vector<Food> foods_from_json(std::string_view text);

/// Changes of a user's entries as the column `changes` of food_undo holds them, and back. The second
/// throws DatabaseError.
[[nodiscard]] std::string changes_to_json(std::span<const FoodChange> changes);
[[nodiscard]] std::vector<FoodChange> changes_from_json(std::string_view text,
                                                        std::string_view user_id);

}  // namespace health_agent::db
