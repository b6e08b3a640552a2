#include "sentry/captured.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstring>

namespace vitals::sentry::detail {
namespace {

struct Slot {
  std::atomic<std::uint64_t> stamp{0};
  std::array<std::atomic<std::uint64_t>, 2> id{};
};
constexpr std::size_t kSlots = 1024;
constinit std::array<Slot, kSlots> slots{};

using Words = std::array<std::uint64_t, 2>;
static_assert(sizeof(Words) == sizeof(EventId));

}  // namespace

std::optional<EventId> event_of(std::uint64_t stamp) noexcept {
  const Slot& slot = slots[stamp % kSlots];
  // Acquire on all: who sees a newer word sees below that the stamp has changed.
  if (stamp == 0 || slot.stamp.load(std::memory_order_acquire) != stamp) return std::nullopt;
  Words words{};
  for (std::size_t i = 0; i < words.size(); ++i)
    words[i] = slot.id[i].load(std::memory_order_acquire);
  if (slot.stamp.load(std::memory_order_relaxed) != stamp) return std::nullopt;
  EventId id;
  std::memcpy(id.bytes.data(), words.data(), sizeof words);
  return id;
}

void remember_event(std::uint64_t stamp, const EventId& id) noexcept {
  if (stamp == 0) return;
  Words words{};
  std::memcpy(words.data(), id.bytes.data(), sizeof words);
  Slot& slot = slots[stamp % kSlots];
  slot.stamp.store(0, std::memory_order_relaxed);
  for (std::size_t i = 0; i < words.size(); ++i)
    slot.id[i].store(words[i], std::memory_order_release);
  slot.stamp.store(stamp, std::memory_order_release);  // pairs with event_of()
}

}  // namespace vitals::sentry::detail
