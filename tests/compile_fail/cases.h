#pragma once

#include <array>
#include <string_view>

#include "vitals/context/scope.h"
#include "vitals/metrics/registry.h"
