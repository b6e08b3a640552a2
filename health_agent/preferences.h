#pragma once

#include <string_view>

#include "health_agent/models.h"
#include "health_agent/time_zone.h"

namespace health_agent {

/// The preference that names the user's time zone, `"Europe/Berlin"`: what a day is, and what "at
/// 8am" means.
inline constexpr std::string_view kTimeZonePreference = "timezone";

/// The user's zone; UTC when none is told, or the machine does not know it any more.
[[nodiscard]] TimeZone zone_of(const Fields& preferences);

/// Throws ValidationError when the preference `name` means something to the service and cannot have
/// the value `json`.
void check_preference(std::string_view name, std::string_view json);

}  // namespace health_agent
