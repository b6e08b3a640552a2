#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace health_agent::cache {

/// What a cache says about itself.
struct CacheStats {
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::size_t size = 0;      ///< entries
  std::string_view backend;  ///< `memory` or `redis`; static storage
};

/// What lookup() found, and the permission to fill what it did not find.
struct Lookup {
  std::optional<std::string> value;
  std::uint64_t version = 0;  ///< for fill(); means nothing elsewhere
};

/// Values by key, for a while. Not a store: any entry may be gone at any time, and a cache that
/// fails behaves like an empty one.
///
/// To keep answers of a slower source, use lookup(), ask the source on a miss, then fill(); and
/// erase() after every change of the source. Then no reader that raced a writer leaves a value from
/// before the change behind. set() gives no such promise.
///
/// Threads: any. Never throws but std::bad_alloc, and erase() not even that. Each call is one vitals
/// CacheScope.
class Cache {
 public:
  virtual ~Cache() = default;

  [[nodiscard]] virtual std::optional<std::string> get(std::string_view key) = 0;
  virtual void set(std::string_view key, std::string_view value) = 0;
  /// Without memory to ask for it, what is there for `key` is still not given any more.
  virtual void erase(std::string_view key) noexcept = 0;

  /// get(), and where nothing is found the permission to fill() it.
  [[nodiscard]] virtual Lookup lookup(std::string_view key) = 0;

  /// set(), unless `key` was set or erased since the lookup() that gave `version`. Returns whether
  /// the value was kept; a refusal may also be for no reason.
  virtual bool fill(std::string_view key, std::string_view value, std::uint64_t version) = 0;

  [[nodiscard]] virtual CacheStats stats() const = 0;

  /// Whether the cache can be reached; the service goes on without it.
  [[nodiscard]] virtual bool healthy() const noexcept = 0;

  /// Whether it takes no new values for want of memory, and gives only what it has.
  [[nodiscard]] virtual bool full() const noexcept { return false; }

 protected:
  Cache() = default;
  Cache(const Cache&) = default;
  Cache& operator=(const Cache&) = default;
};

}  // namespace health_agent::cache
