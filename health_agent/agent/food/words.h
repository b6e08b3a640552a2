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
  kRaw,        ///< Raw, uncooked: what was weighed is not what was eaten.
  kAnd,
  kWith,
  kBut,
  kOf,
  kI,
  kWe,
  kPerson,  ///< Wife, he, dog: somebody else.
  kIs,      ///< Was, is: what stands before it was talked about, not eaten.
  kThem,    ///< It, them: the foods before.
  kEat,     ///< Had, ate: what follows was eaten.
  kEating,  ///< Have, eat: what follows was eaten, unless it is a wish or a question.
  kLog,     ///< Log, add: what follows is to be logged, whatever stands before.
  kBuy,     ///< Bought, shopping: what follows was not eaten yet.
  kMake,    ///< Made, cooked, of somebody: likewise.
  kOther,   ///< Gave, saw, got: what follows was perhaps not eaten.
  kLike,    ///< Love, hate: an opinion.
  kHabit,   ///< Usually, always: not this once.
  kStored,  ///< Fridge, left: what stands before was not eaten.
  kWish,    ///< Want, will, should: what follows was not eaten.
  kAsk,     ///< How, what, which: a question.
  kNegate,  ///< No, without, skipped.
  kVague,   ///< Lots, much: an amount that cannot be told.
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
};

/// The role of a word as Token::text spells it. Threads: any. Cost: one look-up.
[[nodiscard]] WordRole role_of(std::string_view word);

/// How much larger than the usual piece: 1 for any role that is no size.
[[nodiscard]] double size_factor(WordRole role) noexcept;

}  // namespace health_agent::agent
