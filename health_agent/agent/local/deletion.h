#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "health_agent/agent/description.h"
#include "health_agent/agent/food/nutrition.h"
#include "health_agent/agent/local/recent_food.h"

namespace health_agent::agent {

/// What a message wants deleted, and what of it is to stay.
struct Deletion {
  std::vector<Description> gone;
  std::vector<Description> kept;  ///< "not the toast", "except the coke", "but keep the rice"
  bool unclear = false;  ///< Something else is said, too, or it may be meant in several ways.

  [[nodiscard]] bool names_food() const noexcept {
    return std::ranges::any_of(gone, [](const Description& item) { return !item.name.empty(); });
  }
};

/// Reads the words `[from, to)` behind "delete". Every word must be one that is understood there;
/// any other makes it unclear, so that nothing is deleted by half a sentence. Threads: any. Never
/// fails.
[[nodiscard]] Deletion read_deletion(const Words& words, const NutritionTable& table,
                                     const RecentFood& log, std::size_t from, std::size_t to);

}  // namespace health_agent::agent
