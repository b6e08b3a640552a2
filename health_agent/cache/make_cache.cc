#include "health_agent/cache/make_cache.h"

#include <utility>

#include "health_agent/cache/memory_cache.h"
#include "health_agent/cache/redis_cache.h"
#include "health_agent/errors.h"

namespace health_agent::cache {

std::unique_ptr<Cache> make_cache(const CacheOptions& options) {
  if (options.redis_url.empty()) {
    return std::make_unique<MemoryCache>(MemoryCacheOptions{.ttl = options.ttl});
  }
  auto address = parse_redis_url(options.redis_url);
  if (!address) throw ConfigurationError("REDIS_URL: " + address.error().message);
  const std::string name = shown(*address);
  RedisCacheOptions redis;
  redis.ttl = options.ttl;
  redis.link.address = *std::move(address);
  redis.link.connections = options.users;
  redis.link.report = [name, warn = options.warn, tell = options.tell](RedisState state,
                                                                       const std::string& words) {
    if (state == RedisState::kAway && warn)
      warn("the cache " + name + " cannot be used (" + words + "): going on without it");
    if (state == RedisState::kFull && warn)
      warn("the cache " + name + " is full and takes no new values (" + words +
           "): give it more maxmemory, or the policy allkeys-lru");
    if (state == RedisState::kRoom && tell) tell("the cache " + name + " takes new values again");
    if (state == RedisState::kBack && tell) tell("the cache " + name + " is back after " + words);
  };
  return std::make_unique<RedisCache>(std::move(redis));
}

}  // namespace health_agent::cache
