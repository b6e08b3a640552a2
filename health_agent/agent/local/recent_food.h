#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "health_agent/agent/agent.h"
#include "health_agent/agent/description.h"
#include "health_agent/agent/food/nutrition.h"

namespace health_agent::agent {

/// One food of one entry.
struct Hit {
  std::size_t entry = 0;
  std::size_t food = 0;
  friend bool operator==(const Hit&, const Hit&) = default;
};

/// What was logged last, to be searched. Borrows what it is given. Threads: one.
class RecentFood {
 public:
  RecentFood(const AgentRequest& request, const NutritionTable& table)
      : request_(request), table_(table) {}

  [[nodiscard]] const FoodEntry& entry(std::size_t index) const { return request_.recent[index]; }
  [[nodiscard]] std::size_t size() const noexcept { return request_.recent.size(); }

  /// The foods that fit, of the newest day that has one.
  [[nodiscard]] std::vector<Hit> foods(const Description& said) const;

  /// The entries at that meal and time, of the newest day that has one.
  [[nodiscard]] std::vector<std::size_t> entries(const Description& said) const;

  /// `lunch yesterday`
  [[nodiscard]] std::string where(std::size_t index) const;
  [[nodiscard]] bool is_today(std::size_t index) const { return days_ago(index) == 0; }
  [[nodiscard]] std::int64_t days_ago(std::size_t index) const;

  /// Whether that one is what was said.
  [[nodiscard]] bool fits(const FoodEntry& entry, const Food& food, const Description& said) const {
    return fits_place(entry, said) && fits_name(food.name, said);
  }

  /// Whether the name of a food has the word.
  [[nodiscard]] bool has_word(std::string_view stem) const;

 private:
  [[nodiscard]] std::int64_t day_of(std::size_t index) const;
  [[nodiscard]] bool fits_place(const FoodEntry& entry, const Description& said) const;
  [[nodiscard]] bool fits_name(std::string_view name, const Description& said) const;

  const AgentRequest& request_;
  const NutritionTable& table_;
};

/// `2 eggs, 100 g of rice`
[[nodiscard]] std::string list_foods(const std::vector<Food>& foods);

/// `143 kcal`
[[nodiscard]] std::string kcal_of(const std::vector<Food>& foods);

}  // namespace health_agent::agent
