#pragma once

#include <atomic>

#include "vitals/context/detail.h"

namespace vitals::metrics {
class Registry;
}

namespace vitals::monitor {

namespace detail {
struct Families;  // every metric family of the scopes; src/monitor/families.h
extern std::atomic<Families*> g_families;
}  // namespace detail

/// Creates the families of the scopes (specification section 2) in `registry` and turns the scopes'
/// metrics on, for the rest of the process. Call once, at start-up, before the first scope. Errors:
/// throws metrics::DefinitionError when the registry already has one of the names, std::logic_error
/// when called twice. Ownership: `registry` must outlive the process' last scope;
/// metrics::default_registry() does.
void enable_metrics(metrics::Registry& registry);

#ifdef VITALS_NO_MONITOR
constexpr bool metrics_enabled() noexcept {
  return false;
}
constexpr bool active() noexcept {
  return false;
}
#else
/// True once enable_metrics() was called. Threads: any. Cost: one load.
[[nodiscard]] inline bool metrics_enabled() noexcept {
  return detail::g_families.load(std::memory_order_acquire) !=
         nullptr;  // pairs with the release in enable_metrics()
}

/// True when a scope has anything to do: metrics, Sentry, or both. Threads: any. Cost: two loads.
[[nodiscard]] inline bool active() noexcept {
  return metrics_enabled() || context::enabled();
}
#endif

}  // namespace vitals::monitor
