#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "health_agent/cache/cache.h"

namespace health_agent::cache {

/// What the settings say of the cache.
struct CacheOptions {
  std::string redis_url;          ///< REDIS_URL; empty is the cache inside this process
  std::chrono::seconds ttl{300};  ///< CACHE_TTL_SECONDS
  std::size_t users = 16;         ///< threads that use it at once
  std::function<void(const std::string& words)> warn{};  ///< Redis is away, and why. Any thread.
  std::function<void(const std::string& words)> tell{};  ///< Redis is back
};

/// The cache that the settings ask for. A Redis that is away is a warning: it is used as soon as it
/// is there. Throws ConfigurationError when the URL cannot be read.
[[nodiscard]] std::unique_ptr<Cache> make_cache(const CacheOptions& options);

}  // namespace health_agent::cache
