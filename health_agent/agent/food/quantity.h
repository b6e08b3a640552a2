#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "health_agent/agent/food/numbers.h"
#include "health_agent/agent/food/units.h"

namespace health_agent::agent {

/// How much of a food was said, as it builds up word by word.
struct Quantity {
  std::optional<double> count;  ///< As said; anything from NaN to 1e9.
  const Unit* unit = nullptr;
  double each = 1;       ///< `2 x 330 ml`: the 330.
  double size = 1;       ///< Small and large.
  double inches = 0;     ///< Across; 0: not said.
  bool article = false;  ///< The count is nothing but `a`.

  /// More than an article, which stands before anything.
  [[nodiscard]] bool is_said() const noexcept { return (count && !article) || unit != nullptr; }
  [[nodiscard]] bool is_weighed() const noexcept { return unit != nullptr && is_measure(*unit); }

  /// Takes a number. `before_measure`: a unit of mass or volume follows it.
  void add(const SpokenNumber& number, bool before_measure);
  void add(const Unit& said);
};

/// A unit found in a message.
struct UnitMatch {
  const Unit* unit = nullptr;
  std::size_t tokens = 0;
};

/// The unit that begins at `tokens[at]`, `fl oz` included.
[[nodiscard]] UnitMatch unit_at(std::span<const Token> tokens, std::size_t at);

/// Whether `of` stands at `tokens[at]`.
[[nodiscard]] bool is_of(std::span<const Token> tokens, std::size_t at);

/// The `and a half` of `a cup and a half of milk`: its value, and its tokens before the `of`.
[[nodiscard]] SpokenNumber part_after_unit(std::span<const Token> tokens, std::size_t at);

}  // namespace health_agent::agent
