#pragma once

#include <thread>
#include <utility>

#include "base/held_signals.h"

namespace vitals::base {

/// Starts a thread that leaves the service's signals to the service's own threads, except those of
/// a fault of its own. Throws std::system_error when there is no thread to be had.
template <class Work>
[[nodiscard]] std::thread start_background_thread(Work work) {
  const HeldSignals held;  // a thread is born with its maker's mask
  return std::thread{std::move(work)};
}

}  // namespace vitals::base
