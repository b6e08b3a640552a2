#pragma once

#include "vitals/context/span.h"

namespace vitals::context::detail {

class ScopeState;
class Trace;

/// What is current on this thread. Trivially destructible: it can be read until the thread is gone.
extern constinit thread_local ThreadContext here;

/// Whose that is, for an activation to know it again: the line of work that runs here, else the
/// thread.
[[nodiscard]] inline const void* owner_here() noexcept {
  return here.owner != nullptr ? here.owner : static_cast<const void*>(&here);
}

/// An activation ended where another line of work runs than the one that it began in, on another
/// thread as a rule, or not as the last one that began there. Says so once.
void say_misplaced() noexcept;

}  // namespace vitals::context::detail
