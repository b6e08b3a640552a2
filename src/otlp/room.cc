#include "otlp/room.h"

namespace vitals::otlp::detail {

bool Room::take(std::size_t items, std::size_t bytes) noexcept {
  const std::size_t items_before = items_.fetch_add(items, std::memory_order_relaxed);
  const std::size_t bytes_before = bytes_.fetch_add(bytes, std::memory_order_relaxed);
  if (items_before == 0 ||
      (items_before + items <= most_items_ && bytes_before + bytes <= most_bytes_)) {
    return true;
  }
  give_back(items, bytes);
  return false;
}

void Room::give_back(std::size_t items, std::size_t bytes) noexcept {
  items_.fetch_sub(items, std::memory_order_relaxed);
  bytes_.fetch_sub(bytes, std::memory_order_relaxed);
}

}  // namespace vitals::otlp::detail
