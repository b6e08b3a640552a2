#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string>

#include "health_agent/agent/food/moment_reader.h"
#include "health_agent/agent/food/quantity.h"
#include "health_agent/agent/food/words.h"

namespace health_agent::agent {
namespace {

constexpr int kMostMonths = 12;
constexpr int kMostDays = 31;

constexpr std::array<std::string_view, 12> kMonths{"january",   "february", "march",    "april",
                                                   "may",       "june",     "july",     "august",
                                                   "september", "october",  "november", "december"};

bool is_ordinal(const Token& token) {
  return token.kind == TokenKind::kWord && token.value > 0 &&
         (token.text.ends_with("th") || token.text.ends_with("st") || token.text.ends_with("nd") ||
          token.text.ends_with("rd"));
}

/// A number of figures alone, also the 24 of "nov-24", from `least` to `most`; 0 for none
int whole_number(const Token* token, int least, int most) {
  if (token == nullptr) return 0;
  const bool figures = token->kind == TokenKind::kNumber || token->kind == TokenKind::kWord;
  if (!figures || token->fraction) return 0;
  if (!std::ranges::all_of(token->text, [](char c) { return c >= '0' && c <= '9'; })) return 0;
  const bool fits = token->value >= least && token->value <= most;
  return fits ? static_cast<int>(token->value) : 0;
}

/// "24", "24th"
int day_number(const Token* token) {
  if (token != nullptr && is_ordinal(*token) && token->value <= kMostDays)
    return static_cast<int>(token->value);
  return whole_number(token, 1, kMostDays);
}

/// The numbers of "24.11.2026", at most three
struct Figures {
  std::array<int, 3> number{};
  std::array<std::size_t, 3> digits{};
  std::size_t count = 0;
  char mark = ' ';
};

Figures figures_of(std::string_view text) {
  Figures all;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at < end && all.count < all.number.size()) {
    const auto [next, error] = std::from_chars(at, end, all.number.at(all.count));
    if (error != std::errc{}) return {};
    all.digits.at(all.count++) = static_cast<std::size_t>(next - at);
    if (next == end) return all;
    all.mark = *next;
    at = next + 1;
  }
  return {};
}

/// "may", "spring" and the like are months and seasons only behind such a word
bool leads_to_a_month(std::string_view word) {
  static constexpr std::array<std::string_view, 9> kLeads{"in",  "during", "last", "this", "since",
                                                          "mid", "early",  "late", "past"};
  return std::ranges::find(kLeads, word) != kLeads.end();
}

}  // namespace

/// "nov 24", "24th of november 2026", "on 24/11", "11/24/2026", "on the 24th"
bool MomentReader::calendar_date() {
  const std::size_t on = is_word("on") ? 1 : 0;
  Date date = date_at(on, on > 0);
  if (date.tokens == 0) return false;
  set_date(date);
  take(on + date.tokens);
  // "on 24.11. I had": a point, and no full stop
  if (begins_sentence() && date.month > 0 && is_point(0) && token(1) != nullptr &&
      tokens_[at_ - 1].kind == TokenKind::kNumber)
    take(1);
  // "Nov 24 (Tuesday)", "24.11., a Tuesday"
  const std::size_t between = is_kind(TokenKind::kComma, 0) || is_kind(TokenKind::kOpen, 0) ? 1 : 0;
  if (const int day = weekday_of(between); between > 0 && day >= 0 && !moment_.weekday) {
    moment_.weekday = day;
    take(between + 1);
  }
  return true;
}

void MomentReader::set_date(const Date& date) {
  if (date.unclear) {
    moment_.unclear = true;
    return;
  }
  moment_.day_of_month = date.day;
  if (date.month > 0) moment_.month = date.month;
  if (date.year > 0) moment_.year = date.year;
}

MomentReader::Date MomentReader::date_at(std::size_t ahead, bool on) const {
  Date date = written_date(ahead);
  if (date.tokens == 0) date = named_month(ahead);
  if (date.tokens == 0) date = day_and_month(ahead, on);
  if (date.tokens == 0) date = day_alone(ahead);
  return date;
}

/// "11/24/2026", "24.11.26", "2026-11-24"
MomentReader::Date MomentReader::written_date(std::size_t ahead) const {
  if (!is_kind(TokenKind::kDate, ahead)) return {};
  const Figures figures = figures_of(token(ahead)->text);
  Date date;
  date.tokens = 1;
  const bool year_first = figures.digits[0] == 4;
  const int first = figures.number[year_first ? 1 : 0];
  const int second = figures.number[year_first ? 2 : 1];
  date.year = figures.number[year_first ? 0 : 2];
  if (date.year < 100) date.year += 2000;
  const bool month_first = year_first || (second > kMostMonths && first <= kMostMonths);
  date.month = month_first ? first : second;
  date.day = month_first ? second : first;
  // Who writes 03/04/2026 may mean either
  const bool either =
      !year_first && first != second && first <= kMostMonths && second <= kMostMonths;
  date.unclear =
      either || date.month < 1 || date.month > kMostMonths || date.day < 1 || date.day > kMostDays;
  return date;
}

