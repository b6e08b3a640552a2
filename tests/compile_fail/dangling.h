#pragma once

#include <string_view>

#include "vitals/metrics/registry.h"
#include "vitals/monitor/http.h"
#include "vitals/result.h"
#include "vitals/sentry/check_in.h"
#include "vitals/sentry/client.h"
