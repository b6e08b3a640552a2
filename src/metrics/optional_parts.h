#pragma once

#include <memory>

#include "metrics/exemplars.h"
#include "metrics/native_cells.h"
#include "metrics/quantile_window.h"
#include "vitals/metrics/detail/optional_parts.h"

namespace vitals::metrics::detail {

struct OptionalParts {
  std::unique_ptr<ExemplarStore> exemplars;
  std::unique_ptr<NativeCells> native;
  std::unique_ptr<QuantileWindow> quantiles;
};

}  // namespace vitals::metrics::detail
