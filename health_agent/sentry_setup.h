#pragma once

#include "health_agent/settings.h"
#include "vitals/sentry/options.h"

namespace health_agent {

/// The Sentry client's options as the settings have them.
[[nodiscard]] vitals::sentry::Options sentry_options(const Settings& settings);

}  // namespace health_agent
