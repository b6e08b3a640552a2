#pragma once

#include <cstddef>
#include <cstdint>

namespace vitals::metrics {

/// The buckets of a native histogram: sparse, each wider than the one before by the same factor, so
/// that they fit any range and need not be known beforehand. They are exposed by the protobuf
/// format alone. Source: Prometheus, "Native histograms".
struct NativeBuckets {
  /// The factor is 2^(2^-schema): 3 makes buckets of 9 %, 0 doubles. From -4 to 8.
  std::int32_t schema = 3;
  /// What is no further from 0 than this counts as 0.
  double zero_threshold = 0x1p-128;
  /// Buckets of one series, after which the schema is lowered: pairs of buckets become one. At
  /// schema -4, where some 270 hold every number there is, it is not kept to.
  std::size_t max_buckets = 160;
};

}  // namespace vitals::metrics
