#include <cmath>

#include "health_agent/agent/food/moment_reader.h"
#include "health_agent/agent/food/quantity.h"

namespace health_agent::agent {

/// "in the last 3 days", "over the past week": on which of them?
bool MomentReader::within_a_span() {
  std::size_t at = 0;
  while (at < 2 && is_one_of({"in", "over", "during", "within", "for", "these", "the"}, at))
    ++at;
  if (at == 0 || !is_one_of({"last", "past", "previous"}, at)) return false;
  const SpokenNumber number = number_at(tokens_, at_ + at + 1);
  std::size_t unit = at + 1 + number.tokens;
  if (is_of(tokens_, at_ + unit)) ++unit;
  if (is_one_of({"hour", "hours", "minutes", "minute"}, unit)) {
    if (number.value > 2) moment_.unclear = true;
    moment_.seconds_ago = 0;
    return take(unit + 1);
  }
  return is_one_of({"day", "days", "nights", "week", "weeks", "weekends", "month", "months", "year",
                    "years"},
                   unit) &&
         take_unclear(unit + 1);
}

/// "2 days ago", "half an hour ago", "about 1 hour 20 minutes ago", "a week ago yesterday"
bool MomentReader::ago() {
  const std::size_t back = at_;
  if (is_one_of({"moments", "minutes", "seconds"}) && is_word("ago", 1)) {
    moment_.seconds_ago = 0;
    return take(2);
  }
  for (int words = 0;
       words < 4 && is_one_of({"about", "around", "roughly", "approximately", "approx", "like",
                               "just", "over", "almost", "nearly", "some", "maybe", "only", "more",
                               "less", "than", "at", "least"});
       ++words)
    take(1);
  const Token* unit = nullptr;
  while (true) {
    if (unit != nullptr && is_word("or")) {
      // "a day or two ago", "an hour or so ago"
      const SpokenNumber more = number_at(tokens_, at_ + 1);
      const bool hours = moment_.seconds_ago.has_value();
      if (!is_word("so", 1) && more.tokens == 0) break;
      if (!hours) moment_.unclear = true;
      if (hours && more.tokens > 0) add_span(*unit, (more.value - 1) / 2);
      take(more.tokens > 0 ? 1 + more.tokens : 2);
      if (more.tokens > 0 && token() != nullptr && token()->stem == unit->stem) take(1);
      continue;
    }
    const std::size_t link =
        unit != nullptr && (is_word("and") || is_kind(TokenKind::kComma, 0)) ? 1 : 0;
    const SpokenNumber number = number_at(tokens_, at_ + link);
    if (number.tokens == 0) break;
    std::size_t after = link + number.tokens;
    if (is_of(tokens_, at_ + after)) ++after;
    const bool ends = (is_ago(after) || is_word("or", after));
    // "an hour and a half ago", "1h20 ago"
    if (ends && unit != nullptr) {
      const bool minutes = number.value >= 1 && moment_.seconds_ago.has_value();
      if (!add_span(*unit, minutes ? number.value / 60 : number.value)) break;
      take(after);
      continue;
    }
    if (!is_kind(TokenKind::kWord, after)) break;
    if (unit == nullptr && !ago_follows(after + 1)) break;
    // "a few days ago" could be any of them
    for (std::size_t i = 0; i < number.tokens; ++i)
      moment_.unclear = moment_.unclear || is_one_of({"few", "several"}, link + i);
    unit = token(after);
    if (!add_span(*unit, number.value)) {
      const bool long_ago = unit->stem == "month" || unit->stem == "year";
      if (!long_ago && !is_word("ago", after + 1)) break;
      moment_.unclear = true;
    }
    take(after + 1);
  }
  if (unit != nullptr && is_ago(0)) {
    // "2 hours earlier": than what?
    if (is_one_of({"earlier", "prior"})) moment_.unclear = true;
    take(1);
    return day_behind_ago();
  }
  at_ = back;
  moment_ = {};
  // "some time ago"
  return is_word("ago") && take_unclear(1);
}

bool MomentReader::is_ago(std::size_t ahead) const {
  return is_one_of({"ago", "back", "earlier", "prior"}, ahead);
}

/// Only what ends in "ago" is such a time: not every number before a word is looked at closely.
bool MomentReader::ago_follows(std::size_t ahead) const {
  constexpr std::size_t kMostTokens = 9;
  for (std::size_t i = ahead; i < ahead + kMostTokens && token(i) != nullptr; ++i)
    if (is_ago(i)) return true;
  return false;
}

/// Adds so many of a unit to what is ago already; false for what is no such unit.
bool MomentReader::add_span(const Token& unit, double count) {
  const std::string_view stem = unit.stem;
  if (!std::isfinite(count) || count > 10'000 || (count < 0 && !moment_.seconds_ago)) return false;
  const auto seconds = [&](double each) {
    const double days = moment_.days_ago.value_or(0) * 24.0 * kHour;
    moment_.days_ago.reset();
    moment_.seconds_ago =
        std::llround(days) + moment_.seconds_ago.value_or(0) + std::llround(count * each);
    return true;
  };
  if (stem == "hour" || stem == "hr" || stem == "h") return seconds(kHour);
  if (stem == "minute" || stem == "min" || stem == "m") return seconds(60);
  if (stem == "second" || stem == "sec" || stem == "moment") return seconds(1);
  if (stem == "night" || stem == "evening") moment_.part = DayPart::kEvening;
  if (stem == "morning") moment_.part = DayPart::kMorning;
  if (stem == "afternoon") moment_.part = DayPart::kAfternoon;
  const bool day = stem == "dai" || stem == "day" || moment_.part != DayPart::kNone;
  const double days = day                   ? count
                      : stem == "week"      ? kDaysOfWeek * count
                      : stem == "fortnight" ? 2 * kDaysOfWeek * count
                                            : -1;
  if (days < 0 || days != std::floor(days)) return false;
  moment_.days_ago = moment_.days_ago.value_or(0) + static_cast<int>(days);
  return !moment_.seconds_ago;
}

/// "two weeks ago yesterday", "a week ago on monday"
bool MomentReader::day_behind_ago() {
  const std::size_t on = is_one_of({"on", "last", "this"}) ? 1 : 0;
  if (weekday_of(on) >= 0) return take_unclear(on + 1);
  if (!moment_.days_ago) return true;
  if (is_word("yesterday")) ++*moment_.days_ago;
  if (is_word("tomorrow")) --*moment_.days_ago;
  return !is_one_of({"yesterday", "today", "tomorrow"}) || take(1);
}

}  // namespace health_agent::agent
