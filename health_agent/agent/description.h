#pragma once

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "health_agent/agent/food/moment.h"
#include "health_agent/agent/food/nutrition.h"
#include "health_agent/agent/food/text.h"
#include "health_agent/agent/food/units.h"

namespace health_agent::agent {

using WordList = std::initializer_list<std::string_view>;

/// The words of a message, and where they end. Borrows the tokens.
class Words {
 public:
  explicit Words(std::span<const Token> tokens) : tokens_(tokens) {}

  [[nodiscard]] std::span<const Token> tokens() const noexcept { return tokens_; }
  [[nodiscard]] std::size_t size() const noexcept { return tokens_.size(); }
  [[nodiscard]] std::string_view at(std::size_t index) const {
    return index < tokens_.size() && tokens_[index].kind == TokenKind::kWord
               ? std::string_view{tokens_[index].text}
               : std::string_view{};
  }
  [[nodiscard]] bool is(std::size_t index, WordList words) const {
    const std::string_view word = at(index);
    return !word.empty() && std::ranges::find(words, word) != words.end();
  }
  [[nodiscard]] bool ends_clause(std::size_t index) const {
    return index >= tokens_.size() || tokens_[index].kind == TokenKind::kComma ||
           tokens_[index].kind == TokenKind::kBreak;
  }
  [[nodiscard]] std::size_t find(WordList words, std::size_t from = 0) const {
    for (std::size_t i = from; i < tokens_.size(); ++i)
      if (is(i, words)) return i;
    return kNowhere;
  }
  /// A number in `[from, to)` that is not just an article.
  [[nodiscard]] bool has_number(std::size_t from, std::size_t to) const;

 private:
  std::span<const Token> tokens_;
};

/// Something that was said about an entry: a food, an amount, a meal, a time.
struct Description {
  std::vector<std::string> stems;  ///< Of the food's name.
  std::string name;                ///< The food in the user's words.
  FoodMatch food{};                ///< When the table has it.
  std::optional<double> count{};
  bool article = false;
  bool the = false;  ///< `the 2 eggs`, not `2 eggs`
  const Unit* unit = nullptr;
  double size = 1;
  std::optional<double> kcal{};
  std::string_view meal{};
  Moment moment{};
  bool pronoun = false;  ///< It, that, the last one.
  bool all = false;
  bool unread = false;       ///< Sizes, two meals, two numbers: more than is understood.
  bool other_words = false;  ///< The name is more than one food of the table and how it was.
  std::vector<std::size_t> left_out;  ///< Where the words stand that nothing here is made of.

  [[nodiscard]] bool has_amount() const noexcept { return (count && !article) || unit != nullptr; }
  /// More than is worth looking up word by word.
  [[nodiscard]] bool rambles() const noexcept { return left_out.size() > 50; }
  [[nodiscard]] bool has_place() const noexcept { return !meal.empty() || moment != Moment{}; }
};

/// Reads what the words `[from, to)` say of an entry. Threads: any. Never fails: what is not
/// understood is `unread`.
[[nodiscard]] Description describe(const Words& words, const NutritionTable& table,
                                   std::size_t from, std::size_t to);

}  // namespace health_agent::agent
