#include "health_agent/agent/moment.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "health_agent/agent/numbers.h"
#include "health_agent/agent/quantity.h"
#include "health_agent/agent/words.h"

namespace health_agent::agent {
namespace {

constexpr int kHour = 3600;
constexpr int kHalfDay = 12 * kHour;

constexpr std::array<std::string_view, 7> kWeekdays{"monday", "tuesday",  "wednesday", "thursday",
                                                    "friday", "saturday", "sunday"};
constexpr std::array<std::string_view, 12> kMonths{"january",   "february", "march",    "april",
                                                   "may",       "june",     "july",     "august",
                                                   "september", "october",  "november", "december"};

/// Reads one phrase from left to right; each reader takes all of its words or none.
class MomentReader {
 public:
  MomentReader(std::span<const Token> tokens, std::size_t at)
      : tokens_(tokens), start_(at), at_(at) {}

  MomentMatch read() {
    const bool found = day_by_name() || some_day() || last_or_this() || weekday() || ago() ||
                       iso_date() || month_date() || time_of_day() || part_alone() || to_come();
    if (!found || at_ == start_) return {};
    part_after();
    return {moment_, at_ - start_};
  }

 private:
  [[nodiscard]] const Token* token(std::size_t ahead = 0) const {
    return at_ + ahead < tokens_.size() ? &tokens_[at_ + ahead] : nullptr;
  }
  [[nodiscard]] bool is_word(std::string_view text, std::size_t ahead = 0) const {
    const Token* const next = token(ahead);
    return next != nullptr && next->kind == TokenKind::kWord && next->text == text;
  }
  [[nodiscard]] bool is_one_of(std::initializer_list<std::string_view> words,
                               std::size_t ahead = 0) const {
    return std::ranges::any_of(words, [&](std::string_view word) { return is_word(word, ahead); });
  }
  bool take(std::size_t count) {
    at_ += count;
    return true;
  }

  /// "over the weekend", "earlier this week", "recently": some day
  bool some_day() {
    std::size_t at = is_one_of({"over", "on", "at", "during"}) ? 1 : 0;
    if (at == 1 && is_word("the", 1)) at = 2;
    if (at > 0 && is_word("weekend", at)) {
      moment_.unclear = true;
      return take(at + 1);
    }
    if (is_word("earlier") && is_word("this", 1) && is_one_of({"week", "month", "year"}, 2)) {
      moment_.unclear = true;
      return take(3);
    }
    if (!is_one_of({"recently", "lately"})) return false;
    moment_.unclear = true;
    return take(1);
  }

  bool day_by_name() {
    if (is_word("today")) {
      moment_.days_ago = 0;
      return take(1);
    }
    const std::size_t the = is_word("the") ? 1 : 0;
    if (is_word("day", the) && is_word("before", the + 1) && is_word("yesterday", the + 2)) {
      moment_.days_ago = 2;
      return take(the + 3);
    }
    if ((is_word("just") || is_word("right")) && is_word("now", 1)) {
      moment_.seconds_ago = 0;
      return take(2);
    }
    if (is_word("the") && is_word("day", 1) && is_word("before", 2)) {
      moment_.unclear = true;
      return take(3);
    }
    if (is_word("night", the) && is_word("before", the + 1) && is_word("last", the + 2)) {
      moment_.days_ago = 2;
      moment_.part = DayPart::kEvening;
      return take(the + 3);
    }
    if (is_word("yesterday")) {
      // "yesterday's dinner" tells what was eaten, not when
      if (!tokens_[at_].possessive || is_part(1) || names_the_meal()) moment_.days_ago = 1;
      return take(1);
    }
    if (is_word("other", the) && is_one_of({"day", "night", "evening", "morning"}, the + 1)) {
      moment_.unclear = true;
      return take(the + 2);
    }
    if (is_one_of({"tonight", "tonite"})) {
      moment_.days_ago = 0;
      moment_.part = DayPart::kEvening;
      return take(1);
    }
    return false;
  }

