#pragma once

#include <cstdint>
#include <string_view>

namespace health_agent::agent {

/// What a word does in a message about food, when it is neither a food nor a unit.
enum class WordRole : std::uint8_t {
  kUnknown,    ///< Perhaps a food that the table lacks.
  kGlue,       ///< The, my, please: says nothing here.
  kChat,       ///< Part of talk that is not about food; what stands beside it is no food either.
  kAside,      ///< At, because, after: what follows is a place, a time or a reason.
  kDescribes,  ///< Grilled, fresh, homemade: says how a food was.
  kAnd,
  kWith,
  kBut,
  kOf,
  kEat,     ///< Had, ate, log: what follows was eaten.
  kEating,  ///< Have, eat: what follows was eaten, unless it is a wish or a question.
  kWish,    ///< Want, tomorrow, should: what follows was not eaten.
  kAsk,     ///< How, what, which: a question.
  kNegate,  ///< No, without, skipped.
  kSmall,   ///< Sizes; the factor that they stand for is size_factor().
  kMedium,
  kLarge,
  kHuge,
  kTiny,
  kBreakfast,
  kLunch,
  kDinner,
  kSnack,
  kMorning,  ///< A time of day that tells a meal where no meal is named.
  kNoon,
  kEvening,
  kYesterday,
};

/// The role of a word as Token::text spells it. Threads: any. Cost: one look-up.
[[nodiscard]] WordRole role_of(std::string_view word);

/// How much larger than the usual piece: 1 for any role that is no size.
[[nodiscard]] double size_factor(WordRole role) noexcept;

}  // namespace health_agent::agent
