#include "health_agent/agent/description.h"

#include <utility>

#include "health_agent/agent/food/numbers.h"
#include "health_agent/agent/food/quantity.h"
#include "health_agent/agent/food/words.h"

namespace health_agent::agent {
namespace {

/// Reads `tokens[from, to)`.
class DescriptionReader {
 public:
  DescriptionReader(const Words& words, const NutritionTable& table, std::size_t from,
                    std::size_t to)
      : words_(words),
        tokens_(words.tokens().first(std::min(to, words.size()))),
        table_(table),
        at_(from) {}

  Description read() {
    while (at_ < tokens_.size())
      step();
    return std::move(said_);
  }

 private:
  void step() {
    if (tokens_[at_].kind != TokenKind::kWord && tokens_[at_].kind != TokenKind::kNumber &&
        tokens_[at_].kind != TokenKind::kClock) {
      ++at_;
      return;
    }
    if (const MomentMatch match = moment_at(tokens_, at_); match.tokens > 0) {
      add_to(said_.moment, match.moment);
      // "yesterday's pizza"
      if (tokens_[at_].text == "yesterday") said_.moment.days_ago = 1;
      at_ += match.tokens;
    } else if (!meal() && !energy() && !food() && !number() && !unit()) {
      word();
    }
  }

  bool meal() {
    const WordRole role = role_of(words_.at(at_));
    const std::string_view meal = role == WordRole::kBreakfast ? "breakfast"
                                  : role == WordRole::kLunch   ? "lunch"
                                  : role == WordRole::kDinner  ? "dinner"
                                  : role == WordRole::kSnack   ? "snack"
                                                               : "";
    if (meal.empty()) return false;
    // "breakfast and lunch", "all lunches"
    if ((!said_.meal.empty() && said_.meal != meal) || (said_.all && tokens_[at_].plural))
      said_.unread = true;
    said_.meal = meal;
    ++at_;
    return true;
  }

  bool energy() {
    const SpokenNumber number = number_at(tokens_, at_);
    if (number.tokens == 0) return false;
    if (!words_.is(at_ + number.tokens, {"kcal", "calories", "calorie", "cal", "cals"}))
      return false;
    said_.kcal = number.value;
    at_ += number.tokens + 1;
    return true;
  }

  bool food() {
    const FoodMatch match = table_.longest_match(tokens_, at_);
    if (match.tokens == 0 || tokens_[at_].kind != TokenKind::kWord) return false;
    said_.other_words = said_.other_words || said_.food.tokens > 0;
    if (said_.food.tokens == 0) said_.food = match;
    for (std::size_t i = 0; i < match.tokens; ++i)
      add_name(at_ + i);
    at_ += match.tokens;
    return true;
  }

  bool number() {
    const SpokenNumber number = number_at(tokens_, at_);
    if (number.tokens == 0) return false;
    if (said_.count && !said_.article) said_.unread = said_.unread || !number.article;
    if (!said_.count || said_.article) {
      said_.the = at_ > 0 && words_.at(at_ - 1) == "the";
      said_.count = number.value;
      said_.article = number.article;
    }
    at_ += number.tokens;
    return true;
  }

  bool unit() {
    const UnitMatch match = unit_at(tokens_, at_);
    if (match.unit == nullptr || !said_.count || said_.unit != nullptr) return false;
    said_.unit = match.unit;
    at_ += match.tokens;
    return true;
  }

  void word() {
    const std::size_t here = at_++;
    if (words_.is(here, {"it", "that", "this", "them", "those", "last", "latest", "previous", "one",
                         "entry", "these"})) {
      said_.pronoun = true;
    } else if (words_.is(here, {"back", "diary", "journal", "list", "tracker", "mistake", "error",
                                "accident", "duplicate", "typo", "deletion", "changes",
                                "correction", "quantity", "date"})) {
      return;
    } else if (words_.is(here, {"entries", "meals"})) {
      said_.all = said_.unread = true;
    } else if (words_.is(here, {"all", "everything", "rest", "remaining", "others", "else"})) {
      said_.all = true;
    } else if (const WordRole role = role_of(words_.at(here));
               role == WordRole::kUnknown || role == WordRole::kDescribes) {
      said_.other_words = said_.other_words || role == WordRole::kUnknown;
      add_name(here);
    } else if (const double size = size_factor(role); size != 1) {
      said_.size = size;
      said_.unread = true;
    } else {
      said_.left_out.push_back(here);
    }
  }

  void add_name(std::size_t at) {
    if (tokens_[at].text == "food" || said_.stems.size() > 8) return;
    said_.stems.push_back(tokens_[at].stem);
    said_.name.append(said_.name.empty() ? "" : " ").append(tokens_[at].text);
  }

  const Words& words_;
  std::span<const Token> tokens_;
  const NutritionTable& table_;
  std::size_t at_;
  Description said_;
};

}  // namespace

bool Words::has_number(std::size_t from, std::size_t to) const {
  for (std::size_t i = from; i < std::min(to, tokens_.size()); ++i)
    if (const SpokenNumber number = number_at(tokens_, i); number.tokens > 0 && !number.article)
      return true;
  return false;
}

Description describe(const Words& words, const NutritionTable& table, std::size_t from,
                     std::size_t to) {
  return DescriptionReader{words, table, from, to}.read();
}

}  // namespace health_agent::agent
