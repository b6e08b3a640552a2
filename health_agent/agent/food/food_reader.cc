#include "health_agent/agent/food/food_reader.h"

#include <utility>

namespace health_agent::agent {

FoodReader::FoodReader(std::string_view message, const NutritionTable& table)
    : tokens_(tokenize(message)), table_(table), sentence_(tokens_), strange_(tokens_.size()) {
  out_.too_many = message.size() > kMaxTextBytes;
}

ParsedMessage FoodReader::run() {
  while (at_ < tokens_.size())
    step();
  end_item();
  fill_settings();
  doubt_strangers();
  weigh_all();
  // "flarn and toast": the toast says that the flarn is a food
  if (!out_.foods.empty())
    for (std::string& name : perhaps_)
      add_to(out_.unknown, std::move(name));
  const bool nothing = out_.foods.empty() && out_.mentioned.empty() && out_.unknown.empty() &&
                       out_.refused.empty() && out_.unclear.empty();
  if (nothing && !sentence_.asks_or_wishes()) only_word_is_unknown();
  out_.meal = meals_.empty() ? meal_by_time_ : meals_.front();
  out_.several_meals = meals_.size() > 1;
  out_.ate = !out_.foods.empty();
  return std::move(out_);
}

void FoodReader::step() {
  const Token& token = tokens_[at_];
  if (place() || child()) return;
  if (const MomentMatch moment = moment_at(tokens_, at_); moment.tokens > 0) return time(moment);
  if (token.kind != TokenKind::kWord && token.kind != TokenKind::kNumber) return mark(token);
  const FoodMatch match = table_.longest_match(tokens_, at_);
  if (free_of(match) || (match.tokens > 0 && (saying(match) || done_with(match)))) return;
  // A unit needs a number before it or an "of" behind it.
  const UnitMatch unit = unit_at(tokens_, at_);
  const bool of = is_of(tokens_, at_ + unit.tokens);
  const bool is_unit = unit.unit != nullptr && (quantity_.count || of);
  // "roll of sushi" is no bread, "clove of garlic" is a name; a number alone is no name.
  if (match.tokens > 1 || (match.tokens == 1 && token.kind == TokenKind::kWord && !(is_unit && of)))
    return food(match);
  if (energy()) return;
  if (const SpokenNumber number = number_here(); number.tokens > 0) return count(number);
  if (is_unit) return take_unit(unit);
  word(token);
}

std::string_view FoodReader::text_at(std::size_t at) const {
  return at < tokens_.size() ? std::string_view{tokens_[at].text} : std::string_view{};
}

void FoodReader::mark(const Token& token) {
  ++at_;
  switch (token.kind) {
    case TokenKind::kOpen:
      // "1 cup (240 ml) of milk": the food is still to come.
      held_ = quantity_.count && !quantity_.article && unknown_.empty() && number_at_ != food_end_;
      if (!held_) end_item();
      in_brackets_ = true;
      lists_parts_ = food_end_ + 1 == at_;
      break;
    case TokenKind::kClose:
      if (!held_) end_item();
      held_ = false;
      in_brackets_ = false;
      lists_parts_ = false;
      break;
    case TokenKind::kColon:
      parts_follow_ = food_end_ + 1 == at_ && last_ != kNowhere && !drafts_[last_].quantity.count &&
                      table_.longest_match(tokens_, at_).tokens > 0;
      end_item();
      labelled_ = true;
      if (at_ < tokens_.size()) sentence_.keep_over_lines();
      break;
    case TokenKind::kClock:
    case TokenKind::kDate:
      break;
    case TokenKind::kComma:
      if (compound_follows()) break;
      end_item();
      sentence_.end_clause();
      break;
    default:
      if (is_abbreviation_point(token)) break;
      end_item();
      end_sentence();
      break;
  }
}

void FoodReader::end_sentence() {
  sentence_.begin(at_);
  last_ = kNowhere;
  parts_follow_ = false;
  ++sentence_count_;
  group_start_ = drafts_.size();
  forward_.clock.reset();
  forward_.part = DayPart::kNone;
  if (!meal_is_label_) forward_meal_ = {};
}

bool FoodReader::is_abbreviation_point(const Token& point) const {
  if (point.text != "." || !quantity_.count || quantity_.unit == nullptr) return false;
  if (at_ < 2 || at_ == tokens_.size()) return false;
  if (compound_follows()) return true;
  const bool last_is_open = last_ != kNowhere && !drafts_[last_].quantity.count;
  return !last_is_open && tokens_[at_].kind == TokenKind::kWord &&
         tokens_[at_ - 2].text.size() <= 4 && find_unit(tokens_[at_ - 2]) != nullptr;
}

void FoodReader::end_item() {
  const bool stands = !sentence_.denied() && !sentence_.aside();
  const bool number = quantity_.count && !quantity_.article;
  const bool eaten = sentence_.stance(number) == Stance::kEaten;
  if (!changed_.empty() && last_ != kNowhere && unknown_.empty()) {
    drafts_[last_].as_written = changed_ + " " + std::string{drafts_[last_].name};
    doubt_last();
  }
  const std::size_t first = unknown_.empty() ? 0 : unknown_.front();
  if (!unknown_.empty() && sentence_.is_recipient(first) && group_start_ < drafts_.size()) {
    give_away();  // "2 eggs for Anna"
  } else if (!unknown_.empty() && first == food_end_ && !quantity_.is_said()) {
    mark_unknown();  // "eggs flambadou"
  } else if (!unknown_.empty()) {
    const bool listed = sentence_.speaks_of_eating() || !drafts_.empty() || !out_.unknown.empty();
    const bool like_a_food = unknown_.size() <= kMaxUnknownWords && !sentence_.chat();
    if (stands && eaten && (quantity_.is_said() || (listed && like_a_food)))
      add_to(out_.unknown, words(unknown_));
    else if (stands && eaten && like_a_food && !labels_place())
      add_to(perhaps_, words(unknown_));
    else if (!sentence_.denied() && !is_place_told(first, true))
      mark_unknown();
  } else if (number && (eat_of_last() || attach_to_last())) {
    // said after its food: "rice (150 g)"
  } else if (stands && eaten && quantity_.count && quantity_.unit != nullptr && !sentence_.chat()) {
    add_to(out_.unknown, amount_in_words(*quantity_.count * quantity_.each, quantity_.unit->name) +
                             " of something");
  } else if (stands && eaten && number && !sentence_.chat()) {
    add_to(out_.unclear, format_number(*quantity_.count));
  } else if (them_ && !quantity_.count) {
    eat_them();
  }
  begin_item();
  joined_ = false;
}

bool FoodReader::labels_place() const {
  return at_ > 0 && at_ <= tokens_.size() && tokens_[at_ - 1].kind == TokenKind::kColon;
}

void FoodReader::begin_item() {
  quantity_ = {};
  kcal_.reset();
  unknown_.clear();
  changed_.clear();
  percent_.clear();
  with_ = false;
  labelled_ = false;
  times_ = false;
  vague_ = false;
  whole_ = false;
  raw_ = false;
  state_.clear();
  light_ = false;
  them_ = false;
  or_ = false;
}

bool FoodReader::attach_to_last() {
  if (last_ == kNowhere) return false;
  Quantity& last = drafts_[last_].quantity;
  if (!last.count || last.article) {
    // "fish tacos, 3"
    const std::size_t about = text_at(food_end_ + 1) == "about" ? 1 : 0;
    const bool pieces = drafts_[last_].plural && number_at_ == food_end_ + 1 + about &&
                        tokens_[food_end_].kind == TokenKind::kComma;
    const bool directly =
        (number_at_ == food_end_ || pieces || them_) && !last.count && last.unit == nullptr;
    if (quantity_.unit == nullptr && !in_brackets_ && !labelled_ && !times_ && !directly)
      return false;
    // "toast with syrup, 2 slices": of which of them?
    if (quantity_.unit != nullptr && quantity_.unit->name == "slice" &&
        drafts_[last_].food->grams_of("slice") <= 0)
      drafts_[last_].strange = true;
    last.count = quantity_.count;
    last.article = false;
    drafts_[last_].behind = quantity_.unit == nullptr;
    if (quantity_.unit != nullptr) last.unit = quantity_.unit;
    last.each = quantity_.each;
    return true;
  }
  if (quantity_.unit == nullptr && number_at_ == food_end_ && shift_numbers()) return true;
  if (!in_brackets_ || !quantity_.is_weighed()) return false;
  // "2 chicken breasts (300 g)" is their weight together, "(150 g each)" that of one.
  last.count = each_said_ ? *last.count * *quantity_.count : *quantity_.count;
  last.unit = quantity_.unit;
  last.each = quantity_.each;
  return true;
}

bool FoodReader::shift_numbers() {
  std::size_t first = last_;
  while (first > 0 && drafts_[first].number_between && drafts_[first].quantity.unit == nullptr)
    --first;
  if (first == last_ || drafts_[first].quantity.is_said()) return false;
  for (std::size_t i = first; i < last_; ++i)
    drafts_[i].quantity = drafts_[i + 1].quantity;
  for (std::size_t i = first; i <= last_; ++i)
    drafts_[i].behind = true;
  drafts_[last_].quantity = quantity_;
  return true;
}

bool FoodReader::eat_of_last() {
  if (last_ == kNowhere || !sentence_.in_the_past()) return false;
  // "3 eggs (only ate 2)"
  const bool behind = sentence_.verb_at() >= drafts_[last_].end && quantity_.unit == nullptr &&
                      drafts_[last_].quantity.unit == nullptr;
  if ((drafts_[last_].stance == Stance::kEaten && !behind) || drafts_.size() == kMaxFoods)
    return false;
  if (sentence_.stance(true) != Stance::kEaten) return false;
  FoodDraft eaten = drafts_[last_];
  const double before = eaten.quantity.count.value_or(1);
  eaten.quantity = quantity_;
  if (quantity_.unit == nullptr && *quantity_.count < 1) {
    eaten.quantity.count = *quantity_.count * before;
    eaten.quantity.unit = drafts_[last_].quantity.unit;
    eaten.whole = true;
  }
  eaten.stance = Stance::kEaten;
  eaten.past = true;
  drafts_[last_] = std::move(eaten);
  return true;
}

void FoodReader::eat_them() {
  if (last_ == kNowhere || sentence_.stance(false) != Stance::kEaten) return;
  for (FoodDraft& draft : drafts_) {
    if (draft.sentence != drafts_[last_].sentence || draft.stance == Stance::kPlanned || draft.part)
      continue;
    draft.stance = Stance::kEaten;
    draft.past = true;
  }
}

std::string FoodReader::words(std::span<const std::size_t> at) const {
  std::string text;
  for (const std::size_t index : at.first(std::min(at.size(), kMaxUnknownWords)))
    text.append(text.empty() ? "" : " ").append(tokens_[index].text);
  return text;
}

void FoodReader::add_to(std::vector<std::string>& list, std::string text) {
  if (list.size() < kMaxUnknown && std::ranges::find(list, text) == list.end())
    list.push_back(std::move(text));
}

void FoodReader::only_word_is_unknown() {
  std::vector<std::size_t> strangers;
  for (std::size_t i = 0; i < tokens_.size() && strangers.size() <= kMaxUnknownWords; ++i) {
    if (tokens_[i].kind != TokenKind::kWord) continue;
    const WordRole role = role_of(tokens_[i].text);
    const bool meal = role >= WordRole::kBreakfast && role <= WordRole::kSnack;
    const bool silent = meal || role == WordRole::kUnknown || role == WordRole::kGlue ||
                        role == WordRole::kDescribes || role == WordRole::kOf ||
                        role == WordRole::kAnd || role == WordRole::kWith ||
                        role == WordRole::kEat || role == WordRole::kI;
    if (!silent) return;
    if (role == WordRole::kUnknown && number_at(tokens_, i).tokens == 0 &&
        find_unit(tokens_[i]) == nullptr)
      strangers.push_back(i);
  }
  if (!strangers.empty() && strangers.size() <= kMaxUnknownWords)
    add_to(out_.unknown, words(strangers));
}

}  // namespace health_agent::agent
