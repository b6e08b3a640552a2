#include "health_agent/api/rate_limit.h"

#include <algorithm>
#include <cmath>

#include "health_agent/address.h"

namespace health_agent::api {

std::string limited_as(const std::string& source) {
  constexpr int kSubscriber = 64;
  if (source.find(':') == std::string::npos) return source;
  const auto address = IpAddress::parse(source);
  return address ? address->network(kSubscriber).str() : source;
}

int RateLimit::take(std::string_view caller, Clock::time_point now) {
  if (per_minute_ == 0) return 0;
  const double per_second = per_minute_ / 60.0;
  const std::lock_guard lock{mutex_};

  auto found = by_caller_.find(caller);
  if (found == by_caller_.end()) {
    if (buckets_.size() == kMaxCallers) {
      by_caller_.erase(buckets_.back().caller);
      buckets_.pop_back();
    }
    buckets_.push_front({std::string{caller}, static_cast<double>(per_minute_), now});
    found = by_caller_.emplace(buckets_.front().caller, buckets_.begin()).first;
  } else {
    buckets_.splice(buckets_.begin(), buckets_, found->second);
  }

  Bucket& bucket = *found->second;
  const double elapsed = std::chrono::duration<double>(now - bucket.seen).count();
  bucket.tokens = std::min<double>(per_minute_, bucket.tokens + elapsed * per_second);
  bucket.seen = now;
  if (bucket.tokens >= 1) {
    bucket.tokens -= 1;
    return 0;
  }
  return std::max(1, static_cast<int>(std::ceil((1 - bucket.tokens) / per_second)));
}

}  // namespace health_agent::api
