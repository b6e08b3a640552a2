#pragma once

#include <cstdint>
#include <optional>

#include "vitals/sentry/event.h"

namespace vitals::sentry::detail {

/// Which throws have become an event, so that an exception that is captured at several places on
/// its way up, or by several threads at once, is one. `stamp` is of throw_stamp(); 0 is never
/// remembered. Remembers the latest 1,024. Gives the event that the throw has become already; else
/// nothing, and from now on it is `id`.
/// Threads: any. Cost: some loads and stores; waits for another thread's few stores, not for long.
[[nodiscard]] std::optional<EventId> claim_event(std::uint64_t stamp, const EventId& id) noexcept;
/// The throw has become no event after all.
void forget_event(std::uint64_t stamp) noexcept;

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
