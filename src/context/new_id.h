#pragma once

#include "base/random.h"
#include "vitals/context/ids.h"

namespace vitals::context::detail {

/// An identifier that nobody else has. Threads: any. Cost: a few instructions.
template <class IdType>
[[nodiscard]] inline IdType new_id() noexcept {
  IdType id;
  base::Random::fill(id.bytes);
  if (!id) id.bytes.back() = 1;  // all zero means "none"
  return id;
}

/// The same as a UUID of version 4 and of RFC 4122's variant, which an event's has to be.
[[nodiscard]] inline EventId new_event_id() noexcept {
  EventId id = new_id<EventId>();
  id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0f) | 0x40);
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3f) | 0x80);
  return id;
}

}  // namespace vitals::context::detail
