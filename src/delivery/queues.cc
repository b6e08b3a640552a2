#include "delivery/queues.h"

#include <algorithm>
#include <utility>

namespace vitals::delivery::detail {
namespace {

bool reserve(std::atomic<std::size_t>& bytes, std::size_t cost, std::size_t limit) noexcept {
  if (bytes.fetch_add(cost, std::memory_order_relaxed) + cost <= limit) return true;
  bytes.fetch_sub(cost, std::memory_order_relaxed);
  return false;
}

}  // namespace

Queues::Queues(const std::vector<LaneLimits>& limits) : limits_(limits) {
  for (std::size_t lane = 0; lane < limits_.size(); ++lane)
    lanes_[lane] = std::make_unique<BoundedQueue<Cargo>>(limits_[lane].capacity);
}

bool Queues::drop_for(std::size_t lane) noexcept {
  for (std::size_t other = lane + 1; other < limits_.size(); ++other) {
    if (!limits_[other].gives_way || limits_[other].purse != limits_[lane].purse) continue;
    const auto oldest = lanes_[other]->pop();
    if (!oldest) continue;
    bytes_[limits_[other].purse].fetch_sub(oldest->cost(), std::memory_order_relaxed);
    oldest->count_dropped(DropReason::kQueueFull);
    return true;
  }
  return false;
}

bool Queues::make_room(std::size_t lane, std::size_t cost) noexcept {
  const LaneLimits& limits = limits_[lane];
  if (cost > limits.bytes) return false;
  while (!reserve(bytes_[limits.purse], cost, limits.bytes)) {
    if (!drop_for(lane)) return false;
  }
  return true;
}

bool Queues::push(std::size_t lane, std::unique_ptr<Cargo> cargo) noexcept {
  const std::size_t cost = cargo->cost();
  BoundedQueue<Cargo>& queue = *lanes_[lane];
  // A full queue is seen first: nothing is to give way for nothing.
  if (queue.size() < queue.capacity() && make_room(lane, cost)) {
    if (queue.push(cargo)) return true;
    bytes_[limits_[lane].purse].fetch_sub(cost, std::memory_order_relaxed);
  }
  cargo->count_dropped(DropReason::kQueueFull);
  return false;
}

std::optional<Queues::Taken> Queues::take(Order order, const Lanes& open) noexcept {
  // A stream in the first lane that never ends must not keep the rest from ever being sent.
  constexpr std::uint32_t kCycle = 8;
  std::size_t first = 0;
  if (order == Order::kFair) {
    const std::uint32_t turn = turns_.fetch_add(1, std::memory_order_relaxed) % kCycle;
    for (std::size_t lane = 1; lane < limits_.size(); ++lane) {
      if (turn == kCycle * lane / (limits_.size() - 1) - 1) first = lane;
    }
  }
  const auto take_from = [this](std::size_t lane) {
    std::optional<Taken> taken{std::in_place};
    taken->cargo = lanes_[lane]->pop(taken->place);
    if (!taken->cargo) return std::optional<Taken>{};
    taken->lane = lane;
    taken->cost = taken->cargo->cost();
    return taken;
  };
  if (open[first]) {
    if (std::optional<Taken> taken = take_from(first)) return taken;
  }
  for (std::size_t lane = 0; lane < limits_.size(); ++lane) {
    if (lane == first || !open[lane]) continue;
    if (std::optional<Taken> taken = take_from(lane)) return taken;
  }
  return std::nullopt;
}

void Queues::release(const Taken& taken) noexcept {
  bytes_[limits_[taken.lane].purse].fetch_sub(taken.cost, std::memory_order_relaxed);
}

std::size_t Queues::depth() const noexcept {
  std::size_t sum = 0;
  for (std::size_t lane = 0; lane < limits_.size(); ++lane)
    sum += lanes_[lane]->size();
  return sum;
}

bool Queues::has_room(std::size_t lane) const noexcept {
  const LaneLimits& limits = limits_[lane];
  return lanes_[lane]->size() < lanes_[lane]->capacity() / 2 &&
         bytes_[limits.purse].load(std::memory_order_relaxed) < limits.bytes / 2;
}

bool Queues::nearly_full() const noexcept {
  const auto over = [](std::size_t held, std::size_t room) { return held * 5 > room * 4; };
  std::size_t room = 0;
  for (std::size_t lane = 0; lane < limits_.size(); ++lane) {
    if (limits_[lane].purse != 0) continue;
    room = std::max(room, limits_[lane].bytes);
    if (over(lanes_[lane]->size(), lanes_[lane]->capacity())) return true;
  }
  return over(bytes_[0].load(std::memory_order_relaxed), room);
}

Queues::Marks Queues::pushed() const noexcept {
  Marks marks{};
  for (std::size_t lane = 0; lane < limits_.size(); ++lane)
    marks[lane] = lanes_[lane]->pushed();
  return marks;
}

Queues::Marks Queues::popped() const noexcept {
  Marks marks{};
  for (std::size_t lane = 0; lane < limits_.size(); ++lane)
    marks[lane] = lanes_[lane]->popped();
  return marks;
}

}  // namespace vitals::delivery::detail
