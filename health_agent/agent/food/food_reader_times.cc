#include "health_agent/agent/food/food_reader.h"

#include <utility>

namespace health_agent::agent {

bool FoodReader::looks_ahead(std::size_t first) const {
  if (group_start_ >= drafts_.size()) return true;
  if (at_ >= tokens_.size() || tokens_[at_].kind == TokenKind::kBreak ||
      tokens_[at_].kind == TokenKind::kClose)
    return false;
  if (tokens_[at_].kind == TokenKind::kColon) return true;
  std::size_t before = first;
  while (before > 0 && (text_at(before - 1) == "for" || text_at(before - 1) == "at" ||
                        text_at(before - 1) == "then" || text_at(before - 1) == "my"))
    --before;
  if (before == 0) return true;
  const Token& separator = tokens_[before - 1];
  const bool separated = separator.kind != TokenKind::kNumber &&
                         (separator.kind != TokenKind::kWord || separator.text == "and");
  const std::string_view next = text_at(at_);
  return (separated && tokens_[at_].kind != TokenKind::kComma && next != "and") || next == "was" ||
         next == "were";
}

bool FoodReader::another_day_follows() const {
  if (text_at(at_) != "and" && text_at(at_) != "or") return false;
  const MomentMatch next = moment_at(tokens_, at_ + 1);
  if (next.tokens == 0 || !next.moment.has_day()) return false;
  const std::size_t end = at_ + 1 + next.tokens;
  const bool ends = end >= tokens_.size() || tokens_[end].kind != TokenKind::kWord;
  return ends || group_start_ >= drafts_.size();
}

void FoodReader::time(const MomentMatch& match) {
  const std::size_t first = at_;
  if (quantity_.is_said() && number_at_ == food_end_) end_item();
  at_ += match.tokens;
  Moment said = match.moment;
  if (said.has_day() && another_day_follows()) said.unclear = true;
  if (meal_by_time_.empty()) {
    meal_by_time_ =
        said.clock && !said.half_day_unsaid ? usual_meal(*said.clock) : meal_of(said.part);
  }
  bool taken = false;
  if (!looks_ahead(first)) {
    // "pizza yesterday and 2 eggs this morning"
    const bool more = drafts_.size() > timed_;
    for (std::size_t i = more ? std::max(group_start_, timed_) : group_start_; i < drafts_.size();
         ++i) {
      Moment& moment = drafts_[i].moment;
      // "this morning at 7": the hour tells more than the part
      const bool hour_open = said.clock && !moment.clock && !moment.seconds_ago;
      const bool free = said.has_day() ? !moment.has_day() : !moment.has_time() || hour_open;
      taken = taken || free;
      if (!free) continue;
      agent::add_to(moment, said);
      // "pizza on saturday": the last one or the next?
      FoodDraft& draft = drafts_[i];
      if (said.weekday && !said.last && !draft.told && draft.meal.empty() &&
          draft.stance == Stance::kEaten)
        draft.stance = Stance::kPlanned;
    }
  }
  if (taken) {
    timed_ = drafts_.size();
    return;
  }
  if (std::exchange(forward_used_, false)) {
    forward_.clock.reset();
    forward_.part = DayPart::kNone;
    if (said.has_day() || forward_.seconds_ago) forward_ = {};
  }
  agent::add_to(forward_, said);
  if (!forward_meal_.empty() && said.has_time() && !meal_is_label_) forward_meal_ = {};
}

bool FoodReader::meal_describes() const {
  return quantity_.count && table_.longest_match(tokens_, at_).tokens > 0;
}

bool FoodReader::is_no_meal(std::size_t here) const {
  static constexpr std::array<std::string_view, 6> kNone{"no",       "skip",    "skipped",
                                                         "skipping", "nothing", "missed"};
  std::size_t before = here;
  while (before > 0 && (text_at(before - 1) == "for" || text_at(before - 1) == "my" ||
                        text_at(before - 1) == "the"))
    --before;
  return before > 0 && is_among(text_at(before - 1), kNone);
}

void FoodReader::hear_meal(std::string_view meal, std::size_t here) {
  if (meal_describes()) return;
  if (is_no_meal(here)) {
    forward_meal_ = {};
    return;
  }
  const std::string_view before = here > 0 ? text_at(here - 1) : std::string_view{};
  if (before == "after" || before == "before" || before == "between") return;
  // "pizza for lunch and dinner": once or twice?
  const WordRole other = here > 1 && (before == "and" || before == "or")
                             ? role_of(text_at(here - 2))
                             : WordRole::kUnknown;
  if (other >= WordRole::kBreakfast && other <= WordRole::kSnack)
    for (std::size_t i = 0; i < drafts_.size(); ++i)
      if (drafts_[i].sentence == sentence_count_ && drafts_[i].stance == Stance::kEaten)
        drafts_[i].stance = Stance::kUnclear;
  if (other >= WordRole::kBreakfast && other <= WordRole::kSnack) two_meals_ = sentence_count_ + 1;
  if (std::ranges::find(meals_, meal) == meals_.end()) meals_.push_back(meal);
  bool taken = false;
  if (!looks_ahead(here)) {
    // "eggs in the morning, a salad for lunch"
    const bool more = drafts_.size() > timed_;
    for (std::size_t i = more ? std::max(group_start_, timed_) : group_start_; i < drafts_.size();
         ++i) {
      if (!drafts_[i].meal.empty()) continue;
      drafts_[i].meal = meal;
      taken = true;
    }
  }
  // "at lunch a burger and then pizza for dinner": what stands right behind a food is its own
  const bool behind = before == "for" && here == food_end_ + 1 && last_ != kNowhere;
  const bool ends = at_ >= tokens_.size() || tokens_[at_].kind != TokenKind::kColon;
  if (!taken && behind && ends) {
    drafts_[last_].meal = meal;
    return;
  }
  if (taken) return;
  if (forward_meal_ != meal && std::exchange(forward_used_, false)) {
    forward_.clock.reset();
    forward_.part = DayPart::kNone;
  }
  forward_meal_ = meal;
  meal_is_label_ = at_ < tokens_.size() && tokens_[at_].kind == TokenKind::kColon;
  quantity_ = {};  // "a late breakfast"
  end_of_label();
}

void FoodReader::end_of_label() {
  group_start_ = drafts_.size();
  joined_ = false;
}

Moment FoodReader::day_of(Moment moment) {
  moment.clock.reset();
  moment.part = DayPart::kNone;
  moment.half_day_unsaid = false;
  moment.seconds_ago.reset();
  return moment;
}

void FoodReader::fill_settings() {
  // "eggs at 7, a sandwich at 1": the first was in the morning
  for (std::size_t i = 0; i + 1 < drafts_.size(); ++i) {
    Moment& first = drafts_[i].moment;
    const Moment& then = drafts_[i + 1].moment;
    if (first.clock && then.clock && first.half_day_unsaid && then.half_day_unsaid &&
        *first.clock > *then.clock && first.part == DayPart::kNone && *first.clock >= 5 * 3600 &&
        *first.clock < 12 * 3600)
      first.half_day_unsaid = false;
  }
  for (std::size_t i = 0; i < drafts_.size(); ++i) {
    FoodDraft& draft = drafts_[i];
    const bool bare = !draft.moment.has_day() && !draft.moment.has_time();
    for (std::size_t other = 0; bare && other < drafts_.size(); ++other)
      if (drafts_[other].sentence == draft.sentence && drafts_[other].moment != Moment{} &&
          (other < i || draft.moment == Moment{}))
        draft.moment = draft.meal.empty() ? drafts_[other].moment : day_of(drafts_[other].moment);
    if (!draft.meal.empty() || draft.moment.has_time()) continue;
    if (meals_.size() == 1) draft.meal = meals_.front();
    if (meals_.size() > 1 && draft.stance == Stance::kEaten) {
      last_ = i;
      add_to(out_.unclear, "which meal: " + describe(draft));
      silent_.push_back(i);
    }
    if (meals_.empty() && !meal_by_time_.empty()) draft.meal = meal_by_time_;
  }
}

}  // namespace health_agent::agent
