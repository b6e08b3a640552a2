#include "health_agent/agent/food/moment.h"

#include <algorithm>
#include <array>
#include <string>

#include "health_agent/agent/food/moment_reader.h"
#include "health_agent/agent/food/quantity.h"
#include "health_agent/agent/food/words.h"

namespace health_agent::agent {
namespace {

constexpr std::array<std::string_view, 7> kWeekdays{"monday", "tuesday",  "wednesday", "thursday",
                                                    "friday", "saturday", "sunday"};

struct Nickname {
  std::string_view word;
  int day;
};
/// Short and misspelt weekdays
constexpr std::array kNicknames{
    Nickname{"tues", 1},     Nickname{"weds", 2},      Nickname{"thur", 3},
    Nickname{"thurs", 3},    Nickname{"munday", 0},    Nickname{"tusday", 1},
    Nickname{"teusday", 1},  Nickname{"tuseday", 1},   Nickname{"wensday", 2},
    Nickname{"wednsday", 2}, Nickname{"wendesday", 2}, Nickname{"wenesday", 2},
    Nickname{"wednesay", 2}, Nickname{"thrusday", 3},  Nickname{"thurday", 3},
    Nickname{"thursdy", 3},  Nickname{"firday", 4},    Nickname{"saterday", 5},
    Nickname{"saturdy", 5},  Nickname{"satuday", 5}};

/// What may follow a day that no "on" leads
constexpr std::array<std::string_view, 29> kFollowers{
    "and",   "or",        "i",      "we",    "my",    "for",    "at",      "around",
    "lunch", "breakfast", "dinner", "snack", "ate",   "was",    "morning", "night",
    "had",   "evening",   "noon",   "a",     "about", "brunch", "supper",  "afternoon",
    "in",    "an",        "from",   "with",  "drank"};

}  // namespace

MomentMatch MomentReader::read() {
  const bool since = is_word("since");
  if (since) take(1);
  const bool found = ago() || today_or_yesterday() || day_before() || within_a_span() ||
                     part_of_a_span() || some_day() || last_or_this() || weekday() ||
                     calendar_date() || season() || feast() || time_of_day() || part_alone() ||
                     to_come() || day_not_known();
  if (!found || at_ == start_) return {};
  // "since yesterday": on which of the days?
  if (since && moment_.has_day() && moment_.days_ago.value_or(1) != 0) moment_.unclear = true;
  part_after();
  return {moment_, at_ - start_};
}

bool MomentReader::is_one_of(std::initializer_list<std::string_view> words,
                             std::size_t ahead) const {
  return std::ranges::any_of(words, [&](std::string_view word) { return is_word(word, ahead); });
}

/// The number before it is one of a food, of money or of hours.
bool MomentReader::is_amount(std::size_t ahead) const {
  return unit_at(tokens_, at_ + ahead).unit != nullptr || is_of(tokens_, at_ + ahead) ||
         is_one_of({"kcal", "kcals", "cal", "cals", "calories", "calorie", "kj", "euro", "euros",
                    "dollars", "bucks", "percent", "degrees", "hour", "hours", "minutes", "min",
                    "km", "miles"},
                   ahead);
}

bool MomentReader::may_stand_alone(std::size_t ahead) const {
  return !is_kind(TokenKind::kWord, ahead) ||
         std::ranges::find(kFollowers, token(ahead)->text) != kFollowers.end();
}

bool MomentReader::today_or_yesterday() {
  if (is_word("today")) {
    moment_.days_ago = 0;
    return take(1);
  }
  if (is_one_of({"just", "right"}) && is_word("now", 1)) {
    moment_.seconds_ago = 0;
    return take(2);
  }
  if (is_one_of({"tonight", "tonite"})) {
    moment_.days_ago = 0;
    moment_.part = DayPart::kEvening;
    return take(1);
  }
  if (!is_one_of({"yesterday", "yday", "yesturday", "yesteday", "yesterdy", "yestarday", "ysterday",
                  "yeserday", "yesteray", "yestrday"}))
    return false;
  // "yesterday's dinner" tells what was eaten, not when
  if (!tokens_[at_].possessive || is_part(1) || names_the_meal()) moment_.days_ago = 1;
  return take(1);
}

/// "the day before yesterday", "the night before", "the week before last"
bool MomentReader::day_before() {
  const std::size_t the = is_word("the") ? 1 : 0;
  if (!is_word("before", the + 1)) return false;
  if (is_word("day", the) && is_one_of({"yesterday", "yday", "yesturday"}, the + 2)) {
    moment_.days_ago = 2;
    return take(the + 3);
  }
  if (is_word("night", the) && is_word("last", the + 2)) {
    moment_.days_ago = 2;
    moment_.part = DayPart::kEvening;
    return take(the + 3);
  }
  const bool span =
      is_part(the) || weekday_of(the) >= 0 || is_one_of({"day", "week", "weekend", "month"}, the);
  const bool last = is_word("last", the + 2);
  if (!span || !(last || the == 1)) return false;
  return take_unclear(the + (last ? 3 : 2));
}

/// The "yesterday's" of "add an apple to yesterday's lunch", "yesterday's lunch: soup"
bool MomentReader::names_the_meal() const {
  const Token* const meal = token(1);
  if (meal == nullptr) return false;
  const WordRole role = role_of(meal->text);
  if (role < WordRole::kBreakfast || role > WordRole::kSnack) return false;
  if (at_ == 0 || tokens_[at_ - 1].kind != TokenKind::kWord) return true;
  static constexpr std::array<std::string_view, 7> kBefore{"to",  "for", "under", "in",
                                                           "log", "as",  "was"};
  return std::ranges::find(kBefore, tokens_[at_ - 1].text) != kBefore.end();
}

/// "over the weekend", "the other day", "recently": some day
bool MomentReader::some_day() {
  std::size_t at = is_one_of({"over", "on", "at", "during", "in"}) ? 1 : 0;
  const bool lead = at == 1;
  const bool the = is_word("the", at);
  if (the) ++at;
  if ((lead || the) && is_word("weekend", at)) return take_unclear(at + 1);
  if (lead && the && is_one_of({"week", "month"}, at)) return take_unclear(at + 1);
  if (is_word("other", at) && (is_part(at + 1) || is_one_of({"day", "week", "weekend"}, at + 1)))
    return take_unclear(at + 2);
  if (the && is_one_of({"next", "following", "previous"}, at) &&
      (is_part(at + 1) || is_one_of({"day", "week"}, at + 1)))
    return take_unclear(at + 2);
  if (is_one_of({"one", "some"}) && (is_word("day", 1) || is_part(1)) && may_stand_alone(2))
    return take_unclear(2);
  return is_one_of({"recently", "lately", "someday"}) && take_unclear(1);
}

/// "earlier this week", "at the start of the week"
bool MomentReader::part_of_a_span() {
  const std::size_t at = is_one_of({"earlier", "of", "early", "in"}) ? 1 : 0;
  if (at == 0) return false;
  const std::size_t in = at + (is_word("in", at) ? 1 : 0);
  const bool earlier = !is_word("in") && is_one_of({"this", "the", "last"}, in);
  return earlier && is_one_of({"week", "month", "year", "weekend"}, in + 1) && take_unclear(in + 2);
}

/// "last night", "this morning", "this past monday", "last week"
bool MomentReader::last_or_this() {
  const bool last =
      is_one_of({"last", "past"}) || (is_word("this") && is_one_of({"past", "last"}, 1));
  if (!last && !is_word("this")) return false;
  const std::size_t at = is_word("this") && last ? 2 : 1;
  if (is_part(at) && !is_word("past")) {
    moment_.days_ago = last ? 1 : 0;
    return take(at);
  }
  if (const int day = weekday_of(at); day >= 0) {
    moment_.weekday = day;
    moment_.last = last;
    return take(at + 1);
  }
  const bool span = is_one_of({"week", "month", "weekend", "year", "fortnight"}, at) ||
                    (last && is_word("time", at) && !is_word("past"));
  return span && take_unclear(at + 1);
}

/// "on monday", "monday: ...", "Mon. 23 Nov"; but not the "sunday roast"
bool MomentReader::weekday() {
  const std::size_t on = is_word("on") ? 1 : 0;
  const int day = weekday_of(on);
  const bool short_name = day >= 0 && token(on)->text.size() < 6;
  if (day < 0 || (token(on)->plural && !short_name) || token(on)->possessive) return false;
  const bool first = at_ == 0 || tokens_[at_ - 1].kind != TokenKind::kWord;
  // "Mon." of a sentence that goes on
  std::size_t end = on + 1;
  if (short_name && is_point(end) && (on == 1 || first) && token(end + 1) != nullptr) ++end;
  const std::size_t comma = end + (is_kind(TokenKind::kComma, end) ? 1 : 0);
  const Date date = date_at(comma, true);
  const bool label = is_kind(TokenKind::kColon, end);
  // "sunday roast", "taco tuesday" tell no day
  const bool of_name =
      is_one_of({"roast", "special", "sundae"}, 1) ||
      (at_ > 0 && (tokens_[at_ - 1].text == "taco" || tokens_[at_ - 1].text == "meatless"));
  const bool subject = first && is_one_of({"i", "we", "morning", "night", "evening", "afternoon",
                                           "lunch", "dinner", "breakfast", "had", "ate"},
                                          end);
  // "monday to friday": on which of them?
  const bool hyphen = weekday_of(end) >= 0 && token(end)->after_hyphen;
  const bool range = hyphen || (is_one_of({"to", "through", "thru", "till", "until"}, end) &&
                                weekday_of(end + 1) >= 0);
  const bool told = label || subject || range || (date.tokens > 0 && date.month > 0);
  if (on == 0 && !told && (of_name || short_name || (!first && !may_stand_alone(end))))
    return false;
  moment_.weekday = day;
  take(end);
  if (range) return take_unclear(hyphen ? 1 : 2);
  if (date.tokens == 0) return true;
  set_date(date);
  return take(comma - end + date.tokens);
}

int MomentReader::weekday_of(std::size_t ahead) const {
  const Token* const next = token(ahead);
  if (next == nullptr || next->kind != TokenKind::kWord || next->text.size() < 3) return -1;
  const auto nick = std::ranges::find(kNicknames, std::string_view{next->text}, &Nickname::word);
  if (nick != kNicknames.end()) return nick->day;
  const std::string_view name =
      next->plural ? std::string_view{next->text}.substr(0, next->text.size() - 1) : next->text;
  for (std::size_t day = 0; day < kWeekdays.size(); ++day)
    if (name == kWeekdays[day] || name == kWeekdays[day].substr(0, 3)) return static_cast<int>(day);
  return -1;
}

bool MomentReader::to_come() {
  std::size_t words = 0;
  if (is_one_of({"tomorrow", "tomorow", "tommorow", "tommorrow", "tmrw", "tmr", "2morrow"}))
    words = 1;
  const std::size_t coming =
      is_one_of({"this", "the"}) && is_one_of({"coming", "upcoming"}, 1) ? 1 : 0;
  if (is_one_of({"next", "coming", "upcoming"}, coming) &&
      (weekday_of(coming + 1) >= 0 || is_one_of({"week", "month", "weekend", "time"}, coming + 1)))
    words = coming + 2;
  // "in 2 hours"
  if (is_word("in")) {
    const SpokenNumber number = number_at(tokens_, at_ + 1);
    const bool of = is_of(tokens_, at_ + 1 + number.tokens);
    const std::size_t unit = 1 + number.tokens + (of ? 1 : 0);
    if (number.tokens > 0 && is_one_of({"hour", "hours", "minute", "minutes", "min", "mins", "day",
                                        "days", "week", "weeks"},
                                       unit))
      words = unit + 1;
  }
  if (words == 0) return false;
  moment_.days_ago = -1;
  return take(words);
}

MomentMatch moment_at(std::span<const Token> tokens, std::size_t at) {
  return MomentReader{tokens, at}.read();
}

void add_to(Moment& moment, const Moment& said) {
  const bool dated = moment.day_of_month || moment.days_ago.value_or(0) >= kDaysOfWeek;
  const bool other = said.weekday && dated && !said.day_of_month;
  // "on monday, a week ago"; "two weeks ago, on monday"
  const bool far = (moment.weekday && said.days_ago.value_or(0) >= kDaysOfWeek) ||
                   (other && !moment.day_of_month);
  if (far) {
    moment.unclear = true;
  } else if (other) {
    moment.weekday = said.weekday;  // "the 24th, on tuesday"
  } else if (said.has_day()) {
    moment.days_ago = said.days_ago;
    moment.weekday = said.weekday;
    moment.month = said.month;
    moment.day_of_month = said.day_of_month;
    moment.year = said.year;
    moment.seconds_ago = said.seconds_ago;
    moment.last = said.last;
    moment.unclear = moment.unclear || said.unclear;
  }
  if (said.clock) {
    moment.clock = said.clock;
    moment.half_day_unsaid = said.half_day_unsaid;
  }
  if (said.part != DayPart::kNone) moment.part = said.part;
}

std::string_view meal_of(DayPart part) noexcept {
  switch (part) {
    case DayPart::kMorning:
      return "breakfast";
    case DayPart::kNoon:
      return "lunch";
    case DayPart::kAfternoon:
      return "snack";
    case DayPart::kEvening:
    case DayPart::kNight:
      return "dinner";
    case DayPart::kNone:
      break;
  }
  return {};
}

std::string_view usual_meal(int second_of_day) noexcept {
  const int hour = second_of_day / 3600;
  if (hour >= 4 && hour < 11) return "breakfast";
  if (hour >= 11 && hour < 15) return "lunch";
  if (hour >= 17 && hour < 22) return "dinner";
  return "snack";
}

}  // namespace health_agent::agent
