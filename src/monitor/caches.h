#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "monitor/sliding_rate.h"

namespace vitals::monitor::detail {

/// The hit rates of the caches of this process, by name. A look-up takes no lock: there are few, and
/// none ever goes. Threads: any.
class Caches {
 public:
  static constexpr std::size_t kMost = 64;

  struct Cache {
    std::string name;
    SlidingRate hits;
    std::atomic<const Cache*> next{nullptr};
  };

  /// Null when there is no memory, or there are too many.
  [[nodiscard]] SlidingRate* find_or_make(std::string_view name) noexcept;
  /// The first of them; each leads to the next.
  [[nodiscard]] const Cache* first() const noexcept {
    return first_.load(std::memory_order_acquire);  // pairs with the release in find_or_make()
  }

 private:
  [[nodiscard]] Cache* find(std::string_view name) const noexcept;

  std::atomic<const Cache*> first_{nullptr};
  std::mutex mutex_;
  std::vector<std::unique_ptr<Cache>> all_;
};

}  // namespace vitals::monitor::detail
