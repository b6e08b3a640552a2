#include "health_agent/agent/food/food_reader.h"

#include <utility>

namespace health_agent::agent {

SpokenNumber FoodReader::number_here() const {
  // "a quarter pounder" is one of them, not a quarter.
  const bool article = tokens_[at_].text == "a" || tokens_[at_].text == "an";
  if (article && table_.longest_match(tokens_, at_ + 1).tokens > 1) return {1, 1, true};
  return number_at(tokens_, at_);
}

void FoodReader::count(const SpokenNumber& number) {
  if (!unknown_.empty() && !number.article) {
    // "juggled 2 eggs"
    const std::size_t first = unknown_.front();
    const bool begins = first == 0 || tokens_[first - 1].kind == TokenKind::kBreak;
    const bool verb = begins || text_at(unknown_.back()).ends_with("ed");
    end_item();
    if (verb) vague_ = true;
  }
  if (names_food(number)) {
    at_ += number.tokens;
    if (text_at(at_) == "inch" || text_at(at_) == "inches") quantity_.inches = number.value;
    if (table_.longest_match(tokens_, at_).tokens == 0) ++at_;
    return;
  }
  if (is_of_all()) {
    at_ += number.tokens;
    if (whole_ && quantity_.count) *quantity_.count *= number.value;
    return;
  }
  number_at_ = at_;
  at_ += number.tokens;
  each_said_ = false;
  const bool joined = joined_;
  sentence_.hear_food();
  joined_ = joined;
  const UnitMatch next = unit_at(tokens_, at_);
  const bool name_follows =
      at_ < tokens_.size() && tokens_[at_].after_hyphen && next.unit == nullptr;
  if (name_follows) return;  // "3-cheese pizza", "two-egg omelette"
  whole_ = whole_ || (number.value > 0 && number.value < 1);
  if (compound(number, next)) return;
  packs_ = is_pack(next, number.value);
  const double packs = packs_ && quantity_.count && !quantity_.article ? *quantity_.count : 1;
  quantity_.add({number.value * packs, number.tokens, number.article},
                next.unit != nullptr && is_measure(*next.unit));
}

bool FoodReader::compound(const SpokenNumber& number, const UnitMatch& next) {
  if (held_ || !is_lesser_part(next)) return false;
  *quantity_.count += number.value * next.unit->amount / quantity_.unit->amount;
  quantity_.article = false;
  at_ += next.tokens;
  return true;
}

bool FoodReader::is_lesser_part(const UnitMatch& next) const {
  if (!quantity_.count || quantity_.unit == nullptr || next.unit == nullptr) return false;
  const Unit& larger = *quantity_.unit;
  const bool same = larger.kind == next.unit->kind ||
                    (larger.kind == UnitKind::kVolume && next.unit->kind == UnitKind::kContainer) ||
                    (larger.kind == UnitKind::kContainer && next.unit->kind == UnitKind::kVolume);
  return same && larger.kind != UnitKind::kCount && next.unit->amount < larger.amount;
}

bool FoodReader::compound_follows() const {
  if (held_ || !unknown_.empty()) return false;
  const SpokenNumber number = number_at(tokens_, at_);
  const UnitMatch unit = unit_at(tokens_, at_ + number.tokens);
  if (number.tokens == 0 || !is_lesser_part(unit)) return false;
  const std::size_t end = at_ + number.tokens + unit.tokens;
  const std::size_t food = end + (is_of(tokens_, end) ? 1 : 0);
  const bool last_is_open = last_ != kNowhere && !drafts_[last_].quantity.is_said();
  return !last_is_open || table_.longest_match(tokens_, food).tokens == 0;
}

bool FoodReader::is_pack(const UnitMatch& unit, double count) const {
  if (unit.unit == nullptr || unit.unit->name != "pack" || !(count >= 4)) return false;
  return tokens_[at_].text == "pack" || tokens_[at_].text == "packs";
}

void FoodReader::take_unit(const UnitMatch& match) {
  if (std::exchange(packs_, false)) {
    at_ += match.tokens;
    quantity_.article = false;
    pack_ = true;
    return;
  }
  at_ += match.tokens;
  quantity_.add(*match.unit);
  const SpokenNumber part = part_after_unit(tokens_, at_);
  if (part.tokens == 0 || !quantity_.count) return;
  *quantity_.count += part.value;
  quantity_.article = false;
  at_ += part.tokens;
}

bool FoodReader::energy() {
  const SpokenNumber number = number_at(tokens_, at_);
  if (number.tokens == 0) return false;
  const std::string_view unit = text_at(at_ + number.tokens);
  static constexpr std::array<std::string_view, 6> kCalories{"calories", "calorie", "kcal",
                                                             "kcals",    "cals",    "cal"};
  static constexpr std::array<std::string_view, 3> kJoules{"kj", "kilojoule", "kilojoules"};
  const bool joules = is_among(unit, kJoules);
  if (!joules && !is_among(unit, kCalories)) return false;
  if (sentence_.chat()) return false;
  // "burned 300 calories", "500 calories left": nobody's food
  static constexpr std::array<std::string_view, 22> kNotEaten{
      "burned",  "burnt", "burn",    "burning", "left",   "remaining", "under", "over",
      "limit",   "goal",  "deficit", "budget",  "target", "need",      "lost",  "spent",
      "surplus", "below", "above",   "saved",   "per",    "a"};
  const std::size_t behind = at_ + number.tokens + 1;
  const std::string_view next_word = text_at(behind) == "to" ? "left" : text_at(behind);
  const bool before = at_ > 0 && text_at(at_ - 1) != "a" && is_among(text_at(at_ - 1), kNotEaten);
  const bool per_day = text_at(behind) == "per" || text_at(behind) == "a"
                           ? text_at(behind + 1) == "day" || text_at(behind + 1) == "week"
                           : is_among(next_word, kNotEaten);
  if (before || per_day) {
    if (!quantity_.count && unknown_.empty()) end_item();
    at_ = per_day ? behind + 1 : behind;
    while (at_ < tokens_.size() && tokens_[at_].kind == TokenKind::kWord &&
           (role_of(text_at(at_)) == WordRole::kGlue || role_of(text_at(at_)) == WordRole::kChat))
      ++at_;
    return true;
  }
  kcal_ = joules ? number.value / 4.184 : number.value;
  at_ += number.tokens + 1;
  std::size_t next = at_;
  while (is_of(tokens_, next) || text_at(next) == "worth")
    ++next;
  const bool of = next > at_;
  if (text_at(next) == "a" || text_at(next) == "an") ++next;
  if (of || table_.longest_match(tokens_, next).tokens > 0) {
    // "2 100-calorie bananas"
    kcal_each_ = !of && quantity_.count && !quantity_.article && quantity_.unit == nullptr;
    at_ = of ? next : at_;
    return true;
  }
  energy_of_last();
  return true;
}

void FoodReader::energy_of_last() {
  const bool each = text_at(at_) == "each" || text_at(at_) == "per" || text_at(at_) == "apiece";
  const double said = *std::exchange(kcal_, std::nullopt);
  std::size_t in_sentence = 0;
  for (const FoodDraft& draft : drafts_)
    in_sentence += draft.sentence == sentence_count_ ? 1 : 0;
  const bool total = text_at(at_) == "total" || text_at(at_) == "altogether" ||
                     text_at(at_) == "in" || text_at(at_) == "all";
  const bool is_its = last_ != kNowhere && !drafts_[last_].kcal &&
                      (joined_ || in_brackets_ || labelled_ || in_sentence == 1);
  if (is_its && !(total && in_sentence > 1)) {
    drafts_[last_].kcal = said;
    drafts_[last_].kcal_each = each;
  } else if (sentence_.stance(true) == Stance::kEaten && !sentence_.chat()) {
    add_to(out_.unclear, format_number(said) + " kcal");
  }
  quantity_ = {};
}

}  // namespace health_agent::agent
