#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace health_agent::agent {

/// What a token is. Separators say how strongly: a break ends a sentence, a comma an item. A clock
/// is a time in digits: `12:30`; a date has three numbers: `2026-11-24`.
enum class TokenKind : std::uint8_t {
  kWord,
  kNumber,
  kClock,
  kDate,
  kComma,
  kBreak,
  kOpen,
  kClose,
  kColon
};

/// The place of a token that is not there.
inline constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);

/// One word, number or mark of a message.
struct Token {
  TokenKind kind = TokenKind::kWord;
  std::string text;  ///< Lower case, accents taken off, at most 64 bytes; valid UTF-8.
  std::string stem;  ///< `text` without its plural: what foods and units are compared by.
  double value = 0;  ///< Of a number, infinite or NaN where the digits say so; of a clock the
                     ///< second of the day; of `2nd` the 2.
  bool plural = false;
  bool fraction = false;      ///< Written as a fraction: `1/2`, `½`.
  bool range = false;         ///< A number bound to the one before it by a dash: the 3 of `2-3`.
  bool after_hyphen = false;  ///< A word bound to the token before it: `egg` in `2-egg`.
  bool possessive = false;    ///< Said with `'s`, which `text` lacks.
  bool apostrophe = false;    ///< Said with an apostrophe within: `i'll`.
};

/// As much of a message is read: a few thousand words, more than any messenger takes at once.
inline constexpr std::size_t kMaxTextBytes = 16'384;

/// Cuts a message, or the first kMaxTextBytes of it, into tokens. Takes any bytes: what is not
/// UTF-8, control characters and emoji count as spaces. Threads: any. Cost: linear in the length.
/// Never fails.
[[nodiscard]] std::vector<Token> tokenize(std::string_view message);

/// The word without its plural ending, so that `tomatoes` and `tomato` are the same. Not a
/// dictionary's singular: compare it with other stems only.
[[nodiscard]] std::string stem_of(std::string_view word);

/// `slice` -> `slices`, `berry` -> `berries`; the last word of a phrase.
[[nodiscard]] std::string plural_of(std::string_view phrase);

/// How many words stand in the text, as spaces divide them. The local agent's idea of tokens.
[[nodiscard]] std::int64_t count_words(std::string_view text) noexcept;

/// At most one decimal, none from 100 on, two below 1, no zero at the end: `2`, `1.5`, `0.25`,
/// `1240`.
[[nodiscard]] std::string format_number(double value);

/// `1 slice`, `2 slices`, `150 g`.
[[nodiscard]] std::string amount_in_words(double amount, std::string_view thing);

}  // namespace health_agent::agent
