#include "metrics/optional_parts.h"

namespace vitals::metrics::detail {
namespace {

void observe_without_exemplar(OptionalParts& parts, std::size_t bucket, double value,
                              std::uint64_t times) noexcept {
  if (parts.native) parts.native->add(value, bucket, times);
  if (parts.quantiles) parts.quantiles->observe(value, times);
}

}  // namespace

void observe_parts(OptionalParts& parts, std::size_t bucket, double value) noexcept {
  observe_without_exemplar(parts, bucket, value, 1);
  if (parts.exemplars) parts.exemplars->offer_active(bucket, value);
}

void observe_parts_many(OptionalParts& parts, std::size_t bucket, double value,
                        std::uint64_t times) noexcept {
  observe_without_exemplar(parts, bucket, value, times);
}

void observe_parts(OptionalParts& parts, std::size_t bucket, double value,
                   ExemplarLabels labels) noexcept {
  observe_without_exemplar(parts, bucket, value, 1);
  if (parts.exemplars) parts.exemplars->keep(bucket, value, labels);
}

void keep_exemplar(OptionalParts& parts, double value, ExemplarLabels labels) noexcept {
  if (parts.exemplars) parts.exemplars->keep(0, value, labels);
}

}  // namespace vitals::metrics::detail
