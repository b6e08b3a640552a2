#pragma once

#include <cstdint>
#include <optional>

#include "vitals/sentry/ids.h"

namespace vitals::sentry::detail {

/// Which throws have become an event, so that an exception that is captured at several places on
/// its way up is one. `stamp` is of throw_stamp(). Remembers the latest 1,024.
/// Threads: any. Cost: some loads or stores, no lock.
[[nodiscard]] std::optional<EventId> event_of(std::uint64_t stamp) noexcept;
void remember_event(std::uint64_t stamp, const EventId& id) noexcept;

/// Whether this thread is within a call of the client's already. True means that a signal handler
/// interrupted it, which must not wait for what that call holds.
class Inside {
 public:
  Inside() noexcept : again_(within_) { within_ = true; }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;
  ~Inside() { within_ = again_; }
  [[nodiscard]] bool again() const noexcept { return again_; }

 private:
  static inline constinit thread_local bool within_ = false;
  const bool again_;
};

}  // namespace vitals::sentry::detail
