#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#pragma GCC visibility push(default)

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
  /// Where the limit is reached, the zero bucket may first grow to this, at most; 0 or below
  /// `zero_threshold`: it does not.
  double max_zero_threshold = 0;
  /// A histogram that has lost resolution comes back to the schema and zero threshold above by
  /// starting anew, from 0, when it last did so this long ago, at the next scrape or when the limit
  /// is reached again. To Prometheus that is as a restart of the process. 0: never.
  std::chrono::seconds reset_after{0};

  friend bool operator==(const NativeBuckets&, const NativeBuckets&) = default;
};

}  // namespace vitals::metrics

#pragma GCC visibility pop
