#pragma once

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

}  // namespace health_agent::db
