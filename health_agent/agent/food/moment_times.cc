#include "health_agent/agent/food/moment_reader.h"

#include <cmath>

#include "health_agent/agent/food/quantity.h"

namespace health_agent::agent {
/// Seconds since midnight of `8`, `8.30`, `20`; -1 for what is no hour
int MomentReader::clock_of(const SpokenNumber& number) {
  if (!(number.value >= 0 && number.value <= 24)) return -1;
  const double hour = std::floor(number.value);
  const double minutes = std::round((number.value - hour) * 100);
  if (minutes > 59) return -1;
  return (static_cast<int>(hour) * kHour + static_cast<int>(minutes) * 60) % (2 * kHalfDay);
}

bool MomentReader::time_of_day() {
  std::size_t before = 0;
  while (before < 3 && is_one_of({"at", "around", "about", "by", "circa"}, before))
    ++before;
  const bool at = is_word("at") || (before > 0 && is_word("at", before - 1));
  near_ = before > 0 && !at;
  at_said_ = at;
  about_ = near_ && is_word("about", before - 1);
  at_ += before;
  if (named_time() || half_past() || clock_time() || spoken_hour(at)) return true;
  at_ -= before;
  return false;
}

bool MomentReader::named_time() {
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
bool MomentReader::half_past() {
  const bool half = is_word("half");
  const std::size_t a = is_word("a") ? 1 : 0;
  const bool quarter = is_word("quarter", a);
  const std::size_t which = half ? 0 : a;
  const bool past = is_word("past", which + 1);
  // "at half 8", as the British say
  if (half && half_hour()) return true;
  if (!(half || quarter) || !(past || (quarter && is_word("to", which + 1)))) return false;
  const SpokenNumber hour = number_at(tokens_, at_ + which + 2);
  if (hour.tokens == 0 || !(hour.value >= 1 && hour.value <= 12)) return false;
  const int shift = half ? 30 * 60 : past ? 15 * 60 : -15 * 60;
  moment_.clock = static_cast<int>(hour.value) * kHour + shift;
  at_ += which + 2 + hour.tokens;
  if (!half_day()) moment_.half_day_unsaid = true;
  return true;
}

/// "half 8 this morning", "at half seven"; but not "half 8 oranges"
bool MomentReader::half_hour() {
  const SpokenNumber hour = number_at(tokens_, at_ + 1);
  if (hour.tokens != 1 || hour.article || !(hour.value >= 1 && hour.value <= 12)) return false;
  if (hour.value != std::floor(hour.value)) return false;
  const std::size_t back = at_;
  take(2);
  moment_.clock = static_cast<int>(hour.value) % 12 * kHour + kHour / 2;
  const bool said = half_day();
  if (said || ((near_ || at_said_) && ends_phrase()) ||
      is_one_of({"this", "last", "yesterday", "tonight"})) {
    moment_.half_day_unsaid = !said;
    return true;
  }
  at_ = back;
  moment_.clock.reset();
  return false;
}

/// "12:30", "8:15 pm"
bool MomentReader::clock_time() {
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
bool MomentReader::spoken_hour(bool at) {
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
bool MomentReader::ends_after_hour() const {
  return unit_at(tokens_, at_).unit == nullptr &&
         !is_one_of({"degrees", "euros", "dollars", "bucks", "percent", "kcal", "calories"});
}

/// "around 8 I had", but not "around 8 nuts"
bool MomentReader::ends_phrase() const {
  return token() == nullptr || token()->kind == TokenKind::kComma ||
         token()->kind == TokenKind::kBreak || token()->kind == TokenKind::kColon ||
         is_one_of({"i", "we", "for", "in", "yesterday", "today", "last", "this", "on"});
}

bool MomentReader::half_day() {
  const bool morning = is_word("am");
  if (!morning && !is_one_of({"pm", "p"})) return false;
  const int hour = *moment_.clock / kHour;
  if (hour > 12) return take(1);
  if (morning && hour == 12) *moment_.clock -= kHalfDay;
  if (!morning && hour < 12) *moment_.clock += kHalfDay;
  half_said_ = true;
  return take(1);
}

bool MomentReader::is_part(std::size_t ahead) const {
  return is_one_of({"morning", "noon", "lunchtime", "afternoon", "evening", "night", "nite"},
                   ahead);
}

DayPart MomentReader::part_of(std::size_t ahead) const {
  if (is_word("morning", ahead)) return DayPart::kMorning;
  if (is_one_of({"noon", "lunchtime"}, ahead)) return DayPart::kNoon;
  if (is_word("afternoon", ahead)) return DayPart::kAfternoon;
  return is_word("night", ahead) || is_word("nite", ahead) ? DayPart::kNight : DayPart::kEvening;
}

/// "in the morning", "at night"
bool MomentReader::part_alone() {
  std::size_t part = is_word("in") || is_word("during") ? 1 : 0;
  if (part == 1 && is_word("the", 1)) part = 2;
  if (part == 0 && is_word("at") && is_one_of({"night"}, 1)) part = 1;
  if (part == 0 || !is_part(part)) return false;
  moment_.part = part_of(part);
  return take(part + 1);
}

/// The "morning" of "yesterday morning", the "in the morning" of "at 8 in the morning"
void MomentReader::part_after() {
  std::size_t part = is_word("in") && is_word("the", 1) ? 2 : 0;
  if (part == 0 && is_word("at") && is_word("night", 1)) part = 1;
  const bool early = part == 0 && is_word("early");
  if (early || (part == 0 && is_word("late"))) part = 1;
  if (!is_part(part)) return;
  if (part == 0 && !moment_.has_day()) return;
  moment_.part = part_of(part);
  at_ += part + 1;
}

}  // namespace health_agent::agent
