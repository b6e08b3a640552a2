#include "health_agent/time_zone.h"

#include <gtest/gtest.h>

#include "health_agent/errors.h"
#include "health_agent/preferences.h"
#include "health_agent/time.h"

namespace health_agent {
namespace {

std::int64_t utc(const char* text) {
  return parse_timestamp(text).value();
}

TEST(TimeZone, TellsTheDateAndTheTimeOfAPlace) {
  struct Case {
    const char* zone;
    const char* moment;
    const char* date;
    int second_of_day;
  };
  for (const Case& one : {
           Case{"UTC", "2026-11-29T23:59:59Z", "2026-11-29", 86'399},
           Case{"Europe/Berlin", "2026-11-29T23:30:00Z", "2026-11-30", 1'800},
           Case{"America/Los_Angeles", "2026-11-30T05:00:00Z", "2026-11-29", 75'600},
           Case{"Asia/Kolkata", "2026-11-29T18:30:00Z", "2026-11-30", 0},
           Case{"Pacific/Kiritimati", "2026-11-29T10:00:00Z", "2026-11-30", 0},
           Case{"Europe/Berlin", "1969-12-31T23:30:00Z", "1970-01-01", 1'800},
           // An hour before and after the change to summer time, and back.
           Case{"Europe/Berlin", "2026-03-29T00:59:59Z", "2026-03-29", 7'199},
           Case{"Europe/Berlin", "2026-03-29T01:00:00Z", "2026-03-29", 10'800},
           Case{"Europe/Berlin", "2026-10-25T00:59:59Z", "2026-10-25", 10'799},
           Case{"Europe/Berlin", "2026-10-25T01:00:00Z", "2026-10-25", 7'200},
       }) {
    SCOPED_TRACE(std::string{one.zone} + " " + one.moment);
    const TimeZone zone = TimeZone::find(one.zone).value();
    EXPECT_EQ(format_date(zone.day_of(utc(one.moment))), one.date);
    EXPECT_EQ(zone.second_of_day(utc(one.moment)), one.second_of_day);
  }
}

TEST(TimeZone, FindsTheMomentOfATimeOnTheWall) {
  struct Case {
    const char* zone;
    const char* date;
    int second_of_day;
    const char* moment;
  };
  for (const Case& one : {
           Case{"UTC", "2026-11-29", 0, "2026-11-29T00:00:00Z"},
           Case{"Europe/Berlin", "2026-07-01", 8 * 3'600, "2026-07-01T06:00:00Z"},
           // Leapt over; there twice; a midnight that is leapt over; a day that was left out.
           Case{"Europe/Berlin", "2026-03-29", 9'000, "2026-03-29T01:00:00Z"},
           Case{"Europe/Berlin", "2026-10-25", 9'000, "2026-10-25T00:30:00Z"},
           Case{"Africa/Cairo", "2026-04-24", 0, "2026-04-23T22:00:00Z"},
           Case{"Pacific/Apia", "2011-12-30", 3'600, "2011-12-30T10:00:00Z"},
       }) {
    SCOPED_TRACE(std::string{one.zone} + " " + one.date);
    const TimeZone zone = TimeZone::find(one.zone).value();
    EXPECT_EQ(format_timestamp(zone.at(parse_date(one.date).value(), one.second_of_day)),
              one.moment);
  }
}

TEST(TimeZone, KnowsNamesOnly) {
  for (const char* wrong : {"", " ", "Mars/Base", "europe/berlin", "../../../etc/passwd",
                            "/etc/localtime", "UTC+2", "Europe/Berlin ", "Europe", "zone.tab"})
    EXPECT_FALSE(TimeZone::find(wrong)) << wrong;
  EXPECT_EQ(TimeZone{}.name(), "UTC");
}

TEST(TimeZone, FarAwayTimesAreUtc) {
  const TimeZone zone = TimeZone::find("Europe/Berlin").value();
  for (const std::int64_t time :
       {std::int64_t{1} << 62, -(std::int64_t{1} << 62), utc("9999-12-31T23:59:59Z")})
    EXPECT_NEAR(static_cast<double>(zone.day_of(time)), static_cast<double>(time) / 86'400, 2);
}

TEST(Preferences, TheTimeZoneIsOneThatTheMachineKnows) {
  check_preference("timezone", "\"Europe/Berlin\"");
  check_preference("timezone", "null");
  check_preference("colour", "\"Mars/Base\"");
  for (const char* wrong : {"\"Mars/Base\"", "\"\"", "1", "true", "[\"Europe/Berlin\"]", "\""})
    EXPECT_THROW(check_preference("timezone", wrong), ValidationError) << wrong;
  EXPECT_EQ(zone_of({}).name(), "UTC");
  EXPECT_EQ(zone_of({{"timezone", "\"Asia/Tokyo\""}}).name(), "Asia/Tokyo");
  EXPECT_EQ(zone_of({{"timezone", "\"Gone/Away\""}}).name(), "UTC");
  EXPECT_EQ(zone_of({{"timezone", "null"}}).name(), "UTC");
}

}  // namespace
}  // namespace health_agent
