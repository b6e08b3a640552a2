#pragma once

#include <array>
#include <cstddef>
#include <initializer_list>
#include <span>
#include <utility>
#include <vector>

#include "vitals/lifetimebound.h"

#pragma GCC visibility push(default)

namespace vitals::metrics {

/// The upper bounds of a histogram's buckets, ascending; +Inf is added by itself. Without any, the
/// histogram is its count and sum. What is not ascending or not finite is refused when the
/// histogram is defined.
class Buckets {
 public:
  /// The upper bounds. Throws DefinitionError unless they ascend; a closing +Inf may be left out.
  Buckets(std::initializer_list<double> bounds) : bounds_(bounds) {}
  /// The same.
  explicit Buckets(std::vector<double> bounds) : bounds_(std::move(bounds)) {}
  /// The same.
  explicit Buckets(std::span<const double> bounds) : bounds_(bounds.begin(), bounds.end()) {}
  /// The same.
  template <std::size_t N>
  Buckets(const std::array<double, N>& bounds) : bounds_(bounds.begin(), bounds.end()) {}

  /// The upper bounds without +Inf, ascending.
  [[nodiscard]] std::span<const double> bounds() const noexcept VITALS_LIFETIMEBOUND {
    return bounds_;
  }

 private:
  std::vector<double> bounds_;
};

/// For the latency of a network service, in seconds. Source: Prometheus client libraries' default.
inline constexpr std::array<double, 11> kDefaultBuckets{.005, .01, .025, .05, .1, .25,
                                                        .5,   1,   2.5,  5,   10};

/// `count` bounds, the first at `start`, each `width` above the one before. Throws DefinitionError
/// when count is 0 or width not above 0.
[[nodiscard]] Buckets linear_buckets(double start, double width, std::size_t count);

/// `count` bounds, the first at `start`, each `factor` times the one before. Throws DefinitionError
/// when count is 0, start not above 0 or factor not above 1.
[[nodiscard]] Buckets exponential_buckets(double start, double factor, std::size_t count);

}  // namespace vitals::metrics

#pragma GCC visibility pop
