#include "health_agent/time_zone.h"

#include <date/tz.h>

#include <chrono>
#include <exception>

#include "health_agent/time.h"

namespace health_agent {
namespace {

using std::chrono::seconds;

/// Beyond this many years' worth of seconds from 1970 every zone is UTC: the data end long before.
constexpr std::int64_t kFarthest = 8'000 * 366 * kSecondsADay;

const date::time_zone& zone_of(const void* zone) noexcept {
  return *static_cast<const date::time_zone*>(zone);
}

}  // namespace

std::optional<TimeZone> TimeZone::find(std::string_view name) {
  try {
    return TimeZone{date::locate_zone(name)};
  } catch (const std::exception&) {  // no such zone, or a machine without the data
    if (name == "UTC" || name == "Etc/UTC") return TimeZone{};
    return std::nullopt;
  }
}

std::string TimeZone::name() const {
  return zone_ == nullptr ? "UTC" : zone_of(zone_).name();
}

std::int64_t TimeZone::local(std::int64_t unix_seconds) const noexcept {
  if (zone_ == nullptr || unix_seconds > kFarthest || unix_seconds < -kFarthest)
    return unix_seconds;
  try {
    return unix_seconds +
           zone_of(zone_).get_info(date::sys_seconds{seconds{unix_seconds}}).offset.count();
  } catch (const std::exception&) {  // the zone's file is gone or broken
    return unix_seconds;
  }
}

std::int64_t TimeZone::day_of(std::int64_t unix_seconds) const noexcept {
  return utc_day(local(unix_seconds));
}

int TimeZone::second_of_day(std::int64_t unix_seconds) const noexcept {
  const std::int64_t there = local(unix_seconds);
  return static_cast<int>(there - utc_day(there) * kSecondsADay);
}

std::int64_t TimeZone::at(std::int64_t day, int second_of_day) const noexcept {
  const std::int64_t there = day * kSecondsADay + second_of_day;
  if (zone_ == nullptr || there > kFarthest || there < -kFarthest) return there;
  try {
    const date::local_info info = zone_of(zone_).get_info(date::local_seconds{seconds{there}});
    if (info.result == date::local_info::nonexistent)
      return info.first.end.time_since_epoch().count();
    return there - info.first.offset.count();
  } catch (const std::exception&) {
    return there;
  }
}

}  // namespace health_agent
