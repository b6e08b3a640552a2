#pragma once

#include <string>

#include "bench/overhead/variants.h"

namespace overhead {

/// How much load, and for how long.
struct Load {
  int connections = 16;
  int seconds = 5;
};

/// What one variant did in one round.
struct Slot {
  double requests_per_second = 0;
  double p50_us = 0;
  double p99_us = 0;
  double cpu_us_per_request = 0;  ///< User and system time of the service, all its threads.
  double user_share = 0;          ///< The part of it that was not spent in the kernel, 0 to 1.
};

/// The request that is measured: a user that is there.
inline constexpr const char* kPath = "/api/v1/users/bench-user";

/// Creates the user that kPath asks for. Throws when that does not work.
void prepare(const integration::Service& service);

/// Loads a running service with wrk. Throws when any answer was not 200: then the numbers would
/// mean nothing.
[[nodiscard]] Slot measure(const integration::Service& service, const Load& load);

}  // namespace overhead