/// "nov 24", "Nov. 24, 2026", "the 24th of november", "24 Nov"
MomentReader::Date MomentReader::named_month(std::size_t ahead) const {
  const std::size_t the = ahead + (is_word("the", ahead) ? 1 : 0);
  Date date;
  if (const int month = month_of(the); month > 0) {
    std::size_t day = the + 1;
    if (is_point(day)) ++day;
    if (is_word("the", day)) ++day;
    if (is_amount(day + 1)) return {};
    date.day = day_number(token(day));
    date.month = month;
    date.tokens = day + 1 - ahead;
  } else {
    std::size_t at = the + 1;
    if (is_point(at) && (begins_sentence() || is_word("on"))) ++at;
    if (is_of(tokens_, at_ + at)) ++at;
    date.day = day_number(token(the));
    date.month = month_of(at);
    date.tokens = at + 1 - ahead;
    if (date.month > 0 && is_point(at + 1) && token(at)->text.size() < 5 &&
        token(at + 2) != nullptr)
      ++date.tokens;
  }
  if (date.day == 0 || date.month == 0) return {};
  return with_year(date, ahead);
}

/// The 2026 of "nov 24, 2026"
MomentReader::Date MomentReader::with_year(Date date, std::size_t ahead) const {
  std::size_t at = ahead + date.tokens;
  if (is_kind(TokenKind::kComma, at) || is_of(tokens_, at_ + at)) ++at;
  const int year = whole_number(token(at), 1900, 2200);
  if (year == 0 || is_amount(at + 1)) return date;
  date.year = year;
  date.tokens = at + 1 - ahead;
  return date;
}

/// "24/11", "24.11", "11-24": a date behind "on", at the beginning, or as a label
MomentReader::Date MomentReader::day_and_month(std::size_t ahead, bool on) const {
  if (!is_kind(TokenKind::kNumber, ahead)) return {};
  const Token& number = *token(ahead);
  Figures figures = figures_of(number.text);
  Date date;
  date.tokens = 1;
  if (figures.count == 1 && is_kind(TokenKind::kNumber, ahead + 1) && token(ahead + 1)->range) {
    const Figures end = figures_of(token(ahead + 1)->text);
    if (end.count != 1) return {};
    figures = {
        {figures.number[0], end.number[0], 0}, {figures.digits[0], end.digits[0], 0}, 2, '-'};
    date.tokens = 2;
  }
  if (figures.count != 2 || figures.digits[0] > 2 || figures.digits[1] > 2) return {};
  const auto [first, second] = std::pair{figures.number[0], figures.number[1]};
  const bool month_first = second > kMostMonths;
  date.month = month_first ? first : second;
  date.day = month_first ? second : first;
  const bool fits =
      date.month >= 1 && date.month <= kMostMonths && date.day >= 1 && date.day <= kMostDays;
  const std::size_t end = ahead + date.tokens;
  if (!fits || is_amount(end)) return {};
  const bool sure = date.day > kMostMonths;
  date.unclear = !sure && date.day != date.month;
  const bool label =
      is_kind(TokenKind::kColon, end) || (is_point(end) && is_kind(TokenKind::kColon, end + 1));
  // "24/11 I had", but not "1/2 an avocado"
  const std::size_t next = end + (figures.mark == '.' && is_point(end) ? 1 : 0);
  const bool listed = figures.mark == '.' && is_kind(TokenKind::kNumber, next);
  const bool begins = begins_sentence() && (listed || is_one_of({"i", "we", "had", "ate"}, next));
  const bool stands = (on && (sure || may_stand_alone(end))) || label || begins;
  switch (figures.mark) {
    case '/':
      // "7/20" is no part of a food
      return stands || (sure && second != 16 && number.text != "24/7") ? date : Date{};
    case '-':
      return stands && (on || sure) ? date : Date{};
    case '.':
      if (figures.digits[1] != 2 && !(on && sure)) return {};
      if (month_first && !on) return {};
      // "18.10: soup" may be a time
      if (!on && !is_point(end)) date.unclear = date.unclear || first < 24;
      return stands ? date : Date{};
    default:
      return {};
  }
}

