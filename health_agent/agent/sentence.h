#pragma once

#include <cstddef>
#include <string_view>

#include "health_agent/agent/text.h"
#include "health_agent/agent/words.h"

namespace health_agent::agent {

/// What a message is about, apart from its foods: whether something was eaten, denied, wished for
/// or asked, at which meal, and whether the clause that is being read is about food at all.
class Sentence {
 public:
  /// `first`: the message's first token, or null. `question_mark`: it has one.
  Sentence(const Token* first, bool question_mark);

  /// Takes the word at token `at`.
  void hear(const Token& word, WordRole role, std::size_t at);

  /// A food or a number was said.
  void hear_food() noexcept { spoke_ = true; }

  /// A comma or a full stop: what was denied, or told in passing, ends.
  void end_clause() noexcept;
  /// `with`, after which nothing is denied any more.
  void end_denial() noexcept { denied_ = false; }

  [[nodiscard]] bool denied() const noexcept { return denied_; }
  /// The clause is talk: unknown words in it are no foods.
  [[nodiscard]] bool chat() const noexcept { return chat_; }
  /// The clause tells a place, a time or a reason.
  [[nodiscard]] bool aside() const noexcept { return aside_; }
  /// A verb of eating was said, so that what follows is food.
  [[nodiscard]] bool speaks_of_eating() const noexcept { return ate_ || eating_; }
  [[nodiscard]] bool asks_or_wishes() const noexcept { return asks_first_ || wish_; }
  [[nodiscard]] bool eaten() const noexcept;

  /// The meal, the one named before the one that a time of day tells; empty when neither is there.
  [[nodiscard]] std::string_view meal() const noexcept {
    return meal_.empty() ? meal_by_time_ : meal_;
  }
  [[nodiscard]] bool several_meals() const noexcept { return several_meals_; }
  [[nodiscard]] bool yesterday() const noexcept { return yesterday_; }

 private:
  void hear_meal(std::string_view meal);
  void hear_time(WordRole role);
  void hear_eating(WordRole role, std::size_t at);

  bool doubtful_;  // a question by its mark or its verb: eaten only when a verb says so
  bool spoke_ = false;
  bool denied_ = false;
  std::size_t denied_at_ = 0;
  bool chat_ = false;
  bool aside_ = false;
  bool ate_ = false;
  bool eating_ = false;
  bool wish_ = false;
  bool asks_first_ = false;
  bool several_meals_ = false;
  bool yesterday_ = false;
  bool last_was_last_ = false;  // the word before was "last"
  std::string_view meal_;
  std::string_view meal_by_time_;
};

}  // namespace health_agent::agent
