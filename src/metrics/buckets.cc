#include "vitals/metrics/buckets.h"

#include "vitals/metrics/definition_error.h"

namespace vitals::metrics {

Buckets linear_buckets(double start, double width, std::size_t count) {
  if (count == 0) throw DefinitionError("linear_buckets: at least one bucket is needed");
  if (!(width > 0)) throw DefinitionError("linear_buckets: the width must be above 0");
  std::vector<double> bounds(count);
  // Multiplied and not added up, so that an error of rounding does not grow.
  for (std::size_t i = 0; i < count; ++i)
    bounds[i] = start + width * static_cast<double>(i);
  return Buckets(std::move(bounds));
}

Buckets exponential_buckets(double start, double factor, std::size_t count) {
  if (count == 0) throw DefinitionError("exponential_buckets: at least one bucket is needed");
  if (!(start > 0)) throw DefinitionError("exponential_buckets: the start must be above 0");
  if (!(factor > 1)) throw DefinitionError("exponential_buckets: the factor must be above 1");
  std::vector<double> bounds(count);
  double bound = start;
  for (double& out : bounds) {
    out = bound;
    bound *= factor;
  }
  return Buckets(std::move(bounds));
}

}  // namespace vitals::metrics
