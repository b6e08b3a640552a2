#include "metrics/extra.h"

namespace vitals::metrics::detail {
namespace {

void observe_parts(Extra& extra, std::size_t bucket, double value) noexcept {
  if (extra.native) extra.native->add(value, bucket);
  if (extra.quantiles) extra.quantiles->observe(value);
}

}  // namespace

void observe_extra(Extra& extra, std::size_t bucket, double value) noexcept {
  observe_parts(extra, bucket, value);
  if (extra.exemplars) extra.exemplars->offer_active(bucket, value);
}

void observe_extra(Extra& extra, std::size_t bucket, double value, ExemplarLabels labels) noexcept {
  observe_parts(extra, bucket, value);
  if (extra.exemplars) extra.exemplars->keep(bucket, value, labels);
}

void keep_exemplar(Extra& extra, double value, ExemplarLabels labels) noexcept {
  if (extra.exemplars) extra.exemplars->keep(0, value, labels);
}

}  // namespace vitals::metrics::detail
