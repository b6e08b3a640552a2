#pragma once

#include <cstdint>
#include <string_view>

#include "health_agent/agent/food/food_parser.h"
#include "health_agent/time_zone.h"

namespace health_agent::agent {

/// A meal may be this many days old; older ones are an error about the year.
inline constexpr std::int64_t kMaxDaysBack = 180;

/// A clock that is a little fast is no plan: a time this far ahead is now, in seconds.
inline constexpr std::int64_t kClockTolerance = 15 * 60;

/// Whether a moment is one at which something can have been eaten.
enum class TimeDoubt : std::uint8_t {
  kNone,
  kFuture,   ///< It is still to come.
  kWeekday,  ///< `on monday`, said on a Monday: today or a week ago.
  kHalfDay,  ///< `at 3`: in the night or in the afternoon.
  kDay,      ///< A day that cannot be told.
  kLongAgo,  ///< More than kMaxDaysBack days ago.
};

/// Where a meal stands in the user's time.
struct PlacedMeal {
  std::int64_t timestamp = 0;  ///< Unix seconds, never after now.
  std::int64_t days_ago = 0;   ///< By the user's calendar.
  std::string_view meal;       ///< As named, or the usual one at that time.
  TimeDoubt doubt = TimeDoubt::kNone;
};

/// Places what was said, to the local agent or to a model: one rule for all. `past`: a verb says
/// that it was eaten, so that a time later than now was yesterday's; without one it is in doubt.
/// Nothing said is now. Between midnight and 4 the dinner is that of the day before. Threads: any.
/// Never fails.
[[nodiscard]] PlacedMeal place_in_time(const Moment& moment, std::string_view meal, bool past,
                                       std::int64_t now, const TimeZone& zone);

}  // namespace health_agent::agent
