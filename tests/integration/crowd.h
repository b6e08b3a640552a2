#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "integration/support/http.h"

namespace integration {

/// How a crowd of clients fared.
struct CrowdResult {
  int requests = 0;
  int failed = 0;  ///< No answer, or a 5xx.
  double seconds = 0;

  [[nodiscard]] double per_second() const { return seconds > 0 ? requests / seconds : 0; }
};

/// `clients` threads, each with its own connection, make `each` GET requests of one path as fast as
/// they can.
[[nodiscard]] CrowdResult crowd(std::uint16_t port, int clients, int each, const std::string& path);

}  // namespace integration
