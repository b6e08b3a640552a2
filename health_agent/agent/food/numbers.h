#pragma once

#include <cstddef>
#include <span>

#include "health_agent/agent/food/text.h"

namespace health_agent::agent {

/// A quantity as it was said: `2`, `one and a half`, `half a dozen`, `a couple`, `2-3` (their
/// mean).
struct SpokenNumber {
  double value = 0;        ///< May be zero, negative, infinite or NaN, as the user wrote it.
  std::size_t tokens = 0;  ///< How many tokens it took; 0 is no number.
  bool article = false;    ///< Nothing but `a` or `an`.
};

/// The number that begins at `tokens[at]`. Cost: linear in the tokens it takes. Never fails.
[[nodiscard]] SpokenNumber number_at(std::span<const Token> tokens, std::size_t at);

}  // namespace health_agent::agent
