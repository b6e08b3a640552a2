#include "monitor/caches.h"

#include "vitals/metrics/detail/fork_gate.h"

namespace vitals::monitor::detail {

Caches::Cache* Caches::find(std::string_view name) const noexcept {
  for (const Cache* cache = first(); cache != nullptr;
       cache = cache->next.load(std::memory_order_acquire)) {
    if (cache->name == name) return const_cast<Cache*>(cache);
  }
  return nullptr;
}

SlidingRate* Caches::find_or_make(std::string_view name) noexcept {
  if (Cache* const there = find(name)) return &there->hits;
  try {
    const metrics::detail::RoomLock lock{mutex_};
    if (Cache* const there = find(name)) return &there->hits;
    if (all_.size() >= kMost) return nullptr;
    auto made = std::make_unique<Cache>();
    made->name = name;
    Cache* const cache = made.get();
    Cache* const last = all_.empty() ? nullptr : all_.back().get();
    all_.push_back(std::move(made));
    // Pair with the acquires in first() and find().
    (last != nullptr ? last->next : first_).store(cache, std::memory_order_release);
    return &cache->hits;
  } catch (...) {
    return nullptr;
  }
}

}  // namespace vitals::monitor::detail
