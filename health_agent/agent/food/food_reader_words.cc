#include "health_agent/agent/food/food_reader.h"

#include <utility>

namespace health_agent::agent {
namespace {

/// What is told by its energy, not by its weight, in grams of one of them.
constexpr std::array<std::string_view, 14> kNutrients{
    "protein", "proteins", "carbs", "carb",   "carbohydrates", "carbohydrate", "fat",
    "fats",    "fiber",    "fibre", "sugars", "caffeine",      "sodium",       "alcohol"};

/// A number before it tells a time or a way, not an amount of food.
bool is_span(std::string_view word) {
  static constexpr std::array<std::string_view, 29> kSpans{
      "day",   "days",  "week",    "weeks",   "month",     "months", "year",    "years",
      "hour",  "hours", "minute",  "minutes", "min",       "mins",   "seconds", "km",
      "mile",  "miles", "meter",   "meters",  "steps",     "step",   "degrees", "percent",
      "bucks", "euros", "dollars", "dollar",  "kilometers"};
  return is_among(word, kSpans);
}

}  // namespace

void FoodReader::word(const Token& token) {
  const std::size_t here = at_++;
  // "5% fat ground beef"
  if (token.text.ends_with('%')) {
    if (here == food_end_ && last_ != kNowhere) {
      percent_of_last(token.text);
    } else {
      percent_ = token.text;
    }
    if (is_among(text_at(at_), kNutrients)) ++at_;
    return;
  }
  const bool short_will = token.apostrophe && token.text.ends_with("ll");
  WordRole role = short_will ? WordRole::kGlue : role_of(token.text);
  if (token.text == "put" && !puts_on_record(here)) role = WordRole::kOther;
  if (token.apostrophe && token.text == "were") role = WordRole::kWe;
  const bool meal = role >= WordRole::kBreakfast && role <= WordRole::kSnack;
  if (meal && !meal_describes() && (quantity_.is_said() || !unknown_.empty())) end_item();
  const bool behind_food = here == food_end_;
  if (role != WordRole::kDescribes && role != WordRole::kGlue && role != WordRole::kRaw)
    joined_ = false;
  if (token.text == "alcohol" && sentence_.denied() && last_ != kNowhere &&
      drafts_[last_].food->alcohol > 0)
    make_free("alcohol free");
  if (!drafts_.empty() && is_taken_back(here)) taken_back_ = true;
  // "that's nuts", "that was a piece of cake": of what was nothing said to be eaten
  const bool points = token.text == "that" || token.text == "this" || token.text == "it";
  if (points && drafts_.empty() && meals_.empty() && !sentence_.was_eating() &&
      (token.possessive || role_of(text_at(at_)) == WordRole::kIs))
    strange_[here] = true;
  switch (role) {
    case WordRole::kUnknown:
      if (token.possessive && at_ < tokens_.size() && tokens_[at_].kind != TokenKind::kNumber) {
        // "Tom's birthday cake", but not "Tom's having cake"
        if (role_of(text_at(at_)) == WordRole::kEating) sentence_.hear_stranger();
        break;
      }
      if (find_unit(token) == nullptr && !is_place_told(here, false)) unknown_.push_back(here);
      break;
    case WordRole::kGlue:
      glue(token, here);
      break;
    case WordRole::kRaw:
      raw_word();
      break;
    case WordRole::kVague:
      vague_word(here);
      break;
    case WordRole::kOf:
      // "2 flurbs of rice"
      if (quantity_.count && !unknown_.empty()) vague_ = true;
      break;
    case WordRole::kThem:
      // "3 of them", "ate them"
      them_ = unknown_.empty() &&
              (quantity_.count ? text_at(here - 1) == "of" : sentence_.in_the_past());
      break;
    case WordRole::kIs:
      talked_about(Stance::kUnclear);
      break;
    case WordRole::kStored:
      // "fridge: 2 eggs"
      if (at_ < tokens_.size() && tokens_[at_].kind == TokenKind::kColon) strange_[here] = true;
      // "in the oven", but not "oven baked"
      if (token.text != "oven" || (here > 1 && text_at(here - 2) == "in"))
        talked_about(Stance::kBought);
      break;
    case WordRole::kHabit:
      if (here == 0 || text_at(here - 1) != "as") talked_about(Stance::kHabit);
      break;
    case WordRole::kWish:
      if (token.text == "recipe" || token.text == "recipes") talked_about(Stance::kAsked);
      if (token.text == "later") talked_about(Stance::kPlanned);
      end_predicate_item();
      break;
    case WordRole::kAsk:
      talked_about(Stance::kAsked);
      break;
    case WordRole::kPerson:
      // "a family size bag of crisps" is not the usual bag.
      if (token.text == "family" &&
          (text_at(at_).starts_with("size") || text_at(at_) == "bag" || text_at(at_) == "pack"))
        strange_[here] = true;
      if (sentence_.is_recipient(here)) give_away();
      if (text_at(here > 0 ? here - 1 : 0) != "and") break;
      end_predicate_item();
      break;
    case WordRole::kChat:
      nutrient(token);
      if (behind_food) joined_ = false;
      // "rice 200 g raw weight"
      if (quantity_.unit != nullptr && number_at_ == food_end_) end_item();
      if (is_span(token.text)) quantity_ = {};
      if (!is_harmless(here)) strange_[here] = true;
      if (token.text == "day" || token.text == "week") hear_habit(here);
      break;
    case WordRole::kAside:
      if (token.text == "in" && lies_in()) break;
      end_item();
      skip_number();
      break;
    case WordRole::kWith:
      end_item();
      sentence_.end_denial();
      with_ = true;
      break;
    case WordRole::kBut:
      end_item();
      sentence_.end_clause();
      if (text_at(here > 0 ? here - 1 : 0) == "everything") sentence_.hear(here, WordRole::kNegate);
      break;
    case WordRole::kAnd:
      conjunction();
      break;
    case WordRole::kNegate:
      end_item();
      break;
    case WordRole::kI:
      // "John and I had 2 pizzas"
      if (here > 1 && text_at(here - 1) == "and" && here - 2 != food_end_ - 1 &&
          role_of(text_at(here - 2)) == WordRole::kUnknown)
        sentence_.hear_stranger();
      end_predicate_item();
      break;
    case WordRole::kWe:
      // "the three of us"
      if (token.text == "us" && here > 0 && text_at(here - 1) == "of" && unknown_.empty())
        quantity_ = {};
      end_predicate_item();
      // "3 eggs between us"
      if (token.text == "us" && here > 0 &&
          (text_at(here - 1) == "between" || text_at(here - 1) == "among" ||
           text_at(here - 1) == "for"))
        talked_about(Stance::kShared);
      break;
    case WordRole::kEat:
    case WordRole::kEating:
      // "John had 2 eggs", "a banana has 100 calories"
      if (behind_food && sentence_.is_bare()) talked_about(Stance::kUnclear);
      if (!unknown_.empty()) sentence_.hear_stranger();
      unknown_.clear();
      break;
    case WordRole::kLog:
    case WordRole::kBuy:
    case WordRole::kMake:
    case WordRole::kLike:
    case WordRole::kOther:
      if (text_at(at_) == "list" || text_at(at_) == "cart") put_on_list();
      if (token.text == "fried" || token.text == "deepfried") hear_state(token);
      // "my coffee got cold"
      if (behind_food && (role == WordRole::kOther || token.text == "makes" ||
                          token.text == "make" || token.text == "give"))
        talked_about(Stance::kUnclear);
      mark_unknown();
      unknown_.clear();
      break;
    case WordRole::kBreakfast:
      hear_meal("breakfast", here);
      break;
    case WordRole::kLunch:
      hear_meal("lunch", here);
      break;
    case WordRole::kDinner:
      hear_meal("dinner", here);
      break;
    case WordRole::kSnack:
      hear_meal("snack", here);
      break;
    case WordRole::kMorning:
      hear_part(DayPart::kMorning);
      break;
    case WordRole::kNoon:
      hear_part(DayPart::kNoon);
      break;
    case WordRole::kEvening:
      if (behind_food && token.text == "night") strange_[here] = true;  // "pizza night"
      hear_part(DayPart::kEvening);
      break;
    case WordRole::kDescribes:
      if (token.text == "light" || token.text == "lite" || token.text == "reduced" ||
          token.text == "skinny" || (token.text == "low" && text_at(at_) != "sodium"))
        light_ = true;
      hear_state(token);
      break;
    default:
      if (const double factor = size_factor(role); factor != 1) quantity_.size = factor;
      break;
  }
  const bool acts = role == WordRole::kOther || role == WordRole::kBuy || role == WordRole::kLike;
  sentence_.hear(here, role);
  if (acts && sentence_.stance(true) == Stance::kEaten && !is_harmless(here)) strange_[here] = true;
}

bool FoodReader::puts_on_record(std::size_t here) const {
  static constexpr std::array<std::string_view, 6> kRecord{"down",      "log",   "diary",
                                                           "breakfast", "lunch", "dinner"};
  bool record = false;
  for (std::size_t i = here + 1;
       i < tokens_.size() && tokens_[i].kind != TokenKind::kBreak && i < here + 12; ++i) {
    if (text_at(i) == "list" || role_of(text_at(i)) == WordRole::kStored) return false;
    record = record || is_among(text_at(i), kRecord);
  }
  return record;
}

void FoodReader::hear_habit(std::size_t here) {
  const std::string_view before = here > 0 ? text_at(here - 1) : std::string_view{};
  if (before != "a" && before != "per" && before != "each") return;
  for (FoodDraft& draft : drafts_)
    if (draft.sentence == sentence_count_ && draft.stance == Stance::kEaten)
      draft.stance = Stance::kHabit;
}

void FoodReader::hear_part(DayPart part) {
  if (meal_by_time_.empty()) meal_by_time_ = meal_of(part);
  // "morning: coffee"
  if (at_ >= tokens_.size() || tokens_[at_].kind != TokenKind::kColon) return;
  forward_.clock.reset();
  forward_.part = part;
}

void FoodReader::end_predicate_item() {
  if (quantity_.count || !unknown_.empty()) end_item();
}

void FoodReader::glue(const Token& token, std::size_t here) {
  each_said_ = each_said_ || token.text == "each";
  if (token.text == "each" && here == food_end_) hear_each();
  times_ = times_ || token.text == "x" || token.text == "times";
  whole_ = whole_ || token.text == "whole" || token.text == "entire";
  if ((token.text == "rest" || token.text == "some" || token.text == "most" ||
       token.text == "more") &&
      is_of(tokens_, at_))
    vague_ = true;
  if (token.text == "then") {
    end_item();
    sentence_.end_predicate();
  }
  if (token.text == "for" && (text_at(at_) == "me" || text_at(at_) == "myself"))
    group_start_ = std::max(group_start_, drafts_.size());
  if (token.text == "out" && is_of(tokens_, at_) && !quantity_.count) strange_[here] = true;
  // "2 eggs for her", "my usual breakfast"
  const bool ends =
      at_ >= tokens_.size() || tokens_[at_].kind != TokenKind::kWord || text_at(at_) == "and";
  if ((token.text == "her" || token.text == "their" || token.text == "you") && ends &&
      sentence_.is_recipient(here))
    give_away();
  const WordRole next_role = role_of(text_at(at_));
  if ((token.text == "usual" || token.text == "normal" || token.text == "regular" ||
       token.text == "typical") &&
      next_role >= WordRole::kBreakfast && next_role <= WordRole::kSnack)
    sentence_.hear(here, WordRole::kHabit);

  if (token.text == "or" && here > 0 && joined_) or_ = true;
  if (token.text == "rather" && text_at(at_) == "than") {
    end_item();
    sentence_.hear(here, WordRole::kNegate);
  }
  if (token.text == "so" && here > 0) sentence_.end_predicate();
}

void FoodReader::hear_each() {
  if (last_ == kNowhere || last_ == 0 || !drafts_[last_].quantity.is_said()) return;
  const FoodDraft& before = drafts_[last_ - 1];
  if (before.sentence == sentence_count_ && before.quantity.count.value_or(1) > 1)
    drafts_[last_].strange = true;
}

void FoodReader::raw_word() {
  const bool alone = quantity_.count == std::nullopt && unknown_.empty();
  if (last_ != kNowhere && (joined_ || alone) && table_.longest_match(tokens_, at_).tokens == 0 &&
      !raw_food_follows()) {
    raw_last();
  } else {
    raw_ = true;
  }
}

bool FoodReader::raw_food_follows() const {
  const WordRole next = role_of(text_at(at_));
  return at_ < tokens_.size() && tokens_[at_].kind == TokenKind::kWord &&
         (next == WordRole::kDescribes || next == WordRole::kUnknown);
}

void FoodReader::vague_word(std::size_t here) {
  const std::string_view text = text_at(here);
  const std::string_view before = here > 0 ? text_at(here - 1) : std::string_view{};
  const bool how_much =
      (text == "much" || text == "many") && before != "how" && before != "as" && before != "very";
  const bool little = text == "little" && before == "a" && text_at(here + 1) != "bit";
  if (how_much || little || is_of(tokens_, at_)) vague_ = true;
  quantity_ = {};
}

void FoodReader::nutrient(const Token& token) {
  if (!quantity_.count || quantity_.unit == nullptr || !is_among(token.text, kNutrients)) return;
  if (quantity_.unit->kind != UnitKind::kMass || last_ == kNowhere) return;
  FoodDraft& draft = drafts_[last_];
  if (!(draft.quantity.is_weighed() || draft.kcal)) doubt_last();
}

void FoodReader::conjunction() {
  if (compound_follows()) return;
  end_item();
  sentence_.end_predicate();
  // "no bread and a salad"
  if (sentence_.denied() && at_ < tokens_.size() &&
      (tokens_[at_].kind == TokenKind::kNumber || number_at(tokens_, at_).tokens > 0 ||
       text_at(at_) == "extra" || text_at(at_) == "some"))
    sentence_.end_denial();
}

void FoodReader::talked_about(Stance stance) {
  for (FoodDraft& draft : drafts_)
    if (draft.sentence == sentence_count_ && !draft.past && draft.stance == Stance::kEaten &&
        draft.meal.empty())
      draft.stance = stance;
}

void FoodReader::put_on_list() {
  for (FoodDraft& draft : drafts_)
    if (draft.sentence == sentence_count_) draft.stance = Stance::kBought;
}

void FoodReader::give_away() {
  for (std::size_t i = group_start_; i < drafts_.size(); ++i)
    if (drafts_[i].sentence == sentence_count_) drafts_[i].stance = Stance::kOthers;
  group_start_ = drafts_.size();
}

void FoodReader::skip_number() {
  if (at_ >= tokens_.size() || tokens_[at_].kind != TokenKind::kNumber) return;
  const std::size_t next = at_ + number_at(tokens_, at_).tokens;
  // "after 3 burgers"
  if (unit_at(tokens_, next).unit == nullptr && table_.longest_match(tokens_, next).tokens == 0)
    at_ = next;
}

}  // namespace health_agent::agent
