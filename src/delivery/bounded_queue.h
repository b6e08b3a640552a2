#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace vitals::delivery::detail {

/// A bounded queue of owned objects, without locks: a push either takes a free place or says that
/// there is none. Threads: any may push and pop. After Dmitry Vyukov's bounded MPMC queue.
/// The capacity is rounded up to a power of two, at least 2.
template <class T, class Delete = std::default_delete<T>>
class BoundedQueue {
 public:
  using Pointer = std::unique_ptr<T, Delete>;

  explicit BoundedQueue(std::size_t capacity)
      : mask_(std::bit_ceil(capacity < 2 ? std::size_t{2} : capacity) - 1),
        cells_(std::make_unique<Cell[]>(mask_ + 1)) {
    for (std::size_t i = 0; i <= mask_; ++i) {
      cells_[i].sequence.store(i, std::memory_order_relaxed);
    }
  }
  BoundedQueue(const BoundedQueue&) = delete;
  BoundedQueue& operator=(const BoundedQueue&) = delete;
  ~BoundedQueue() {
    while (pop()) {
    }
  }

  /// Takes the object and true, or leaves it with the caller and false when full.
  [[nodiscard]] bool push(Pointer& object) noexcept {
    std::size_t position = tail_.load(std::memory_order_relaxed);
    for (;;) {
      Cell& cell = cells_[position & mask_];
      // Pairs with the release in pop(): the place is free once its last reader is done.
      const std::size_t sequence = cell.sequence.load(std::memory_order_acquire);
      const auto ahead = static_cast<std::intptr_t>(sequence - position);
      if (ahead == 0) {
        if (tail_.compare_exchange_weak(position, position + 1, std::memory_order_relaxed)) {
          cell.object = object.release();
          cell.sequence.store(position + 1, std::memory_order_release);  // pairs with pop()
          return true;
        }
      } else if (ahead < 0) {
        return false;
      } else {
        position = tail_.load(std::memory_order_relaxed);
      }
    }
  }

  /// The oldest object, or null when there is none.
  [[nodiscard]] Pointer pop() noexcept {
    std::size_t place = 0;
    return pop(place);
  }
  /// The same; `place` is how many were pushed before it.
  [[nodiscard]] Pointer pop(std::size_t& place) noexcept {
    std::size_t position = head_.load(std::memory_order_relaxed);
    for (;;) {
      Cell& cell = cells_[position & mask_];
      const std::size_t sequence = cell.sequence.load(std::memory_order_acquire);  // with push()
      const auto ahead = static_cast<std::intptr_t>(sequence - (position + 1));
      if (ahead == 0) {
        if (head_.compare_exchange_weak(position, position + 1, std::memory_order_relaxed)) {
          Pointer object{cell.object};
          cell.sequence.store(position + mask_ + 1, std::memory_order_release);  // with push()
          place = position;
          return object;
        }
      } else if (ahead < 0) {
        return nullptr;
      } else {
        position = head_.load(std::memory_order_relaxed);
      }
    }
  }

  /// How many were pushed since the beginning; one under way may be counted already.
  [[nodiscard]] std::size_t pushed() const noexcept {
    return tail_.load(std::memory_order_acquire);
  }
  /// How many were popped since the beginning.
  [[nodiscard]] std::size_t popped() const noexcept {
    return head_.load(std::memory_order_acquire);
  }
  [[nodiscard]] std::size_t capacity() const noexcept { return mask_ + 1; }
  [[nodiscard]] std::size_t size() const noexcept {
    const std::size_t head = head_.load(std::memory_order_relaxed);
    const std::size_t tail = tail_.load(std::memory_order_relaxed);
    return tail > head ? tail - head : 0;
  }

 private:
  struct Cell {
    std::atomic<std::size_t> sequence{0};
    T* object = nullptr;
  };
  const std::size_t mask_;
  const std::unique_ptr<Cell[]> cells_;
  alignas(64) std::atomic<std::size_t> tail_{0};
  alignas(64) std::atomic<std::size_t> head_{0};
};

}  // namespace vitals::delivery::detail
