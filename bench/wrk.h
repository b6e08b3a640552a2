#pragma once

#include <string>

namespace vitals::bench {

/// What wrk did.
struct WrkResult {
  double requests = 0;
  double microseconds = 0;
  [[nodiscard]] double per_second() const { return requests / microseconds * 1e6; }
};

/// As many requests of `url` as it takes, on one thread. Throws when one of them failed.
[[nodiscard]] WrkResult run_wrk(const std::string& url, int connections, int seconds);

}  // namespace vitals::bench
