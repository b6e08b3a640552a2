#pragma once

#include <atomic>
#include <utility>

#include "vitals/context/detail.h"
#include "vitals/monitor/options.h"

#pragma GCC visibility push(default)

namespace vitals::metrics {
class Registry;
}

namespace vitals::monitor {

namespace detail {
struct Families;  // every metric family of the scopes; src/monitor/families.h
extern std::atomic<Families*> g_families;
}  // namespace detail

/// Keeps the scopes' metrics on, see enable_metrics(). Keep it in `main` until everything that is
/// measured is done. Threads: any, one at a time.
class [[nodiscard("dropping the guard turns the metrics off at once")]] MetricsGuard {
 public:
  MetricsGuard() noexcept = default;
  /// The other ends nothing any more.
  MetricsGuard(MetricsGuard && other) noexcept
      : families_(std::exchange(other.families_, nullptr)) {}
  /// Ends its own, and takes the other's over.
  MetricsGuard& operator=(MetricsGuard&& other) noexcept {
    if (this != &other) {
      end();
      families_ = std::exchange(other.families_, nullptr);
    }
    return *this;
  }
  ~MetricsGuard() {
    end();
  }

  /// Turns the metrics off: what has been counted stays in the registry and stands still. A scope
  /// that is under way on another thread may still be counted. Exemplars of other families still have
  /// the active trace, see metrics::set_trace_source().
  void end() noexcept;

 private:
  friend MetricsGuard enable_metrics(metrics::Registry & registry, const MetricsOptions& options);
  explicit MetricsGuard(detail::Families * families) noexcept : families_(families) {}

  detail::Families* families_ = nullptr;
};

/// Creates the families of the scopes in `registry` and turns the scopes' metrics on until the
/// guard is dropped, so that a test can have a registry of its own. A request that is under way
/// when that changes is not counted. What nobody uses is not exported: a family has no series
/// before something is counted in it, and pools and caches are there from the first time that one
/// is named. Errors: throws metrics::DefinitionError when the registry already has one of the
/// names, or at a choice that cannot be, and defines nothing then; std::logic_error while another
/// guard is alive: a library asks metrics_enabled() first. What an earlier guard has left in the
/// registry goes, and counts from 0. Ownership: `registry` must outlive the guard, and what threads
/// count at that moment; metrics::default_registry() does. Memory: what a call has made, some
/// kilobytes, is kept until the process ends. Threads: any.
[[nodiscard("dropping the guard turns the metrics off at once")]] MetricsGuard enable_metrics(
    metrics::Registry& registry, const MetricsOptions& options = {});

#ifdef VITALS_NO_MONITOR
constexpr bool metrics_enabled() noexcept {
  return false;
}
constexpr bool active() noexcept {
  return false;
}
#else
/// True while a MetricsGuard is alive. Threads: any. Cost: one load.
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

#pragma GCC visibility pop