  /// The "yesterday's" of "add an apple to yesterday's lunch", "yesterday's lunch: soup"
  [[nodiscard]] bool names_the_meal() const {
    const Token* const meal = token(1);
    if (meal == nullptr) return false;
    const WordRole role = role_of(meal->text);
    if (role < WordRole::kBreakfast || role > WordRole::kSnack) return false;
    if (at_ == 0 || tokens_[at_ - 1].kind != TokenKind::kWord) return true;
    const std::string_view before = tokens_[at_ - 1].text;
    return before == "to" || before == "for" || before == "under" || before == "in" ||
           before == "log" || before == "as" || before == "was";
  }

  bool last_or_this() {
    const bool last = is_word("last");
    if (!last && !is_word("this")) return false;
    if (is_part(1)) {
      moment_.days_ago = last ? 1 : 0;
      return take(1);
    }
    if (const int day = weekday_of(1); day >= 0) {
      moment_.weekday = day;
      moment_.last = last;
      return take(2);
    }
    if (is_one_of({"week", "month", "weekend", "year"}, 1)) {
      moment_.unclear = true;
      return take(2);
    }
    return false;
  }

  /// "on monday", "monday: ..."; but not the "sunday roast"
  bool weekday() {
    const std::size_t on = is_word("on") ? 1 : 0;
    const int day = weekday_of(on);
    if (day < 0 || token(on)->plural) return false;
    if (token(on)->possessive) return false;
    const std::string_view name = token(on)->text;
    const bool short_name = name.size() < 6;
    const bool label = token(1) != nullptr && token(1)->kind == TokenKind::kColon;
    // "sunday roast", "taco tuesday" tell no day
    const bool of_name =
        is_one_of({"roast", "special", "sundae"}, 1) ||
        (at_ > 0 && (tokens_[at_ - 1].text == "taco" || tokens_[at_ - 1].text == "meatless"));
    const bool first = at_ == 0 || tokens_[at_ - 1].kind != TokenKind::kWord;
    if (on == 0 && (of_name || (short_name && !label) || (!first && !may_stand_alone(token(1)))))
      return false;
    moment_.weekday = day;
    return take(on + 1);
  }

  static bool may_stand_alone(const Token* next) {
    static constexpr std::array<std::string_view, 21> kFollowers{
        "and",       "or",     "i",       "we",        "my",     "for",   "at",
        "morning",   "night",  "evening", "afternoon", "around", "lunch", "had",
        "breakfast", "dinner", "snack",   "ate",       "was",    "noon",  "a"};
    return next == nullptr || next->kind != TokenKind::kWord ||
           std::ranges::find(kFollowers, next->text) != kFollowers.end();
  }

  [[nodiscard]] int weekday_of(std::size_t ahead) const {
    const Token* const next = token(ahead);
    if (next == nullptr || next->kind != TokenKind::kWord || next->text.size() < 3) return -1;
    const std::string_view name =
        next->plural ? std::string_view{next->text}.substr(0, next->text.size() - 1) : next->text;
    for (std::size_t day = 0; day < kWeekdays.size(); ++day) {
      const bool abbreviated = name == kWeekdays[day].substr(0, 3) || name == "tues" ||
                               name == "thur" || name == "thurs";
      if (name == kWeekdays[day] || (abbreviated && kWeekdays[day].starts_with(name)))
        return static_cast<int>(day);
    }
    return -1;
  }

  /// "2 days ago", "an hour ago", "half an hour ago", "two nights ago"
  bool ago() {
    const SpokenNumber number = number_at(tokens_, at_);
    if (number.tokens == 0) return false;
    const std::size_t of = is_of(tokens_, at_ + number.tokens) ? 1 : 0;
    const std::size_t unit = number.tokens + of;
    const bool back = is_word("back", unit + 1);
    if (!(is_word("ago", unit + 1) || back) || token(unit)->kind != TokenKind::kWord) return false;
    if (!span_ago(token(unit)->stem, number.value)) moment_.unclear = true;
    // "a few days ago" could be any of them
    for (std::size_t i = 0; i < number.tokens; ++i)
      moment_.unclear = moment_.unclear || is_one_of({"few", "several"}, i);
    return take(unit + 2);
  }

