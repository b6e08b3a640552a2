#include "health_agent/preferences.h"

#include <optional>
#include <string>

#include "health_agent/errors.h"
#include "health_agent/goals.h"

namespace health_agent {
namespace {

/// The text in a JSON string that has no escapes, as no zone's name has.
std::optional<std::string_view> unquoted(std::string_view json) {
  if (json.size() < 2 || json.front() != '"' || json.back() != '"') return std::nullopt;
  return json.substr(1, json.size() - 2);
}

}  // namespace

TimeZone zone_of(const Fields& preferences) {
  const auto found = preferences.find(std::string{kTimeZonePreference});
  if (found == preferences.end()) return {};
  const auto name = unquoted(found->second);
  return name ? TimeZone::find(*name).value_or(TimeZone{}) : TimeZone{};
}

void check_preference(std::string_view name, std::string_view json) {
  for (const GoalKind& kind : goal_kinds()) {
    if (name != kind.preference || json == "null" || goal_in(json)) continue;
    throw ValidationError("preference '" + std::string{name} +
                          "': a number from 0 to 100000 or null is wanted, not " +
                          std::string{json.substr(0, 60)});
  }
  if (name != kTimeZonePreference || json == "null") return;
  const auto zone = unquoted(json);
  if (zone && TimeZone::find(*zone)) return;
  throw ValidationError(
      "preference 'timezone': the name of a time zone like Europe/Berlin is "
      "wanted (IANA), not " +
      std::string{json.substr(0, 60)});
}

}  // namespace health_agent
