#include "health_agent/agent/when.h"

#include <optional>

#include "health_agent/time.h"

namespace health_agent::agent {
namespace {

constexpr int kHour = 3600;
constexpr int kHalfDay = 12 * kHour;
constexpr int kNightEnds = 4 * kHour;

int usual_clock(DayPart part, std::string_view meal) {
  if (meal == "breakfast" || (meal.empty() && part == DayPart::kMorning)) return 8 * kHour;
  if (meal == "lunch" || (meal.empty() && part == DayPart::kNoon)) return 12 * kHour + kHour / 2;
  if (meal == "dinner" || (meal.empty() && part == DayPart::kEvening)) return 19 * kHour;
  switch (part) {
    case DayPart::kMorning:
      return 10 * kHour;
    case DayPart::kNoon:
      return kHalfDay;
    case DayPart::kAfternoon:
      return 15 * kHour + kHour / 2;
    case DayPart::kEvening:
      return 19 * kHour;
    case DayPart::kNight:
      return 21 * kHour;
    case DayPart::kNone:
      break;
  }
  return -1;
}

/// The first second of a part of the day: before it, that part is still to come.
int begin_of(DayPart part) {
  switch (part) {
    case DayPart::kNoon:
      return 11 * kHour;
    case DayPart::kAfternoon:
      return kHalfDay;
    case DayPart::kEvening:
      return 16 * kHour;
    case DayPart::kNight:
      return 18 * kHour;
    default:
      return 0;
  }
}

/// 0 is Monday.
int weekday_of(std::int64_t day) {
  return static_cast<int>((day % 7 + 10) % 7);  // 1970-01-01 was a Thursday
}

class Placer {
 public:
  Placer(const Moment& moment, std::string_view meal, bool past, std::int64_t now,
         const TimeZone& zone)
      : moment_(moment),
        meal_(meal),
        past_(past),
        now_(now),
        zone_(zone),
        today_(zone.day_of(now)),
        second_(zone.second_of_day(now)) {}

  PlacedMeal place() {
    if (moment_.unclear) return doubt(TimeDoubt::kDay);
    if (moment_.seconds_ago) {
      if (*moment_.seconds_ago > kMaxDaysBack * 24 * kHour) return doubt(TimeDoubt::kLongAgo);
      return at(now_ - *moment_.seconds_ago);
    }
    const std::optional<std::int64_t> day = day_of_moment();
    if (!day) return doubt(weekday_doubt_ ? TimeDoubt::kWeekday : TimeDoubt::kDay);
    if (*day > today_) return doubt(TimeDoubt::kFuture);
    if (today_ - *day > kMaxDaysBack) return doubt(TimeDoubt::kLongAgo);
    if (moment_.clock) return at_clock(*day);
    return at_part(*day);
  }

 private:
  PlacedMeal doubt(TimeDoubt why) {
    PlacedMeal placed;
    placed.timestamp = now_;
    placed.meal = meal_;
    placed.doubt = why;
    return placed;
  }

  PlacedMeal at(std::int64_t timestamp) {
    PlacedMeal placed;
    placed.timestamp = timestamp < now_ ? timestamp : now_;
    placed.days_ago = today_ - zone_.day_of(placed.timestamp);
    placed.meal = meal_;
    if (meal_.empty() && !moment_.clock) placed.meal = meal_of(moment_.part);
    if (placed.meal.empty()) placed.meal = usual_meal(zone_.second_of_day(placed.timestamp));
    return placed;
  }

  std::optional<std::int64_t> day_of_moment() {
    if (moment_.day_of_month) {
      const std::optional<std::int64_t> day = date();
      const bool other_day = day && moment_.weekday && weekday_of(*day) != *moment_.weekday;
      return other_day ? std::nullopt : day;
    }
    if (moment_.weekday) {
      const int ago = (weekday_of(today_) - *moment_.weekday + 7) % 7;
      if (ago > 0) return today_ - ago;
      if (moment_.last) return today_ - 7;
      weekday_doubt_ = true;
      return std::nullopt;
    }
    return today_ - moment_.days_ago.value_or(0);
  }

