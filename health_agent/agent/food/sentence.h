#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "health_agent/agent/food/text.h"
#include "health_agent/agent/food/words.h"

namespace health_agent::agent {

/// What is said of a food: that it was eaten, or why it is not to be logged.
enum class Stance : std::uint8_t {
  kEaten,
  kDenied,  ///< Not eaten.
  kOthers,  ///< Somebody else's.
  kShared,  ///< Of several people together.
  kBought,
  kMade,
  kLiked,
  kPlanned,
  kHabit,
  kAsked,
  kUnclear,  ///< Something else was done with it, or it was only talked about.
};

/// What the words say until now: who did what. It follows a message from left to right; a verb
/// holds for what follows, over commas and `and`, until another verb, subject or full stop.
///
/// The rule for doubt: a sentence that has a subject needs a verb of eating. Without one the foods
/// in it are not eaten but unclear, and the agent asks.
class Sentence {
 public:
  explicit Sentence(std::span<const Token> tokens) : tokens_(tokens) { begin(0); }

  /// Takes the word at `tokens[at]`, which is no food, number or unit.
  void hear(std::size_t at, WordRole role);

  /// A word that is not known stands where the subject does: `John had 2 eggs`.
  void hear_stranger() {
    if (me_ == Who::kNobody && !has_verb_) hear_subject(Who::kOther);
  }

  /// A food or a number was said.
  void hear_food() noexcept {
    spoke_ = true;
    fresh_ = false;
    said_since_fresh_ = true;
  }

  /// A full stop: the next sentence begins at `tokens[at]`.
  void begin(std::size_t at);
  /// A line ends behind a colon: "I bought:" holds for the lines that follow.
  void keep_over_lines() noexcept { keeps_ = true; }
  /// A comma, `and`, `but`: another predicate may follow.
  void end_clause() noexcept;
  void end_predicate() noexcept;
  /// `with`, after which nothing is denied any more.
  void end_denial() noexcept { denied_ = false; }

  [[nodiscard]] bool denied() const noexcept { return denied_; }
  /// The clause is talk: unknown words in it are no foods.
  [[nodiscard]] bool chat() const noexcept { return chat_; }
  /// The clause tells a place, a time or a reason.
  [[nodiscard]] bool aside() const noexcept { return aside_; }
  /// Something was said to be eaten, so that what follows is food.
  [[nodiscard]] bool speaks_of_eating() const noexcept { return ate_ && verb_ == Stance::kEaten; }
  /// Some verb of eating or logging was said in this sentence.
  [[nodiscard]] bool asks_or_wishes() const noexcept { return asked_ || wished_; }

  /// What holds for a food that is said now. `counted`: its amount was said.
  [[nodiscard]] Stance stance(bool counted) const noexcept;
  /// A verb says that what follows is eaten; it is `tokens[verb_at()]`.
  [[nodiscard]] bool told() const noexcept { return has_verb_ && verb_ == Stance::kEaten; }
  [[nodiscard]] std::size_t verb_at() const noexcept { return verb_at_; }
  /// Something was said to be eaten, in this sentence or before.
  [[nodiscard]] bool was_eating() const noexcept { return ate_; }
  /// Neither a subject nor a verb was said yet.
  [[nodiscard]] bool is_bare() const noexcept { return !has_verb_ && me_ == Who::kNobody; }
  /// `We had`: several people together.
  [[nodiscard]] bool is_ours() const noexcept { return me_ == Who::kUs; }
  /// A verb says that it was eaten, in the past.
  [[nodiscard]] bool in_the_past() const noexcept {
    return has_verb_ && verb_ == Stance::kEaten && !present_;
  }
  /// It is being eaten, or will be: `having`.
  [[nodiscard]] bool in_the_present() const noexcept { return has_verb_ && present_; }
  /// `I have 2 eggs`, `I eat eggs`: in a kitchen, or as a rule.
  [[nodiscard]] bool says_have() const noexcept { return present_ && have_ && me_ != Who::kNobody; }
  [[nodiscard]] bool says_eat() const noexcept { return present_ && eat_ && me_ == Who::kMe; }

  /// Whether the person at `tokens[at]` stands behind `for`: the foods before are theirs.
  [[nodiscard]] bool is_recipient(std::size_t at) const;

 private:
  enum class Who : std::uint8_t { kNobody, kMe, kUs, kOther };

  void hear_subject(Who who);
  void hear_person(std::size_t at);
  void hear_verb(Stance stance);
  void hear_eating(std::size_t at, WordRole role);
  void hear_wish(std::size_t at);
  void hear_question(std::size_t at);
  void hear_negation(std::size_t at);
  void hear_made(std::size_t at);
  void hear_short_will(std::size_t at);
  [[nodiscard]] std::string_view text(std::size_t at) const;
  [[nodiscard]] std::string_view before_person(std::size_t at) const;
  [[nodiscard]] bool begins_predicate() const noexcept;
  [[nodiscard]] bool amount_follows(std::size_t at) const;
  [[nodiscard]] bool is_question(std::size_t at) const;
  [[nodiscard]] bool asks_for_figures(std::size_t at) const;

  std::span<const Token> tokens_;
  std::size_t begin_ = 0;  // of the sentence
  Who me_ = Who::kNobody;
  bool has_verb_ = false;
  Stance verb_ = Stance::kEaten;
  std::size_t verb_at_ = 0;
  bool present_ = false;           // the verb is `have`, `eating`
  bool have_ = false;              // it is `have`
  bool eat_ = false;               // it is `eat`
  bool fresh_ = true;              // the next verb begins a predicate
  bool said_since_fresh_ = false;  // a food or a number was
  bool hypothetical_ = false;      // `if`, `usually`: whatever the verb says
  Stance modal_ = Stance::kPlanned;
  int separators_ = 0;
  int modal_at_ = 0;       // the separators before `modal_`
  bool doubtful_ = false;  // a question by its mark or its verb: eaten only when a verb says so
  bool asks_first_ = false;
  bool spoke_ = false;
  bool denied_ = false;
  std::size_t denied_at_ = 0;
  bool chat_ = false;
  bool aside_ = false;
  bool ate_ = false;
  bool asked_ = false;
  bool wished_ = false;
  bool keeps_ = false;
};

}  // namespace health_agent::agent
