#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>

#include "health_agent/cache/cache.h"

namespace health_agent::cache {

struct MemoryCacheOptions {
  std::size_t max_entries = 100'000;
  std::size_t max_bytes = std::size_t{64} << 20;  ///< keys, values and what it takes to hold them
  std::chrono::seconds ttl{300};                  ///< CACHE_TTL_SECONDS, since the value was set
  std::function<std::chrono::steady_clock::time_point()>
      now{};  ///< for tests; empty is the real one
};

/// The cache inside this process: the least recently used entry leaves first. Not for several
/// replicas, which would not see each other's changes.
///
/// Threads: any; one mutex, held for a look-up and a copy of the value. Cost: about 0.1 us.
class MemoryCache final : public Cache {
 public:
  explicit MemoryCache(MemoryCacheOptions options = {});
  ~MemoryCache() override;

  [[nodiscard]] std::optional<std::string> get(std::string_view key) override;
  void set(std::string_view key, std::string_view value) override;
  void erase(std::string_view key) noexcept override;
  [[nodiscard]] Lookup lookup(std::string_view key) override;
  bool fill(std::string_view key, std::string_view value, std::uint64_t version) override;
  [[nodiscard]] CacheStats stats() const override;
  [[nodiscard]] bool healthy() const noexcept override { return true; }

  /// What the entries take, by the same count that `max_bytes` bounds.
  [[nodiscard]] std::size_t bytes() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace health_agent::cache
