#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace health_agent::api {

/// Whom a request without a key counts for: the address that it comes from, of IPv6 the /64, since
/// a host with one address of it has all of them.
[[nodiscard]] std::string limited_as(const std::string& source);

/// So many requests a minute for each caller, as a token bucket that holds one minute's worth.
/// Remembers the callers seen last, 10,000 of them: a flood of addresses cannot grow it. Threads:
/// any; one short mutex.
class RateLimit {
 public:
  using Clock = std::chrono::steady_clock;

  /// `per_minute` 0 is no limit.
  explicit RateLimit(int per_minute) : per_minute_(per_minute) {}

  [[nodiscard]] bool on() const noexcept { return per_minute_ > 0; }

  /// Takes one request off the caller's bucket. 0 when it may go on, else the seconds until the
  /// next one may (at least 1).
  [[nodiscard]] int take(std::string_view caller, Clock::time_point now = Clock::now());

 private:
  static constexpr std::size_t kMaxCallers = 10'000;

  struct Bucket {
    std::string caller;
    double tokens;
    Clock::time_point seen;
  };

  const int per_minute_;
  std::mutex mutex_;
  std::list<Bucket> buckets_;  // seen last first
  std::unordered_map<std::string_view, std::list<Bucket>::iterator> by_caller_;
};

}  // namespace health_agent::api
