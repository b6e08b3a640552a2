#include "health_agent/agent/sentence.h"

#include <algorithm>
#include <array>

namespace health_agent::agent {
namespace {

/// "is a banana healthy", without its question mark
bool begins_a_question(const Token* first) {
  static constexpr std::array<std::string_view, 6> kVerbs{"is",   "are",   "do",
                                                          "does", "would", "should"};
  return first != nullptr && std::ranges::find(kVerbs, first->text) != kVerbs.end();
}

std::string_view meal_of(WordRole role) {
  switch (role) {
    case WordRole::kBreakfast:
    case WordRole::kMorning:
      return "breakfast";
    case WordRole::kLunch:
    case WordRole::kNoon:
      return "lunch";
    case WordRole::kDinner:
    case WordRole::kEvening:
      return "dinner";
    default:
      return "snack";
  }
}

}  // namespace

Sentence::Sentence(const Token* first, bool question_mark)
    : doubtful_(question_mark || begins_a_question(first)) {}

void Sentence::hear(const Token& word, WordRole role, std::size_t at) {
  switch (role) {
    case WordRole::kChat:
      chat_ = true;
      break;
    case WordRole::kAside:
      aside_ = true;
      break;
    case WordRole::kAsk:
      // "I had a pizza, how much is that" does not begin as a question.
      asks_first_ = asks_first_ || !spoke_;
      break;
    case WordRole::kWish:
      wish_ = true;
      break;
    case WordRole::kEat:
    case WordRole::kEating:
      hear_eating(role, at);
      break;
    case WordRole::kNegate:
      denied_ = true;
      denied_at_ = at;
      break;
    case WordRole::kBreakfast:
    case WordRole::kLunch:
    case WordRole::kDinner:
    case WordRole::kSnack:
      hear_meal(meal_of(role));
      break;
    case WordRole::kMorning:
    case WordRole::kNoon:
    case WordRole::kEvening:
      hear_time(role);
      break;
    case WordRole::kYesterday:
      yesterday_ = true;
      break;
    default:
      break;
  }
  last_was_last_ = word.text == "last";
}

void Sentence::end_clause() noexcept {
  denied_ = false;
  chat_ = false;
  aside_ = false;
}

bool Sentence::eaten() const noexcept {
  if (asks_first_) return false;
  return ate_ || !(wish_ || doubtful_);
}

void Sentence::hear_meal(std::string_view meal) {
  aside_ = false;
  if (meal_.empty()) {
    meal_ = meal;
  } else if (meal_ != meal) {
    several_meals_ = true;
  }
}

void Sentence::hear_time(WordRole role) {
  if (meal_by_time_.empty()) meal_by_time_ = meal_of(role);
  if (role == WordRole::kEvening && last_was_last_) yesterday_ = true;
}

void Sentence::hear_eating(WordRole role, std::size_t at) {
  spoke_ = true;
  // "did not eat" stays denied, "no time, so I had" does not.
  if (denied_ && denied_at_ + 1 < at) denied_ = false;
  if (!denied_) {
    ate_ = ate_ || role == WordRole::kEat;
    eating_ = true;
  }
  chat_ = false;
  aside_ = false;
}

}  // namespace health_agent::agent