  bool span_ago(std::string_view stem, double count) {
    if (!std::isfinite(count) || count < 0 || count > 10'000) return false;
    const auto seconds = [&](double each) {
      moment_.seconds_ago = std::llround(count * each);
      return true;
    };
    if (stem == "hour" || stem == "hr" || stem == "h") return seconds(kHour);
    if (stem == "minute" || stem == "min") return seconds(60);
    if (stem == "night" || stem == "evening") moment_.part = DayPart::kEvening;
    if (stem == "morning") moment_.part = DayPart::kMorning;
    const bool day = stem == "dai" || stem == "day" || moment_.part != DayPart::kNone;
    const double days = day ? count : stem == "week" ? 7 * count : -1;
    if (days < 0 || days != std::floor(days)) return false;
    moment_.days_ago = static_cast<int>(days);
    return true;
  }

  /// "2026-11-27"
  bool iso_date() {
    const std::size_t on = is_word("on") ? 1 : 0;
    const Token* const year = token(on);
    const Token* const month = token(on + 1);
    const Token* const day = token(on + 2);
    if (day == nullptr || year->kind != TokenKind::kNumber || !month->range || !day->range)
      return false;
    if (!(year->value >= 2000 && year->value <= 2200)) return false;
    return date(on + 3, day->value, month->value, year->value);
  }

  bool date(std::size_t tokens, double day, double month, double year) {
    const auto whole = [](double value, double most) {
      return value >= 1 && value <= most && value == std::floor(value);
    };
    if (!whole(day, 31) || !whole(month, 12)) {
      moment_.unclear = true;
    } else {
      moment_.day_of_month = static_cast<int>(day);
      moment_.month = static_cast<int>(month);
      if (year > 0) moment_.year = static_cast<int>(year);
    }
    return take(tokens);
  }

  /// "nov 27", "27th of november", "on 11/27", "on the 27th"
  bool month_date() {
    const std::size_t on = is_word("on") ? 1 : 0;
    const std::size_t the = on + (is_word("the", on) ? 1 : 0);
    const Token* const first = token(the);
    if (first == nullptr) return false;
    if (const int month = month_of(the); month > 0) {
      const std::size_t day = the + (is_word("the", the + 1) ? 2 : 1);
      const bool is_day = token(day) != nullptr && is_whole_day(*token(day));
      return is_day && date(day + 1, token(day)->value, month, 0);
    }
    if (is_whole_day(*first)) {
      const std::size_t month = the + (is_of(tokens_, at_ + the + 1) ? 2 : 1);
      if (const int number = month_of(month); number > 0)
        return date(month + 1, first->value, number, 0);
    }
    const bool ordinal = first->kind == TokenKind::kWord && first->value > 0 && is_ordinal(*first);
    const bool slashed = first->kind == TokenKind::kNumber && first->fraction &&
                         unit_at(tokens_, at_ + the + 1).unit == nullptr;
    const Token* const next = token(the + 1);
    const bool ends = next == nullptr || next->kind != TokenKind::kWord ||
                      is_one_of({"i", "we", "for", "at", "my", "around"}, the + 1);
    const bool label = slashed && next != nullptr && next->kind == TokenKind::kColon;
    if ((on == 0 && !label) || !ends || !(slashed || (ordinal && the > on))) return false;
    // 3/4 is two dates, and which month's 27th is not said
    moment_.unclear = true;
    return take(the + 1);
  }

  static bool is_ordinal(const Token& token) {
    return token.text.ends_with("th") || token.text.ends_with("st") || token.text.ends_with("nd") ||
           token.text.ends_with("rd");
  }

  static bool is_whole_day(const Token& token) {
    const bool number =
        token.kind == TokenKind::kNumber || (token.kind == TokenKind::kWord && is_ordinal(token));
    return number && !token.fraction && token.value >= 1 && token.value <= 31;
  }

  [[nodiscard]] int month_of(std::size_t ahead) const {
    const Token* const next = token(ahead);
    if (next == nullptr || next->kind != TokenKind::kWord || next->text.size() < 3) return 0;
    for (std::size_t month = 0; month < kMonths.size(); ++month)
      if (next->text == kMonths[month] || next->text == kMonths[month].substr(0, 3) ||
          (month == 8 && next->text == "sept"))
        return static_cast<int>(month) + 1;
    return 0;
  }

  // --- the time of day ---

  bool time_of_day() {
    std::size_t before = 0;
    while (before < 3 && is_one_of({"at", "around", "about", "by", "circa"}, before))
      ++before;
    const bool at = is_word("at") || (before > 0 && is_word("at", before - 1));
    near_ = before > 0 && !at;
    about_ = near_ && is_word("about", before - 1);
    at_ += before;
    if (named_time() || half_past() || clock_time() || spoken_hour(at)) return true;
    at_ -= before;
    return false;
  }

  bool named_time() {
    if (is_one_of({"noon", "midday"})) {
      moment_.part = DayPart::kNoon;
      moment_.clock = kHalfDay;
      return take(1);
    }
    if (!is_word("midnight")) return false;
    moment_.clock = 0;
    return take(1);
  }

  /// "half past 7", "quarter to 9"
  bool half_past() {
    const bool half = is_word("half");
    const std::size_t a = is_word("a") ? 1 : 0;
    const bool quarter = is_word("quarter", a);
    const std::size_t which = half ? 0 : a;
    const bool past = is_word("past", which + 1);
    if (!(half || quarter) || !(past || (quarter && is_word("to", which + 1)))) return false;
    const SpokenNumber hour = number_at(tokens_, at_ + which + 2);
    if (hour.tokens == 0 || !(hour.value >= 1 && hour.value <= 12)) return false;
    const int shift = half ? 30 * 60 : past ? 15 * 60 : -15 * 60;
    moment_.clock = static_cast<int>(hour.value) * kHour + shift;
    at_ += which + 2 + hour.tokens;
    if (!half_day()) moment_.half_day_unsaid = true;
    return true;
  }

  /// "12:30", "8:15 pm"
  bool clock_time() {
    if (token() == nullptr || token()->kind != TokenKind::kClock) return false;
    moment_.clock = static_cast<int>(token()->value) % (2 * kHalfDay);
    const bool early =
        *moment_.clock >= kHour && *moment_.clock < kHalfDay && !token()->text.starts_with('0');
    at_ += 1;
    if (is_one_of({"h", "hrs", "uhr"})) {
      ++at_;
    } else if (!half_day()) {
      moment_.half_day_unsaid = early;
    }
    return true;
  }

  /// "8am", "8.30 pm", "8 o'clock", "20h"; after "at" also "8"
  bool spoken_hour(bool at) {
    const SpokenNumber number = number_at(tokens_, at_);
    if (number.tokens == 0 || number.article) return false;
    const int clock = clock_of(number);
    if (clock < 0) return false;
    const std::size_t back = at_;
    at_ += number.tokens;
    moment_.clock = clock;
    if (half_day()) return true;
    const bool oclock = is_word("oclock");
    const bool hours = (at || near_) && is_one_of({"h", "hrs", "uhr"});
    if (oclock || hours) ++at_;
    if (oclock) half_day();
    if (oclock || hours || (at && ends_after_hour()) ||
        (near_ && ends_phrase() && !(about_ && clock > kHalfDay))) {
      moment_.half_day_unsaid = clock >= kHour && clock <= kHalfDay + kHour - 1 && !half_said_;
      return true;
    }
    at_ = back;
    moment_.clock.reset();
    return false;
  }

  /// "at 8" is a time, "at 200 g" and "at 8 euros" are not
  [[nodiscard]] bool ends_after_hour() const {
    return unit_at(tokens_, at_).unit == nullptr &&
           !is_one_of({"degrees", "euros", "dollars", "bucks", "percent", "kcal", "calories"});
  }

  /// "around 8 I had", but not "around 8 nuts"
  [[nodiscard]] bool ends_phrase() const {
    return token() == nullptr || token()->kind == TokenKind::kComma ||
           token()->kind == TokenKind::kBreak || token()->kind == TokenKind::kColon ||
           is_one_of({"i", "we", "for", "in", "yesterday", "today", "last", "this", "on"});
  }

  /// Seconds since midnight of `8`, `8.30`, `20`; -1 for what is no hour
  static int clock_of(const SpokenNumber& number) {
    if (!(number.value >= 0 && number.value <= 24)) return -1;
    const double hour = std::floor(number.value);
    const double minutes = std::round((number.value - hour) * 100);
    if (minutes > 59) return -1;
    return (static_cast<int>(hour) * kHour + static_cast<int>(minutes) * 60) % (2 * kHalfDay);
  }

  bool half_day() {
    const bool morning = is_word("am");
    if (!morning && !is_one_of({"pm", "p"})) return false;
    const int hour = *moment_.clock / kHour;
    if (hour > 12) return take(1);
    if (morning && hour == 12) *moment_.clock -= kHalfDay;
    if (!morning && hour < 12) *moment_.clock += kHalfDay;
    half_said_ = true;
    return take(1);
  }

  // --- parts of the day ---

  [[nodiscard]] bool is_part(std::size_t ahead) const {
    return is_one_of({"morning", "noon", "lunchtime", "afternoon", "evening", "night", "nite"},
                     ahead);
  }

  [[nodiscard]] DayPart part_of(std::size_t ahead) const {
    if (is_word("morning", ahead)) return DayPart::kMorning;
    if (is_one_of({"noon", "lunchtime"}, ahead)) return DayPart::kNoon;
    if (is_word("afternoon", ahead)) return DayPart::kAfternoon;
    return is_word("night", ahead) || is_word("nite", ahead) ? DayPart::kNight : DayPart::kEvening;
  }

  /// "in the morning", "at night"
  bool part_alone() {
    std::size_t part = is_word("in") || is_word("during") ? 1 : 0;
    if (part == 1 && is_word("the", 1)) part = 2;
    if (part == 0 && is_word("at") && is_one_of({"night"}, 1)) part = 1;
    if (part == 0 || !is_part(part)) return false;
    moment_.part = part_of(part);
    return take(part + 1);
  }

  /// The "morning" of "yesterday morning", the "in the morning" of "at 8 in the morning"
  void part_after() {
    std::size_t part = is_word("in") && is_word("the", 1) ? 2 : 0;
    if (part == 0 && is_word("at") && is_word("night", 1)) part = 1;
    const bool early = part == 0 && is_word("early");
    if (early || (part == 0 && is_word("late"))) part = 1;
    if (!is_part(part)) return;
    if (part == 0 && !moment_.has_day()) return;
    moment_.part = part_of(part);
    at_ += part + 1;
  }

  bool to_come() {
    std::size_t words = 0;
    if (is_word("tomorrow")) words = 1;
    if (is_word("next") &&
        (weekday_of(1) >= 0 || is_one_of({"week", "month", "weekend", "time"}, 1)))
      words = 2;
    // "in 2 hours"
    if (is_word("in")) {
      const SpokenNumber number = number_at(tokens_, at_ + 1);
      const bool of = is_of(tokens_, at_ + 1 + number.tokens);
      const std::size_t unit = 1 + number.tokens + (of ? 1 : 0);
      if (number.tokens > 0 && is_one_of({"hour", "hours", "minute", "minutes", "min", "mins",
                                          "day", "days", "week", "weeks"},
                                         unit))
        words = unit + 1;
    }
    if (words == 0) return false;
    moment_.days_ago = -1;
    return take(words);
  }

  std::span<const Token> tokens_;
  std::size_t start_;
  std::size_t at_;
  Moment moment_;
  bool half_said_ = false;
  bool near_ = false;   // "around" stands before
  bool about_ = false;  // "about" does: "grapes, about 20" tells no hour
};

}  // namespace

MomentMatch moment_at(std::span<const Token> tokens, std::size_t at) {
  return MomentReader{tokens, at}.read();
}

void add_to(Moment& moment, const Moment& said) {
  if (said.has_day()) {
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
  const int hour = second_of_day / kHour;
  if (hour >= 4 && hour < 11) return "breakfast";
  if (hour >= 11 && hour < 15) return "lunch";
  if (hour >= 17 && hour < 22) return "dinner";
  return "snack";
}

}  // namespace health_agent::agent
