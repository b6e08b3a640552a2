#pragma once

#include <atomic>
#include <cstddef>

namespace vitals::otlp::detail {

/// What waits of one signal, in items and bytes: a batch that is being sent still counts.
/// Threads: any.
class Room {
 public:
  Room(std::size_t items, std::size_t bytes) noexcept : most_items_(items), most_bytes_(bytes) {}

  /// False when it does not fit. Where there is nothing, anything fits.
  [[nodiscard]] bool take(std::size_t items, std::size_t bytes) noexcept;
  void give_back(std::size_t items, std::size_t bytes) noexcept;

 private:
  const std::size_t most_items_;
  const std::size_t most_bytes_;
  std::atomic<std::size_t> items_{0};
  std::atomic<std::size_t> bytes_{0};
};

}  // namespace vitals::otlp::detail
