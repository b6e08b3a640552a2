#pragma once

#include <string>

#include "bench/overhead/variants.h"

namespace overhead {

/// How much load, and for how long.
struct Load {
  int connections = 16;
  int seconds = 5;  ///< Of each of the two loads.
  int rate = 2000;  ///< Requests a second of the load at a fixed rate.
};

/// What one variant did in one round, under two loads: as much as it takes (wrk), and at a fixed
/// rate that leaves the machine room (h2load). Processor time is that of the whole process, all of
/// its threads, in user space and in the kernel, until what it does later has come to rest.
struct Slot {
  double requests_per_second = 0;
  double cpu_us_per_request = 0;
  double user_share = 0;  ///< The part of it that was not spent in the kernel, 0 to 1.
  double p50_us_at_rate = 0;
  double p99_us_at_rate = 0;
  double cpu_us_at_rate = 0;  ///< A request.
};

/// The request that is measured: a user that is there.
inline constexpr const char* kPath = "/api/v1/users/bench-user";

/// Creates the user that kPath asks for. Throws when that does not work.
void prepare(const integration::Service& service);

/// Loads a running service in both ways. Throws when any answer was not 200, or when the service
/// did not keep up with the fixed rate: then the numbers would mean nothing.
[[nodiscard]] Slot measure(const integration::Service& service, const Load& load);

}  // namespace overhead
