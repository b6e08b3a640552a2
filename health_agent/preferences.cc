#include "health_agent/preferences.h"

#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "health_agent/errors.h"

namespace health_agent {
namespace {

/// The text in a JSON string that has no escapes, as no zone's name has.
std::optional<std::string_view> unquoted(std::string_view json) {
  if (json.size() < 2 || json.front() != '"' || json.back() != '"') return std::nullopt;
  return json.substr(1, json.size() - 2);
}

constexpr double kMostOfADay = 100'000;

constexpr std::array<std::pair<std::string_view, std::optional<double> Goals::*>, 4> kGoals{{
    {"goal_calories", &Goals::calories},
    {"goal_protein", &Goals::protein},
    {"goal_carbs", &Goals::carbs},
    {"goal_fat", &Goals::fat},
}};

std::optional<double> amount(std::string_view json) {
  double value = 0;
  const char* const end = json.data() + json.size();
  const auto [stop, error] = std::from_chars(json.data(), end, value);
  if (error != std::errc{} || stop != end || !(value >= 0 && value <= kMostOfADay))
    return std::nullopt;
  return value;
}

}  // namespace

TimeZone zone_of(const Fields& preferences) {
  const auto found = preferences.find(std::string{kTimeZonePreference});
  if (found == preferences.end()) return {};
  const auto name = unquoted(found->second);
  return name ? TimeZone::find(*name).value_or(TimeZone{}) : TimeZone{};
}

Goals goals_of(const Fields& preferences) {
  Goals goals;
  for (const auto& [name, goal] : kGoals) {
    const auto found = preferences.find(std::string{name});
    if (found != preferences.end()) goals.*goal = amount(found->second);
  }
  return goals;
}

void check_preference(std::string_view name, std::string_view json) {
  for (const auto& [goal, member] : kGoals) {
    if (name != goal || json == "null" || amount(json)) continue;
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
