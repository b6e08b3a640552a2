#include "sentry/captured.h"

#include <sched.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstring>

namespace vitals::sentry::detail {
namespace {

struct Slot {
  std::atomic<std::uint64_t> stamp{0};
  std::array<std::atomic<std::uint64_t>, 2> id{};
  std::atomic<bool> claiming{false};
};
constexpr std::size_t kSlots = 1024;
constinit std::array<Slot, kSlots> slots{};

using Words = std::array<std::uint64_t, 2>;
static_assert(sizeof(Words) == sizeof(EventId));

std::optional<EventId> event_of(std::uint64_t stamp) noexcept {
  const Slot& slot = slots[stamp % kSlots];
  // Acquire on all: a thread that sees a newer word sees below that the stamp has changed.
  if (stamp == 0 || slot.stamp.load(std::memory_order_acquire) != stamp) return std::nullopt;
  Words words{};
  for (std::size_t i = 0; i < words.size(); ++i)
    words[i] = slot.id[i].load(std::memory_order_acquire);
  if (slot.stamp.load(std::memory_order_relaxed) != stamp) return std::nullopt;
  EventId id;
  std::memcpy(id.bytes.data(), words.data(), sizeof words);
  return id;
}

void remember(Slot& slot, std::uint64_t stamp, const EventId& id) noexcept {
  Words words{};
  std::memcpy(words.data(), id.bytes.data(), sizeof words);
  slot.stamp.store(0, std::memory_order_relaxed);
  for (std::size_t i = 0; i < words.size(); ++i)
    slot.id[i].store(words[i], std::memory_order_release);
  slot.stamp.store(stamp, std::memory_order_release);  // pairs with event_of()
}

}  // namespace

std::optional<EventId> claim_event(std::uint64_t stamp, const EventId& id) noexcept {
  if (stamp == 0) return std::nullopt;
  Slot& slot = slots[stamp % kSlots];
  // Its holder may have lost its processor: then two events are better than a wait.
  constexpr int kMostTries = 1000;
  for (int tries = 0; tries < kMostTries; ++tries) {
    if (std::optional<EventId> first = event_of(stamp)) return first;
    if (slot.claiming.exchange(true, std::memory_order_acquire)) {
      sched_yield();
      continue;
    }
    std::optional<EventId> first = event_of(stamp);
    if (!first) remember(slot, stamp, id);
    slot.claiming.store(false, std::memory_order_release);  // pairs with the exchange
    return first;
  }
  return std::nullopt;
}

void forget_event(std::uint64_t stamp) noexcept {
  if (stamp == 0) return;
  slots[stamp % kSlots].stamp.compare_exchange_strong(stamp, 0, std::memory_order_relaxed);
}

}  // namespace vitals::sentry::detail