/// "the 24th", which is one of this month
MomentReader::Date MomentReader::day_alone(std::size_t ahead) const {
  // "28th: 2 eggs"
  if (begins_sentence() && at_ == start_ && token(ahead) != nullptr && is_ordinal(*token(ahead)) &&
      token(ahead)->value <= kMostDays &&
      (is_kind(TokenKind::kColon, ahead + 1) || is_one_of({"i", "we"}, ahead + 1))) {
    Date date;
    date.tokens = 1;
    date.day = static_cast<int>(token(ahead)->value);
    return date;
  }
  if (!is_word("the", ahead) || token(ahead + 1) == nullptr) return {};
  static constexpr std::array<std::string_view, 10> kNumerals{
      "first", "second",  "third",  "fourth", "fifth",
      "sixth", "seventh", "eighth", "ninth",  "tenth"};
  const Token& ordinal = *token(ahead + 1);
  Date date;
  date.tokens = 2;
  if (is_ordinal(ordinal) && ordinal.value <= kMostDays) {
    date.day = static_cast<int>(ordinal.value);
  } else if (is_word("on") && std::ranges::find(kNumerals, ordinal.text) != kNumerals.end()) {
    date.unclear = true;
  } else {
    return {};
  }
  const std::size_t end = ahead + 2;
  if (is_of(tokens_, at_ + end) && (is_word("this", end + 1) || is_word("last", end + 1)) &&
      is_word("month", end + 2)) {
    date.tokens = 5;
    date.unclear = date.unclear || is_word("last", end + 1);
    return date;
  }
  return may_stand_alone(end) ? date : Date{};
}

/// "in november", "last summer", "in 2025": some day of it
bool MomentReader::season() {
  std::size_t at = 0;
  while (at < 3 && token(at) != nullptr && leads_to_a_month(token(at)->text))
    ++at;
  if (at == 0) return false;
  if (is_word("the", at)) ++at;
  const bool of_year =
      is_one_of({"spring", "summer", "autumn", "fall", "winter"}, at) && may_stand_alone(at + 1);
  const bool year = is_one_of({"in", "since"}, at - 1) && !is_amount(at + 1) &&
                    whole_number(token(at), 1990, 2200) > 0;
  const bool month = month_of(at) > 0 && day_number(token(at + 1)) == 0 && !is_point(at + 1);
  if (!year && !month && !of_year) return false;
  return take_unclear(at + (whole_number(token(at + 1), 1990, 2200) > 0 ? 2 : 1));
}

/// "on thanksgiving", "at easter", "on my birthday"; but not "christmas pudding"
bool MomentReader::feast() {
  if (!is_one_of({"on", "at", "over", "during", "last", "this", "for"})) return false;
  std::size_t at = 1;
  if (is_one_of({"the", "my", "our", "his", "her", "last", "this"}, at)) ++at;
  std::size_t words = 0;
  if (is_one_of({"thanksgiving", "christmas", "xmas", "easter", "halloween", "hanukkah", "diwali",
                 "ramadan", "eid", "passover", "birthday", "anniversary", "holiday", "holidays",
                 "vacation", "newyears", "valentines"},
                at))
    words = 1;
  if (is_word("boxing", at) || (is_word("new", at) && is_one_of({"year", "years"}, at + 1)) ||
      (is_word("good", at) && is_word("friday", at + 1)))
    words = 2;
  // "on day 2", "on my day off"
  if (is_word("day", at) && (is_word("off", at + 1) || is_kind(TokenKind::kNumber, at + 1)))
    words = 2;
  if (words == 0) return false;
  at += words;
  if (is_one_of({"day", "eve", "sunday", "monday", "morning", "night"}, at)) ++at;
  return may_stand_alone(at) && take_unclear(at);
}

/// "on flarnday I had": a day that nobody knows
bool MomentReader::day_not_known() {
  if (!is_word("on") || !begins_sentence()) return false;
  std::size_t at = 1;
  while (at < 4 && token(at) != nullptr && !is_one_of({"i", "we"}, at) &&
         (token(at)->kind == TokenKind::kNumber ||
          (token(at)->kind == TokenKind::kWord && role_of(token(at)->text) == WordRole::kUnknown)))
    ++at;
  return at > 1 && is_one_of({"i", "we"}, at) && take_unclear(at);
}

int MomentReader::month_of(std::size_t ahead) const {
  if (!is_kind(TokenKind::kWord, ahead)) return 0;
  const std::string_view name = token(ahead)->text;
  for (std::size_t month = 0; month < kMonths.size(); ++month)
    if (name == kMonths[month] || name == kMonths[month].substr(0, 3) ||
        (month == 8 && name == "sept"))
      return static_cast<int>(month) + 1;
  return 0;
}

}  // namespace health_agent::agent
