#pragma once

#include "context/trace.h"

namespace vitals::context::detail {

/// Tells the listeners of a transaction that was kept and has just ended, with the data of the scope
/// that is active here, else of the one that was active at its start.
void tell_finished(const Ref<Trace>& trace) noexcept;

}  // namespace vitals::context::detail
