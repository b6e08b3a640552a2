#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "health_agent/agent/food/text.h"

namespace health_agent::agent {

/// A part of the day, as far as one was said.
enum class DayPart : std::uint8_t { kNone, kMorning, kNoon, kAfternoon, kEvening, kNight };

/// What was said about when: nothing, a day, a time, or both. It knows neither today nor a zone;
/// for the moment itself see place_in_time().
struct Moment {
  std::optional<int> days_ago;      ///< 0 is today, below 0 is to come.
  std::optional<int> weekday;       ///< 0 is Monday; the latest that is past, or that of the date.
  std::optional<int> month;         ///< 1 to 12, with `day_of_month`.
  std::optional<int> day_of_month;  ///< 1 to 31; without `month` that of this month.
  std::optional<int> year;          ///< With `month`; else the latest that is past.
  std::optional<int> clock;         ///< Seconds since midnight.
  std::optional<std::int64_t> seconds_ago;
  DayPart part = DayPart::kNone;
  bool last = false;             ///< `last monday`: never today.
  bool half_day_unsaid = false;  ///< `at 8`: in the morning or in the evening.
  bool unclear = false;          ///< A time was said that cannot be told: `on 3/4`, `last week`.

  [[nodiscard]] bool has_day() const noexcept {
    return days_ago || weekday || day_of_month || seconds_ago || unclear;
  }
  [[nodiscard]] bool has_time() const noexcept {
    return clock || seconds_ago || part != DayPart::kNone;
  }
  friend bool operator==(const Moment&, const Moment&) = default;
};

/// A time found in a message.
struct MomentMatch {
  Moment moment;
  std::size_t tokens = 0;  ///< How many tokens it took; 0 is no time.
};

/// The time that begins at `tokens[at]`: `2 days ago`, `on monday`, `last night`, `at 8am`,
/// `at half past 7`, `nov 27`, `2026-11-27`. Cost: a few look-ups. Never fails.
[[nodiscard]] MomentMatch moment_at(std::span<const Token> tokens, std::size_t at);

/// The one time that two phrases make: `yesterday`, `at 8am`. What the later one says wins.
void add_to(Moment& moment, const Moment& said);

/// The meal of a part of the day; empty for none.
[[nodiscard]] std::string_view meal_of(DayPart part) noexcept;

/// The meal that is usual at this second of the day: breakfast from 4 to 11, lunch to 15, dinner
/// from 17 to 22, a snack between.
[[nodiscard]] std::string_view usual_meal(int second_of_day) noexcept;

}  // namespace health_agent::agent
