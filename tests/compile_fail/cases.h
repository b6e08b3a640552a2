#pragma once

#include <array>
#include <string_view>

#include "vitals/metrics/registry.h"
#include "vitals/sentry/scope.h"
