#pragma once

#include "health_agent/settings.h"
#include "vitals/otlp/options.h"

namespace health_agent {

/// What the OpenTelemetry client is to do, by the settings.
[[nodiscard]] vitals::otlp::Options otlp_options(const Settings& settings);

}  // namespace health_agent