  std::optional<std::int64_t> date() const {
    const std::string today = format_date(today_);
    const int this_year = std::stoi(today.substr(0, 4));
    const int this_month = std::stoi(today.substr(5, 2));
    const auto date = [&](int year, int month) {
      const auto two = [](int value) {
        return std::string{value < 10 ? "0" : ""} + std::to_string(value);
      };
      return parse_date(std::to_string(year) + "-" + two(month) + "-" + two(*moment_.day_of_month));
    };
    if (moment_.year) return date(*moment_.year, *moment_.month);
    const std::optional<std::int64_t> day = date(this_year, moment_.month.value_or(this_month));
    if (day && *day <= today_) return day;
    if (moment_.month) return date(this_year - 1, *moment_.month);
    // "the 30th", said on the 25th, may be the next one; "monday the 30th" is checked by its name
    if (!moment_.weekday) return std::nullopt;
    return date(this_month > 1 ? this_year : this_year - 1, this_month > 1 ? this_month - 1 : 12);
  }

  PlacedMeal at_clock(std::int64_t day) {
    const bool other_day = day != today_;
    const int clock = half_day(*moment_.clock, other_day);
    if (clock < 0) return doubt(TimeDoubt::kHalfDay);
    // "last night at 1am" is this morning by the calendar
    const bool after_midnight =
        other_day && clock < kNightEnds + kHour &&
        (moment_.part == DayPart::kNight || moment_.part == DayPart::kEvening);
    if (after_midnight) ++day;
    const std::int64_t timestamp = zone_.at(day, clock);
    if (timestamp <= now_ + kClockTolerance) return at(timestamp);
    const bool day_said = moment_.has_day();
    if (day_said || !past_) return doubt(TimeDoubt::kFuture);
    return at(zone_.at(day - 1, clock));
  }

  /// The second of the day that "at 8" means; -1 when it is not clear.
  [[nodiscard]] int half_day(int clock, bool other_day) const {
    const bool late = moment_.part == DayPart::kAfternoon || moment_.part == DayPart::kEvening ||
                      moment_.part == DayPart::kNight || meal_ == "dinner";
    // "at 12 last night"
    if (late && moment_.half_day_unsaid && clock / kHour == 12) return clock - kHalfDay;
    if (late && clock >= kHour && clock < kHalfDay && moment_.half_day_unsaid)
      return clock + kHalfDay;
    if (!moment_.half_day_unsaid) return clock;
    if (clock >= kHalfDay) return clock;
    const bool early = moment_.part == DayPart::kMorning || meal_ == "breakfast";
    if (early) return clock;
    if (meal_ == "lunch") return clock < 6 * kHour ? clock + kHalfDay : clock;
    if (other_day) return clock < 7 * kHour ? clock + kHalfDay : clock;
    const auto is_past = [&](int second) { return second <= second_ + kClockTolerance; };
    if (is_past(clock + kHalfDay)) return clock + kHalfDay;
    if (clock >= 5 * kHour && is_past(clock)) return clock;
    // Neither has come today, or only the one in the night.
    return past_ && clock >= 5 * kHour ? clock + kHalfDay : -1;
  }

  PlacedMeal at_part(std::int64_t day) {
    const bool night = second_ < kNightEnds;
    if (day == today_) {
      const bool last_evening = night && (meal_ == "dinner" || moment_.part == DayPart::kEvening ||
                                          moment_.part == DayPart::kNight);
      if (last_evening) return at(zone_.at(day - 1, usual_clock(moment_.part, meal_)));
      if (second_ < begin_of(moment_.part)) {
        if (moment_.has_day() || !past_) return doubt(TimeDoubt::kFuture);
        return at(zone_.at(day - 1, usual_clock(moment_.part, meal_)));
      }
      if (moment_.part == DayPart::kNone) return at(now_);
      return at(zone_.at(day, usual_clock(moment_.part, meal_)));
    }
    const int clock = usual_clock(moment_.part, meal_);
    return at(zone_.at(day, clock >= 0 ? clock : second_));
  }

  const Moment& moment_;
  std::string_view meal_;
  bool past_;
  std::int64_t now_;
  const TimeZone& zone_;
  std::int64_t today_;
  int second_;
  bool weekday_doubt_ = false;
};

}  // namespace

PlacedMeal place_in_time(const Moment& moment, std::string_view meal, bool past, std::int64_t now,
                         const TimeZone& zone) {
  return Placer{moment, meal, past, now, zone}.place();
}

}  // namespace health_agent::agent
