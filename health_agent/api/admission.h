#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "health_agent/api/http.h"
#include "health_agent/api/rate_limit.h"

namespace health_agent::api {

/// Who may come in: bearer keys, the rate limit, and which web origins may read the answers.
/// Threads: any.
class Admission {
 public:
  Admission(std::vector<std::string> keys, std::vector<std::string> cors_origins,
            int rate_limit_per_minute);

  /// Throws RateLimitError or AuthenticationError when the request may not go on. The limit counts
  /// by key, or by address for whoever shows no valid one, so that guessing keys is limited too.
  void check(const Request& request);

  /// The headers that let a page of `origin` read the answer; none for an origin that is not on the
  /// list.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> cors_headers(
      std::string_view origin) const;

  void set_keys(std::vector<std::string> keys);

 private:
  [[nodiscard]] bool is_key(std::string_view key) const;

  mutable std::mutex mutex_;
  std::vector<std::string> keys_;
  const std::vector<std::string> cors_origins_;
  RateLimit limit_;
};

}  // namespace health_agent::api
