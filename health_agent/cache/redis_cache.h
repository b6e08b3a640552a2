#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "health_agent/cache/cache.h"
#include "health_agent/cache/redis_link.h"

namespace health_agent::cache {

struct RedisCacheOptions {
  RedisLinkOptions link;
  std::chrono::seconds ttl{300};  ///< CACHE_TTL_SECONDS, since the value was set
  /// How long no write may have been refused for want of memory until the server is not full; `ttl`
  /// where that is shorter, since room comes as values run out.
  std::chrono::milliseconds full_for{60'000};
  std::size_t max_pending = 10'000;              ///< keys remembered whose erase() failed
  std::size_t max_value = std::size_t{1} << 20;  ///< bytes; a larger value is not kept
};

/// The cache that several replicas share, in a Redis server. Keys begin with `health-agent:1:`.
///
/// A lookup() that finds nothing leaves a random mark beside the key; fill() keeps a value only
/// while that very mark is there, and erase() removes value and mark in one command. So no replica
/// leaves a value from before another one's erase() behind, however late its fill() comes.
///
/// When Redis does not answer, the service goes on without it: calls fail at once and count as
/// errors. An erase() that failed is made up for before this replica believes Redis again, and the
/// key is not read here until then; what other replicas may see meanwhile is told in
/// docs/design/storage.md.
///
/// Threads: any. Cost: one round trip for each call; bounded by RedisLinkOptions' time-outs.
class RedisCache final : public Cache {
 public:
  explicit RedisCache(RedisCacheOptions options);
  ~RedisCache() override;

  [[nodiscard]] std::optional<std::string> get(std::string_view key) override;
  void set(std::string_view key, std::string_view value) override;
  void erase(std::string_view key) noexcept override;
  [[nodiscard]] Lookup lookup(std::string_view key) override;
  bool fill(std::string_view key, std::string_view value, std::uint64_t version) override;
  /// `size` is what Redis has in this database, of whomever it is; 0 while it is away.
  [[nodiscard]] CacheStats stats() const override;
  [[nodiscard]] bool healthy() const noexcept override;
  [[nodiscard]] bool full() const noexcept override;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace health_agent::cache
