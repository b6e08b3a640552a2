#pragma once

#include <string>
#include <vector>

namespace vitals::bench {

/// What h2load did.
struct H2loadResult {
  std::vector<double> times;  ///< of each request, in microseconds
  double microseconds = 0;    ///< from the first request to the last answer
  [[nodiscard]] double per_second() const {
    return static_cast<double>(times.size()) / microseconds * 1e6;
  }
};

/// Asks for `url` as often as `rate` makes in so many seconds, shared out among connections that each
/// wait for their answer. A server that does not keep up takes longer. Throws when a request failed.
[[nodiscard]] H2loadResult run_h2load(const std::string& url, int connections, int seconds,
                                      int rate);

}  // namespace vitals::bench
