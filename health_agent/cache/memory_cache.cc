#include "health_agent/cache/memory_cache.h"

#include <algorithm>
#include <array>
#include <list>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "vitals/monitor/cache.h"

namespace health_agent::cache {

using vitals::monitor::CacheOperation;
using vitals::monitor::CacheScope;
using TimePoint = std::chrono::steady_clock::time_point;

class MemoryCache::Impl {
 public:
  explicit Impl(MemoryCacheOptions options) : options_(std::move(options)) {}

  Lookup lookup(std::string_view key) {
    const TimePoint now = time();
    const std::lock_guard lock{mutex_};
    const auto found = index_.find(key);
    if (found != index_.end() && now < found->second->expires) {
      entries_.splice(entries_.begin(), entries_, found->second);
      ++hits_;
      return {found->second->value, version(key)};
    }
    if (found != index_.end()) remove(found->second);
    ++misses_;
    return {std::nullopt, version(key)};
  }

  void set(std::string_view key, std::string_view value) {
    const TimePoint now = time();
    const std::lock_guard lock{mutex_};
    ++version(key);
    store(key, value, now);
  }

  bool fill(std::string_view key, std::string_view value, std::uint64_t seen) {
    const TimePoint now = time();
    const std::lock_guard lock{mutex_};
    if (version(key) != seen) return false;
    return store(key, value, now);
  }

  void erase(std::string_view key) {
    const std::lock_guard lock{mutex_};
    ++version(key);
    if (const auto found = index_.find(key); found != index_.end()) remove(found->second);
  }

  CacheStats stats() const {
    const std::lock_guard lock{mutex_};
    return {hits_, misses_, entries_.size(), "memory"};
  }

  std::size_t bytes() const {
    const std::lock_guard lock{mutex_};
    return bytes_;
  }

 private:
  struct Entry {
    std::string key;
    std::string value;
    TimePoint expires;
  };
  using Entries = std::list<Entry>;

  // A list node, an index node and the allocator's own; a round number on the safe side.
  static constexpr std::size_t kOverhead = 160;
  // Keys share a version by their hash, so that versions need no memory of keys that are gone. Keys
  // that share one only cost each other a refused fill.
  static constexpr std::size_t kVersions = 4096;

  static std::size_t size_of(std::string_view key, std::string_view value) {
    return key.size() + value.size() + kOverhead;
  }

  TimePoint time() const {
    return options_.now ? options_.now() : std::chrono::steady_clock::now();
  }

  std::uint64_t& version(std::string_view key) {
    return versions_[std::hash<std::string_view>{}(key) % kVersions];
  }

  bool store(std::string_view key, std::string_view value, TimePoint now) {
    if (const auto found = index_.find(key); found != index_.end()) remove(found->second);
    const std::size_t size = size_of(key, value);
    if (size > options_.max_bytes || options_.max_entries == 0) return false;
    while (bytes_ + size > options_.max_bytes || entries_.size() >= options_.max_entries) {
      remove(std::prev(entries_.end()));
    }
    entries_.push_front({std::string(key), std::string(value), now + options_.ttl});
    try {
      index_.emplace(entries_.front().key, entries_.begin());
    } catch (...) {
      entries_.pop_front();
      throw;
    }
    bytes_ += size;
    return true;
  }

  void remove(Entries::iterator entry) {
    bytes_ -= size_of(entry->key, entry->value);
    index_.erase(entry->key);
    entries_.erase(entry);
  }

  const MemoryCacheOptions options_;
  mutable std::mutex mutex_;
  Entries entries_;                                                // the one used last is first
  std::unordered_map<std::string_view, Entries::iterator> index_;  // keys point into entries_
  std::array<std::uint64_t, kVersions> versions_{};
  std::size_t bytes_ = 0;
  std::uint64_t hits_ = 0;
  std::uint64_t misses_ = 0;
};

MemoryCache::MemoryCache(MemoryCacheOptions options)
    : impl_(std::make_unique<Impl>(std::move(options))) {}
MemoryCache::~MemoryCache() = default;

std::optional<std::string> MemoryCache::get(std::string_view key) {
  return lookup(key).value;
}

Lookup MemoryCache::lookup(std::string_view key) {
  CacheScope scope{CacheOperation::kGet, key};
  Lookup found = impl_->lookup(key);
  found.value ? scope.hit() : scope.miss();
  return found;
}

void MemoryCache::set(std::string_view key, std::string_view value) {
  CacheScope scope{CacheOperation::kSet, key};
  impl_->set(key, value);
  scope.ok();
}

bool MemoryCache::fill(std::string_view key, std::string_view value, std::uint64_t version) {
  CacheScope scope{CacheOperation::kSet, key};
  const bool kept = impl_->fill(key, value, version);
  scope.ok();  // a refusal is the cache doing its work
  return kept;
}

void MemoryCache::erase(std::string_view key) noexcept {
  CacheScope scope{CacheOperation::kDelete, key};
  impl_->erase(key);
  scope.ok();
}

CacheStats MemoryCache::stats() const {
  return impl_->stats();
}
std::size_t MemoryCache::bytes() const {
  return impl_->bytes();
}

}  // namespace health_agent::cache
